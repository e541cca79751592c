#!/bin/sh
# The gateway's component in front of an application's, each in "wasmtime serve":
#
#   sh examples/wasmtime/serve.sh
#
# Run it at the top of the repository, with Gatehouse's settings in the environment
# (docs/configuration.md and docs/spin.md). It builds both components, compiles them for
# this machine, and serves until it is interrupted. These are its own settings:
#
#   WASMTIME     the wasmtime command
#   BUILD        where components are kept; what is there is not built again
#   LISTEN       the gateway's address
#   APPLICATION  the application's address, which nobody else should be able to reach
set -eu
wasmtime=${WASMTIME:-wasmtime}
build=${BUILD:-.}
listen=${LISTEN:-127.0.0.1:8080}
application=${APPLICATION:-127.0.0.1:8081}
export PROXY_TARGET="http://$application"

if [ ! -e "$build/gatehouse-wasi.cwasm" ]; then
	go run ./adapters/spin/build -world wasi -o "$build/gatehouse-wasi.wasm"
	"$wasmtime" compile -o "$build/gatehouse-wasi.cwasm" "$build/gatehouse-wasi.wasm"
fi
if [ ! -e "$build/app.cwasm" ]; then
	go run ./adapters/spin/build -world wasi -program gatehouse/adapters/spin/example/app -o "$build/app.wasm"
	"$wasmtime" compile -o "$build/app.cwasm" "$build/app.wasm"
fi

# Both servers run in the background: a shell that waits for a command in the foreground
# is deaf to signals until that ends.
servers=
stop() {
	trap - EXIT HUP INT TERM
	for server in $servers; do
		kill "$server" 2>/dev/null || true
	done
	wait
}
trap stop EXIT
trap 'exit 0' HUP INT TERM

"$wasmtime" serve -S cli --allow-precompiled --addr "$application" "$build/app.cwasm" &
servers=$!

# --env NAME hands a setting on without its value in the list of processes. HOME and the
# like are none of the gateway's business.
set --
for name in $(env | sed -n 's/^\([A-Z][A-Z_]*\)=.*/\1/p'); do
	case $name in
	HOME | PATH | PWD | OLDPWD | USER | LOGNAME | SHELL | TERM | BUILD | LISTEN | APPLICATION | WASMTIME) ;;
	*) set -- "$@" --env "$name" ;;
	esac
done
"$wasmtime" serve -S cli --allow-precompiled --addr "$listen" "$@" "$build/gatehouse-wasi.cwasm" &
servers="$servers $!"
wait $!
