package native

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

const usage = `Usage:
    gatehouse dev [--addr HOST:PORT]
    gatehouse serve [--config FILE]
    gatehouse check [--config FILE]
    gatehouse keygen [--assertion]
    gatehouse sessions list [--json] [--config FILE | --socket PATH]
    gatehouse sessions revoke [--config FILE | --socket PATH] ID...
    gatehouse tokens clear [--config FILE | --socket PATH]
    gatehouse version
    gatehouse help

Gatehouse puts OpenID Connect logins in front of an application.

    dev       Start a gateway, a provider with two users and a demo application on
              this machine, with nothing to configure. For development only.
    serve     Run the gateway. SIGINT or SIGTERM stops it once the requests in
              flight are answered; a second signal stops it at once.
    check     Validate the configuration, print every mistake, and say what serve
              would run. Nothing is started and no secret is printed.
    keygen    Print a key for COOKIE_SECRET, or with --assertion a private key
              (PEM, PKCS#8, P-256) for ASSERTION_KEY.
    sessions  List the sessions of a running gateway, or end some of them.
    tokens    Make a running gateway forget what the provider said about access
              tokens, so that it asks about each again.

Options:
    --addr HOST:PORT  Where dev is opened; HOST is this machine. Default: localhost:3000.
    --config FILE     Read settings from lines NAME=value. Environment variables win.
    --socket PATH     The running gateway's ADMIN_SOCKET.
    --json            Print sessions as JSON.

Settings are environment variables; NAME_FILE=PATH reads a secret from a file. They
are described in docs/configuration.md.

Exit codes: 0 success, 1 failure, 2 wrong usage, 3 invalid configuration.

Examples:
    $ gatehouse dev
    $ gatehouse keygen > cookie.key
    $ gatehouse check --config /etc/gatehouse/gatehouse.env
    $ COOKIE_SECRET_FILE=cookie.key gatehouse serve --config /etc/gatehouse/gatehouse.env
    $ gatehouse sessions list --socket /var/lib/gatehouse/gatehouse.db.sock
`

func runHelp(c *call, _ []string) error {
	_, err := fmt.Fprint(c.stdout, usage)
	return err
}

func runVersion(c *call, args []string) error {
	if help, err := c.options(flags{}, args); help || err != nil {
		return err
	}
	version := "(devel)"
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		version = info.Main.Version
	}
	_, err := fmt.Fprintf(c.stdout, "gatehouse %s %s %s/%s\n", version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}
