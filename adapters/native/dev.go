package native

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"time"

	"gatehouse/core/config"
)

const (
	devAddr     = "localhost:3000"
	devShutdown = time.Second
)

// DevOptions configures [Dev]; the zero value is legal.
type DevOptions struct {
	// Addr is the host and port that people open: a name or address of the
	// loopback interface. Port 0 takes a free one. Default: localhost:3000.
	Addr string
	// Stdout receives what to open and who can log in; nil discards it.
	Stdout io.Writer
	// Log receives the gateway's records; nil discards them.
	Log *slog.Logger
	// Settings are values of LOGOUT_EVERYWHERE and BACKCHANNEL_LOGOUT, by name; either
	// is true when it is not there.
	Settings map[string]string
	// Ready is called once everything answers.
	Ready func(DevURLs)
}

// DevURLs says where a development gateway is.
type DevURLs struct {
	App      string // the gateway, and behind it the demo application
	Provider string
	Demo     string // without the gateway
}

func runDev(c *call, args []string) error {
	o := DevOptions{Stdout: c.stdout}
	if help, err := c.options(flags{"addr": &o.Addr}, args); help || err != nil {
		return err
	}
	least := slog.LevelWarn
	for _, pair := range c.environ {
		if name, value, _ := strings.Cut(pair, "="); name == "LOG_LEVEL" && value != "" {
			if err := config.Level(&least)(value); err != nil {
				return config.Errors{{Name: "LOG_LEVEL", Problem: err.Error()}}
			}
		}
	}
	o.Settings = chosenForDev(c.environ)
	o.Log = newReadableLogger(c.say.w, least)
	takeStandardLog(o.Log)
	s, release := onSignals()
	defer release()
	return dev(s, o)
}

// newReadableLogger writes name=value lines without times.
func newReadableLogger(w io.Writer, least slog.Level) *slog.Logger {
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: least, ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
		if len(groups) == 0 && a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}))
}

// Dev runs a gateway that is a broker as well, a provider with two users and a demo
// application on the loopback interface until ctx ends. Sessions are kept in memory and every key is made
// at the start. It MUST NOT be reachable from other machines: anyone can log in.
func Dev(ctx context.Context, o DevOptions) error {
	return dev(stop{graceful: ctx, force: context.Background()}, o)
}

func dev(s stop, o DevOptions) error {
	if o.Addr == "" {
		o.Addr = devAddr
	}
	if o.Stdout == nil {
		o.Stdout = io.Discard
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	host, port, err := devHost(o.Addr)
	if err != nil {
		return err
	}
	listeners, port, err := listenLoopback(port)
	if err != nil {
		return err
	}
	var urls DevURLs
	urls.App = "http://" + net.JoinHostPort(host, port)
	if port == "80" {
		urls.App = "http://" + host
		if strings.Contains(host, ":") {
			urls.App = "http://[" + host + "]"
		}
	}
	p, stopParts, err := newDev(&urls, host, o)
	if err != nil {
		for _, l := range listeners {
			l.Close()
		}
		return err
	}
	defer stopParts()
	fmt.Fprintf(o.Stdout, devBanner, urls.App, urls.Provider, devBrokered)
	if o.Ready != nil {
		o.Ready(urls)
	}
	return p.run(s, listeners, nil, devShutdown, o.Log)
}

const devBanner = `Open    %[1]s
Log in  alice / password (admin), or bob / password

A gateway, a provider (%[2]s) and a demo application run on this
machine. For development only: passwords are public and nothing is kept.
It is a broker as well: gatehouse login --broker %[1]s --provider %[3]s
Ctrl-C stops.
`

// newDev starts provider and application, fills in urls, and assembles a gateway.
func newDev(urls *DevURLs, host string, o DevOptions) (p *parts, end func(), err error) {
	// A host name other than the gateway's, so that the two share no cookies and the
	// callback is cross-site as it is in production.
	providerHost := "127.0.0.1"
	if host == providerHost {
		providerHost = "localhost"
	}
	providerListener, err := listen("tcp", "127.0.0.1:0", "--addr")
	if err != nil {
		return nil, nil, err
	}
	demoListener, err := listen("tcp", "127.0.0.1:0", "--addr")
	if err != nil {
		providerListener.Close()
		return nil, nil, err
	}
	_, providerPort, _ := net.SplitHostPort(providerListener.Addr().String())
	urls.Provider = "http://" + net.JoinHostPort(providerHost, providerPort)
	urls.Demo = "http://" + demoListener.Addr().String()

	p, provider, application, err := assembleDev(urls, o)
	if err != nil {
		providerListener.Close()
		demoListener.Close()
		return nil, nil, err
	}
	endProvider := serveUntil(newServer(provider, o.Log), providerListener)
	endDemo := serveUntil(newServer(application, o.Log), demoListener)
	return p, func() { endProvider(); endDemo() }, nil
}

// serveUntil serves until the returned function is called.
func serveUntil(server *http.Server, l net.Listener) (end func()) {
	await := inBackground(func(context.Context) { _ = server.Serve(l) })
	return func() {
		server.Close()
		await()
	}
}

var loopback4 = netip.AddrFrom4([4]byte{127, 0, 0, 1})

// devHost splits addr and refuses hosts that are not this machine.
func devHost(addr string) (host, port string, err error) {
	const hint = "dev serves this machine only, for example --addr localhost:4000; for others use gatehouse serve"
	if err := address(new(string))(addr); err != nil {
		return "", "", usagef(hint, "--addr %s", err)
	}
	host, port, _ = net.SplitHostPort(addr)
	host = strings.ToLower(host)
	ip, err := netip.ParseAddr(host)
	switch {
	case host == "":
		return "localhost", port, nil
	case host == "localhost" || strings.HasSuffix(host, ".localhost") || err == nil && (ip == loopback4 || ip == netip.IPv6Loopback()):
		return host, port, nil
	}
	return "", "", usagef(hint, "--addr %s is not this machine's loopback interface", host)
}

// listenLoopback listens on 127.0.0.1 and, where there is IPv6, on ::1, because
// browsers try either for localhost.
func listenLoopback(port string) (listeners []net.Listener, chosen string, err error) {
	four, err := listen("tcp4", "127.0.0.1:"+port, "--addr localhost:PORT")
	if err != nil {
		return nil, "", err
	}
	_, chosen, _ = net.SplitHostPort(four.Addr().String())
	six, err := listen("tcp6", "[::1]:"+chosen, "--addr localhost:PORT")
	switch {
	case err == nil:
		return []net.Listener{four, six}, chosen, nil
	case errors.Is(err, syscall.EADDRNOTAVAIL), errors.Is(err, syscall.EAFNOSUPPORT), errors.Is(err, os.ErrPermission):
		return []net.Listener{four}, chosen, nil
	}
	four.Close()
	return nil, "", err
}
