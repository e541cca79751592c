package native

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"gatehouse/adapters/native/keyring"
	"gatehouse/adapters/native/login"
	"gatehouse/client"
	"gatehouse/core/secret"
)

// The commands of package login: options in, and what the process gives to them.

// environment returns the last value of a variable, or "".
func (c *call) environment(name string) (value string) {
	for _, pair := range c.environ {
		if n, v, _ := strings.Cut(pair, "="); n == name {
			value = v
		}
	}
	return value
}

// person prepares a command of package login. ctx ends at the first signal.
func (c *call) person(asJSON bool) (ctx context.Context, release func(), cmd *login.Command, err error) {
	c.say.json = asJSON
	folder, err := login.Folder()
	if err != nil {
		return nil, nil, nil, err
	}
	ctx, release = signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	return ctx, release, &login.Command{
		Stdin: c.stdin, Stdout: c.stdout, Stderr: c.say.w, Getenv: c.environment, JSON: asJSON, Store: keyring.Open(folder, nil),
	}, nil
}

func runLogin(c *call, args []string) error {
	var provider, flow, scope, keyFile, keep string
	var noBrowser, asJSON bool
	broker := ""
	help, err := c.options(flags{
		"broker": &broker, "provider": &provider, "flow": &flow, "scope": &scope, "app-key-file": &keyFile,
		"keep": &keep, "no-browser": &noBrowser, "json": &asJSON,
	}, args)
	if help || err != nil {
		return err
	}
	if broker == "" {
		broker = c.environment("GATEHOUSE_BROKER")
	}
	if broker == "" {
		return usagef("gatehouse login --broker https://broker.example.com --provider github", "login needs --broker")
	}
	flows := []string{string(client.Loopback), string(client.Poll), string(client.Paste), string(client.Desktop)}
	if flow != "" && !slices.Contains(flows, flow) {
		return usagef("", "--flow is one of %s", strings.Join(flows, ", "))
	}
	places := []string{string(keyring.System), string(keyring.File)}
	if keep != "" && !slices.Contains(places, keep) {
		return usagef("", "--keep is one of %s", strings.Join(places, ", "))
	}
	key, err := readAppKey(keyFile)
	if err != nil {
		return err
	}
	ctx, release, cmd, err := c.person(asJSON)
	if err != nil {
		return err
	}
	defer release()
	return cmd.Login(ctx, login.Options{
		Broker: broker, Provider: provider, Flow: client.Flow(flow), Scopes: strings.Fields(strings.ReplaceAll(scope, ",", " ")),
		NoBrowser: noBrowser, AppKey: key, Keep: keyring.Place(keep),
	})
}

// maxAppKey bounds a file with the key of an app in bytes.
const maxAppKey = 4 << 10

// readAppKey reads a file whose one line is the key; no file is no key.
func readAppKey(path string) (secret.Text, error) {
	if path == "" {
		return secret.Text{}, nil
	}
	data, err := readFile(path, maxAppKey)
	if err != nil {
		return secret.Text{}, fmt.Errorf("--app-key-file: %w", err)
	}
	key := strings.TrimSpace(string(data))
	if key == "" || strings.ContainsFunc(key, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
		return secret.Text{}, withHint(fmt.Errorf("--app-key-file: %s is not one line with a key", path), "the broker's operator gives a key to each app")
	}
	return secret.New(key), nil
}

func readFile(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readAll(f, path, limit)
}

func readAll(r io.Reader, name string, limit int64) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err == nil && int64(len(data)) > limit {
		err = fmt.Errorf("%s is longer than %d bytes", name, limit)
	}
	return data, err
}

// which are the options that name a session.
func which(w *login.Which) flags { return flags{"broker": &w.Broker, "provider": &w.Provider} }

func runWhoAmI(c *call, args []string) error {
	var w login.Which
	var asJSON bool
	options := which(&w)
	options["json"] = &asJSON
	if help, err := c.options(options, args); help || err != nil {
		return err
	}
	ctx, release, cmd, err := c.person(asJSON)
	if err != nil {
		return err
	}
	defer release()
	return cmd.WhoAmI(ctx, w)
}

func runLogout(c *call, args []string) error {
	var w login.Which
	var asJSON, local bool
	options := which(&w)
	options["json"], options["local"] = &asJSON, &local
	if help, err := c.options(options, args); help || err != nil {
		return err
	}
	ctx, release, cmd, err := c.person(asJSON)
	if err != nil {
		return err
	}
	defer release()
	return cmd.Logout(ctx, w, local)
}

var methods = []string{"GET", "POST", "PUT", "PATCH", "DELETE"}

// maxBody bounds the body of a call in bytes.
const maxBody = 64 << 10

func runCall(c *call, args []string) error {
	var w login.Which
	var r login.Request
	var asJSON bool
	var bodyFile string
	options := which(&w)
	options["json"], options["d"], options["body"] = &asJSON, &r.Data, &bodyFile
	rest, err := options.parse(args)
	if errors.Is(err, errHelp) {
		return runHelp(c, nil)
	}
	if err != nil {
		return err
	}
	if len(rest) != 2 {
		return usagef("for example gatehouse call GET /v1/me", "call needs a method and a path")
	}
	r.Method, r.Path = strings.ToUpper(rest[0]), rest[1]
	if !slices.Contains(methods, r.Method) {
		return usagef("for example gatehouse call GET /v1/me", "the method is one of %s", strings.Join(methods, ", "))
	}
	switch bodyFile {
	case "":
	case "-":
		r.Body, err = readAll(c.stdin, "standard input", maxBody)
	default:
		r.Body, err = readFile(bodyFile, maxBody)
	}
	if err != nil {
		return fmt.Errorf("--body: %w", err)
	}
	ctx, release, cmd, err := c.person(asJSON)
	if err != nil {
		return err
	}
	defer release()
	return cmd.Call(ctx, w, r)
}
