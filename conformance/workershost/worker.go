package workershost

import (
	"context"
	"fmt"

	"github.com/dop251/goja"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
)

// Worker is an artifact, ready to run in isolates. It is safe for concurrent use.
type Worker struct {
	runtime wazero.Runtime
	script  *goja.Program
	modules map[string]wazero.CompiledModule
}

// Open bundles and compiles the Worker whose entry module is the file entry.
// WebAssembly comes from cache, a folder that [Precompile] has filled, or is compiled
// now if it is not there; "" means no cache.
func Open(ctx context.Context, entry, cache string) (*Worker, error) {
	text, modules, err := bundle(entry)
	if err != nil {
		return nil, err
	}
	w := &Worker{modules: map[string]wazero.CompiledModule{}}
	if w.script, err = goja.Compile("worker.js", text, false); err != nil {
		return nil, fmt.Errorf("workershost: %w", err)
	}
	if w.runtime, err = newRuntime(ctx, cache); err != nil {
		return nil, err
	}
	namespaces := map[string]bool{}
	for path, code := range modules {
		compiled, err := w.runtime.CompileModule(ctx, code)
		if err != nil {
			return nil, fmt.Errorf("workershost: compile %s: %w", path, err)
		}
		w.modules[path] = compiled
		if err := w.link(ctx, compiled, namespaces); err != nil {
			return nil, err
		}
	}
	return w, nil
}

// newRuntime returns the engine, the same for Open and Precompile: its configuration
// is part of what a cache entry is found by.
func newRuntime(ctx context.Context, cache string) (wazero.Runtime, error) {
	config := wazero.NewRuntimeConfigCompiler()
	if cache != "" {
		c, err := wazero.NewCompilationCacheWithDir(cache)
		if err != nil {
			return nil, fmt.Errorf("workershost: cache: %w", err)
		}
		config = config.WithCompilationCache(c)
	}
	return wazero.NewRuntimeWithConfig(ctx, config), nil
}

// link makes host modules for the imports of compiled: each function is a trampoline
// to the JavaScript function of the instance that calls.
func (w *Worker) link(ctx context.Context, compiled wazero.CompiledModule, done map[string]bool) error {
	builders := map[string]wazero.HostModuleBuilder{}
	seen := map[string]bool{}
	for _, f := range compiled.ImportedFunctions() {
		module, name, _ := f.Import()
		key := importKey(module, name)
		if done[module] || seen[key] {
			continue
		}
		seen[key] = true
		if builders[module] == nil {
			builders[module] = w.runtime.NewHostModuleBuilder(module)
		}
		params, results := f.ParamTypes(), f.ResultTypes()
		builders[module].NewFunctionBuilder().WithGoFunction(api.GoFunc(func(ctx context.Context, stack []uint64) {
			ctx.Value(instanceKey{}).(*instance).call(key, params, results, stack)
		}), params, results).Export(name)
	}
	for module, b := range builders {
		done[module] = true
		if _, err := b.Instantiate(ctx); err != nil {
			return fmt.Errorf("workershost: imports of %s: %w", module, err)
		}
	}
	return nil
}

func importKey(module, name string) string { return module + "\x00" + name }

// Close frees the Worker. Its isolates must be closed before.
func (w *Worker) Close(ctx context.Context) error { return w.runtime.Close(ctx) }
