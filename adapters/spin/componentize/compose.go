package componentize

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Middleware is the world of the component that [Compose] takes.
const Middleware = "middleware"

// exchange is the text of the module between gateway and application.
//
//go:embed exchange.wat
var exchange []byte

const (
	environment = "wasi:cli/environment@0.2.0"
	httpTypes   = "wasi:http/types@0.2.0"
	httpHandler = "wasi:http/incoming-handler@0.2.0"
	ownPackage  = "gatehouse:component/"
)

// ErrApplication is a component that cannot be composed with the gateway.
var ErrApplication = errors.New("componentize: the application cannot be composed")

var errGateway = errors.New("componentize: the gateway's component is not of the world " + Middleware)

// offered are the interfaces of wit that an application may import: those of WASI.
var offered = []string{
	"wasi:cli/environment", "wasi:cli/exit", "wasi:cli/stderr", "wasi:cli/stdin", "wasi:cli/stdout",
	"wasi:cli/terminal-input", "wasi:cli/terminal-output", "wasi:cli/terminal-stderr", "wasi:cli/terminal-stdin", "wasi:cli/terminal-stdout",
	"wasi:clocks/monotonic-clock", "wasi:clocks/wall-clock",
	"wasi:filesystem/preopens", "wasi:filesystem/types",
	"wasi:http/outgoing-handler", "wasi:http/types",
	"wasi:io/error", "wasi:io/poll", "wasi:io/streams",
	"wasi:random/insecure", "wasi:random/insecure-seed", "wasi:random/random",
}

// Compose makes one component of gateway, a component of the world [Middleware], and
// application, which exports the same handler. wit is a directory with the WIT texts
// of both. All are names of files. An application that imports what is not offered, or
// exports no handler, is [ErrApplication].
func Compose(ctx context.Context, gateway, application, wit, out string) error {
	tools, err := openTools(ctx)
	if err != nil {
		return err
	}
	defer tools.close(ctx)
	work, err := os.MkdirTemp("", "gatehouse-compose-")
	if err != nil {
		return fmt.Errorf("componentize: %w", err)
	}
	defer os.RemoveAll(work)
	c := &composition{ctx: ctx, tools: tools, work: work}
	for _, step := range []func() error{
		func() error { return os.CopyFS(filepath.Join(work, "wit"), os.DirFS(wit)) },
		func() (err error) { c.gateway, err = c.open(gateway); return err },
		func() (err error) { c.application, err = c.open(application); return err },
		func() error {
			if !slices.Contains(c.gateway.imports, ownPackage+"application") {
				return errGateway
			}
			return c.application.check()
		},
		c.makeExchange,
		c.makeHTTP,
		c.makeHost,
		func() error { return os.WriteFile(filepath.Join(work, "composed.wasm"), c.encode(), 0o600) },
		// It reads and validates what was made.
		func() error { return tools.run(ctx, work, "component", "wit", "composed.wasm") },
		func() error { return os.WriteFile(out, c.encode(), 0o644) },
	} {
		if err := step(); err != nil {
			return fmt.Errorf("componentize: compose: %w", err)
		}
	}
	return nil
}

// part is a component with the names of what its world has.
type part struct {
	binary           []byte
	imports, exports []string
}

// composition is what Compose gathers.
type composition struct {
	ctx   context.Context
	tools *tools
	work  string

	gateway, application *part
	exchange             []byte
	http                 []byte // the application's wasi:http/types
	httpImports          []item
	functions            []string // of wasi:http/types
	host                 prefix
}

func (c *composition) open(name string) (*part, error) {
	binary, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(c.work, "part.wasm"), binary, 0o600); err != nil {
		return nil, err
	}
	var text strings.Builder
	c.tools.stdout = &text
	if err := c.tools.run(c.ctx, c.work, "component", "wit", "part.wasm"); err != nil {
		return nil, err
	}
	p := &part{binary: binary}
	p.imports, p.exports = worldOf(text.String())
	return p, nil
}

// worldOf returns the interfaces that the WIT text of a component has in its world.
func worldOf(text string) (imports, exports []string) {
	world, _, _ := strings.Cut(text, "\n}\n")
	for line := range strings.Lines(world) {
		line = strings.Trim(line, " ;\n")
		if name, ok := strings.CutPrefix(line, "import "); ok {
			imports = append(imports, name)
		}
		if name, ok := strings.CutPrefix(line, "export "); ok {
			exports = append(exports, name)
		}
	}
	return imports, exports
}

// version is how an import of a WASI 0.2 interface ends.
var version = regexp.MustCompile(`^(wasi:[a-z-]+/[a-z-]+)@0\.2\.[0-9]+$`)

// canonical is the name of an interface in our WIT text, which says 0.2.0, as hosts
// and components mean the same by all of 0.2; empty for what is not offered.
func canonical(name string) string {
	if m := version.FindStringSubmatch(name); m != nil && slices.Contains(offered, m[1]) {
		return m[1] + "@0.2.0"
	}
	return ""
}

// check reports what keeps an application from being composed.
func (p *part) check() error {
	if p.handler() == "" {
		return fmt.Errorf("%w: it does not export wasi:http/incoming-handler 0.2", ErrApplication)
	}
	for _, name := range p.imports {
		if canonical(name) == "" {
			return fmt.Errorf("%w: it imports %s, which is not offered", ErrApplication, name)
		}
	}
	return nil
}

// handler is the name under which the handler is exported.
func (p *part) handler() string {
	for _, name := range p.exports {
		if m := version.FindStringSubmatch(name); m != nil && m[1]+"@0.2.0" == httpHandler {
			return name
		}
	}
	return ""
}

// makeExchange builds the component of exchange.wat.
func (c *composition) makeExchange() (err error) {
	if err := os.WriteFile(filepath.Join(c.work, "exchange.wat"), exchange, 0o600); err != nil {
		return err
	}
	if err := c.tools.run(c.ctx, c.work, "component", "embed", "--world", "exchanges", "-o", "embedded.wasm", "wit", "exchange.wat"); err != nil {
		return err
	}
	if err := c.tools.run(c.ctx, c.work, "component", "new", "-o", "exchange.wasm", "embedded.wasm"); err != nil {
		return err
	}
	c.exchange, err = os.ReadFile(filepath.Join(c.work, "exchange.wasm"))
	return err
}

// world makes a component that does nothing with a world of these lines, and the module
// in it. The interfaces in it are whole.
func (c *composition) world(lines []string) (module, component []byte, err error) {
	slices.Sort(lines)
	text := "package gatehouse:component;\n\nworld nothing {\n  " + strings.Join(slices.Compact(lines), "\n  ") + "\n}\n"
	if err := os.WriteFile(filepath.Join(c.work, "wit", "nothing.wit"), []byte(text), 0o600); err != nil {
		return nil, nil, err
	}
	if err := c.tools.run(c.ctx, c.work, "component", "embed", "--dummy-names", "legacy", "--world", "nothing", "-o", "module.wasm", "wit"); err != nil {
		return nil, nil, err
	}
	if err := c.tools.run(c.ctx, c.work, "component", "new", "-o", "nothing.wasm", "module.wasm"); err != nil {
		return nil, nil, err
	}
	if module, err = os.ReadFile(filepath.Join(c.work, "module.wasm")); err != nil {
		return nil, nil, err
	}
	component, err = os.ReadFile(filepath.Join(c.work, "nothing.wasm"))
	return module, component, err
}

// makeHost reads the beginning of a component that imports everything that one of the
// parts imports of the host.
func (c *composition) makeHost() error {
	lines := []string{"import " + environment + ";", "import " + httpTypes + ";"}
	for _, name := range slices.Concat(c.gateway.imports, c.application.imports) {
		if n := canonical(name); n != "" {
			lines = append(lines, "import "+n+";")
		}
	}
	module, component, err := c.world(lines)
	if err != nil {
		return err
	}
	if c.functions, err = functionsOf(module, httpTypes); err != nil {
		return err
	}
	c.host, err = readPrefix(component)
	return err
}

// makeHTTP takes the component whose instance is an interface wasi:http/types out of one
// that exports it: its types and functions are what it is given, with names like
// import-type-fields and import-method-fields-get.
func (c *composition) makeHTTP() error {
	_, component, err := c.world([]string{"export " + httpTypes + ";"})
	if err != nil {
		return err
	}
	sections, err := sectionsOf(component)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(sections, func(s section) bool { return s.id == sectionComponent })
	if i < 0 {
		return errModule
	}
	c.http = sections[i].content
	c.httpImports, err = importsOf(c.http)
	return err
}

// httpArguments finds what the instance of c.http is given. It is the host's, but for the
// request and the places where an answer is made and handed over.
func (c *composition) httpArguments(w *writer, exchange uint32) (arguments []item) {
	host := c.host.instance(httpTypes)
	functions := map[string]string{}
	for _, name := range c.functions {
		plain := strings.NewReplacer("[", "", "]", "-", ".", "-").Replace(name)
		if plain == name {
			plain = "func-" + name
		}
		functions["import-"+plain] = name
	}
	for _, wanted := range c.httpImports {
		if name, ok := strings.CutPrefix(wanted.name, "import-type-"); ok {
			name = strings.TrimRight(name, "0123456789") // of what has its name twice
			from := host
			if name == "incoming-request" || name == "response-outparam" {
				from = exchange
			}
			if name == "error" { // of wasi:io
				name = "io-error"
			}
			arguments = append(arguments, item{wanted.name, sortType, w.aliasType(from, name)})
			continue
		}
		name := functions[wanted.name]
		from, of := host, name
		switch _, method, _ := strings.Cut(name, "]"); {
		case name == "[constructor]outgoing-response":
			from, of = exchange, "answer"
		case strings.HasPrefix(method, "incoming-request."), strings.HasPrefix(method, "response-outparam."):
			from = exchange
		}
		arguments = append(arguments, item{wanted.name, sortFunction, w.aliasFunction(from, of)})
	}
	return arguments
}

// encode lays the parts out as one component: what is imported, the parts, their
// instances and the gateway's handler.
func (c *composition) encode() []byte {
	w := newWriter(c.host)
	for _, binary := range [][]byte{c.exchange, c.http, c.application.binary, c.gateway.binary} {
		w.section(sectionComponent, binary)
	}
	const exchangePart, httpPart, applicationPart, gatewayPart = 0, 1, 2, 3

	// known are the instances that parts import by name; the rest is the host's.
	known := map[string]uint32{}
	instantiate := func(part uint32, imports []string) uint32 {
		var arguments []item
		for _, name := range imports {
			instance, ok := known[name]
			if !ok {
				instance = c.host.instance(canonical(name))
			}
			arguments = append(arguments, item{name, sortInstance, instance})
		}
		return w.instantiate(part, arguments)
	}
	exchange := w.aliasInstance(instantiate(exchangePart, []string{environment, httpTypes}), ownPackage+"exchange")
	known[ownPackage+"exchange"] = exchange
	types := w.instantiate(httpPart, c.httpArguments(w, exchange))
	variables := w.instance([]string{"get-environment", "get-arguments", "initial-cwd"}, []uint32{
		w.aliasFunction(exchange, "environment"),
		w.aliasFunction(c.host.instance(environment), "get-arguments"),
		w.aliasFunction(c.host.instance(environment), "initial-cwd"),
	})
	for _, name := range c.application.imports {
		switch canonical(name) {
		case httpTypes:
			known[name] = types
		case environment:
			known[name] = variables
		}
	}
	application := instantiate(applicationPart, c.application.imports)
	for _, name := range c.application.imports {
		delete(known, name)
	}
	known[ownPackage+"application"] = w.aliasInstance(application, c.application.handler())
	gateway := instantiate(gatewayPart, c.gateway.imports)
	w.exportInstance(httpHandler, w.aliasInstance(gateway, httpHandler))
	return w.binary
}
