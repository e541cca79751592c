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
    gatehouse sessions revoke [--config FILE | --socket PATH] ID... | --subject SUB
    gatehouse tokens clear [--config FILE | --socket PATH]
    gatehouse login --broker URL [--provider NAME] [--flow FLOW]
                    [--scope SCOPES] [--no-browser] [--app-key-file FILE]
                    [--keep keyring|file] [--json]
    gatehouse call METHOD PATH [-d NAME=VALUE]... [--body FILE] [SESSION] [--json]
    gatehouse whoami [SESSION] [--json]
    gatehouse logout [SESSION] [--local] [--json]
    gatehouse completion bash|zsh|fish
    gatehouse version
    gatehouse help

Gatehouse puts OpenID Connect logins in front of an application, and is a broker for
programs that hold no credentials: login and the commands after it are such a program.

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
    login     Log in at a provider through a broker, in the browser. The session is
              kept in the system's keyring, or where there is none in a file.
    call      Make a call at the provider, if the broker allows it, and print the
              answer. Parameters go into the query of GET and DELETE, else into a form.
    whoami    Ask the broker who is logged in.
    logout    End the session at the broker and at the provider, and forget it.
    completion
              Print a script that makes a shell complete these words.

Options:
    --addr HOST:PORT  Where dev is opened; HOST is this machine. Default: localhost:3000.
    --config FILE     Read settings from lines NAME=value. Environment variables win.
    --socket PATH     The running gateway's ADMIN_SOCKET.
    --json            Print JSON; errors too, where a broker is asked.
    --broker URL      The broker. login takes it from GATEHOUSE_BROKER, too.
    --provider NAME   The provider. login asks a broker that has only one.
    SESSION           --broker URL and --provider NAME; without them the last login's.
    --flow FLOW       loopback: the browser on this machine completes the login; poll:
                      one anywhere does; paste: a person copies a code; desktop: as poll,
                      for Last.fm without a callback. Default: loopback if a browser can
                      be opened here, else poll.
    --scope SCOPES    What to ask the provider for. Default: what the broker's operator chose.
    --no-browser      Show the address and open nothing.
    --app-key-file FILE
                      The key that the broker's operator gave to an app.
    --keep PLACE      keyring or file. Default: the keyring, or a file where there is none.
    -d NAME=VALUE     A parameter of the call; may be repeated.
    --body FILE       JSON to send; - is standard input.
    --local           Forget the session although it goes on at the broker.

Settings are environment variables; NAME_FILE=PATH reads a secret from a file. They
are described in docs/configuration.md.

Exit codes: 0 success, 1 failure, 2 wrong usage, 3 invalid configuration, 4 a login is
needed, 130 interrupted.

Examples:
    $ gatehouse dev
    $ gatehouse keygen > cookie.key
    $ gatehouse check --config /etc/gatehouse/gatehouse.env
    $ COOKIE_SECRET_FILE=cookie.key gatehouse serve --config /etc/gatehouse/gatehouse.env
    $ gatehouse sessions list --socket /var/lib/gatehouse/gatehouse.db.sock
    $ gatehouse login --broker https://broker.example.com --provider github
    $ gatehouse call GET /user
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
