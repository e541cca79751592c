package wasihost

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
)

// Program is a compiled module. It is safe for concurrent use.
type Program struct {
	runtime  wazero.Runtime
	compiled wazero.CompiledModule
	handler  string // the export that takes requests
	defined  *definitions
	data     image
	memories recycled
}

// The exports that a module must have besides the handler.
const (
	initialize = "_initialize"
	allocator  = "cabi_realloc"
	handlerOf  = "wasi:http/incoming-handler@0.2."
)

// Compile compiles a core module and links it with the host's interfaces. It fails
// if the module imports what no interface defines, or with another signature, or
// does not export what a component needs. cache may be nil.
func Compile(ctx context.Context, module []byte, cache wazero.CompilationCache) (*Program, error) {
	config := wazero.NewRuntimeConfig().WithCloseOnContextDone(false)
	if cache != nil {
		config = config.WithCompilationCache(cache)
	}
	p := &Program{runtime: wazero.NewRuntimeWithConfig(ctx, config)}
	module, p.data = takeData(module)
	compiled, err := p.runtime.CompileModule(ctx, module)
	if err == nil {
		p.compiled = compiled
		err = p.link(ctx)
	}
	if err != nil {
		p.runtime.Close(ctx)
		return nil, err
	}
	return p, nil
}

// Close releases the program. No instance may be running.
func (p *Program) Close(ctx context.Context) error { return p.runtime.Close(ctx) }

func (p *Program) link(ctx context.Context) error {
	exports := p.compiled.ExportedFunctions()
	for name := range exports {
		if strings.HasPrefix(name, handlerOf) && strings.HasSuffix(name, "#handle") {
			p.handler = name
		}
	}
	i32 := api.ValueTypeI32
	for name, params := range map[string][]api.ValueType{
		initialize: {}, allocator: {i32, i32, i32, i32}, p.handler: {i32, i32},
	} {
		f := exports[name]
		if f == nil {
			return fmt.Errorf("the module does not export %q", max(name, handlerOf+"*#handle"))
		}
		if !slices.Equal(f.ParamTypes(), params) {
			return fmt.Errorf("export %s has the parameters %v", name, f.ParamTypes())
		}
	}
	var err error
	if p.defined, err = loadDefinitions(); err != nil {
		return err
	}
	modules := map[string]wazero.HostModuleBuilder{}
	for _, imported := range p.compiled.ImportedFunctions() {
		module, name, _ := imported.Import()
		if module == preview1 {
			continue
		}
		bare, version, _ := strings.Cut(module, "@")
		f := p.defined.functions[bare+" "+name]
		if f == nil || !offered(bare, version) {
			return fmt.Errorf("the module imports %s %s, which no interface of the host defines", module, name)
		}
		params, results, indirect := f.signature()
		if !slices.Equal(params, imported.ParamTypes()) || !slices.Equal(results, imported.ResultTypes()) {
			return fmt.Errorf("import %s has the parameters %v and results %v; want %v and %v",
				f.name, imported.ParamTypes(), imported.ResultTypes(), params, results)
		}
		if modules[module] == nil {
			modules[module] = p.runtime.NewHostModuleBuilder(module)
		}
		modules[module].NewFunctionBuilder().WithGoFunction(f.host(indirect), params, results).Export(name)
	}
	for _, b := range modules {
		if _, err := b.Instantiate(ctx); err != nil {
			return err
		}
	}
	return linkPreview1(ctx, p.runtime)
}

// offered tells whether hosts offer this version of an interface.
func offered(module, version string) bool {
	if strings.HasPrefix(module, "fermyon:spin/") {
		return version == "2.0.0"
	}
	return strings.HasPrefix(version, "0.2.")
}

type instanceKey struct{}

// host returns the import: it lifts the parameters, calls the implementation, and
// lowers the result.
func (f *function) host(indirect bool) api.GoFunc {
	call := implementations[f.name]
	if f.dropped != nil {
		call = func(in *instance, args []any) any {
			if d, ok := args[0].(dropper); ok {
				d.drop()
			}
			return nil
		}
	}
	return func(ctx context.Context, stack []uint64) {
		in := ctx.Value(instanceKey{}).(*instance)
		in.enter(f.name)
		if call == nil {
			trapf("%s is not implemented", f.name)
		}
		flat := slices.Clone(stack)
		args := make([]any, len(f.params))
		rest := flat
		for i, p := range f.params {
			args[i], rest = in.liftFlat(p.typ, rest)
		}
		if indirect {
			checkAligned("the result's area of "+f.name, uint32(rest[0]), f.result.align())
			in.view(uint32(rest[0]), f.result.size())
		}
		result := call(in, args)
		switch {
		case indirect:
			in.lower(f.result, result, uint32(rest[0]))
		case f.result != nil:
			stack[0] = in.lowerFlat(f.result, result)
		}
	}
}

// implementations are the functions of the interfaces, by the names of function.
// What stands in an interface and not here traps.
var implementations = map[string]func(in *instance, args []any) any{}

// implement adds functions of one interface.
func implement(iface string, functions map[string]func(in *instance, args []any) any) bool {
	for name, f := range functions {
		implementations[iface+" "+name] = f
	}
	return true
}
