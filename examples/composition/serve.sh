#!/bin/sh
# The gateway and an application composed into one component, in "wasmtime serve":
#
#   sh examples/composition/serve.sh
#
# Run it at the top of the repository, with Gatehouse's settings in the environment
# (docs/configuration.md and docs/spin.md), but for PROXY_TARGET: the application is a
# part of the component. It builds what is not there, compiles it for this machine, and
# serves until it is interrupted. These are its own settings:
#
#   WASMTIME     the wasmtime command
#   BUILD        where components are kept; what is there is not built again
#   LISTEN       the address
#   APPLICATION  the application's component; without it an example is built
#
# Variables that begin with APPLICATION_ are the application's environment, without
# that.
set -eu
wasmtime=${WASMTIME:-wasmtime}
build=${BUILD:-.}
listen=${LISTEN:-127.0.0.1:8080}

if [ ! -e "$build/composed.cwasm" ]; then
	if [ -z "${APPLICATION:-}" ]; then
		APPLICATION=$build/composition-app.wasm
		go run ./adapters/spin/build -world wasi -program gatehouse/examples/composition/app -o "$APPLICATION"
	fi
	go run ./adapters/spin/build -world middleware -application "$APPLICATION" -o "$build/composed.wasm"
	"$wasmtime" compile -o "$build/composed.cwasm" "$build/composed.wasm"
fi

# --env NAME hands a setting on without its value in the list of processes. HOME and the
# like are none of the gateway's business.
set --
for name in $(env | sed -n 's/^\([A-Z][A-Z_]*\)=.*/\1/p'); do
	case $name in
	HOME | PATH | PWD | OLDPWD | USER | LOGNAME | SHELL | TERM | BUILD | LISTEN | APPLICATION | WASMTIME | PROXY_TARGET) ;;
	*) set -- "$@" --env "$name" ;;
	esac
done
exec "$wasmtime" serve -S cli --allow-precompiled --addr "$listen" "$@" "$build/composed.cwasm"
