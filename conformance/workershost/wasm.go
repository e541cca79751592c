package workershost

import (
	"context"
	"errors"

	"github.com/dop251/goja"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
)

// instance is a WebAssembly.Instance.
type instance struct {
	isolate *Isolate
	module  api.Module
	ctx     context.Context
	imports map[string]goja.Callable
	// buffer is the memory as JavaScript sees it until it grows.
	buffer goja.ArrayBuffer
	view   goja.Value
	size   uint32
}

type instanceKey struct{}

// defineWebAssembly makes the global WebAssembly, of which Workers use only Instance.
func (s *Isolate) defineWebAssembly() {
	w := s.vm.NewObject()
	_ = w.Set("Instance", s.newInstance)
	_ = s.vm.Set("WebAssembly", w)
	_ = s.vm.Set("__module", func(path string) goja.Value {
		o := s.vm.NewObject()
		_ = o.Set("path", path)
		return o
	})
}

// newInstance is the constructor new WebAssembly.Instance(module, imports).
func (s *Isolate) newInstance(c goja.ConstructorCall) *goja.Object {
	compiled, ok := s.worker.modules[c.Argument(0).ToObject(s.vm).Get("path").String()]
	if !ok {
		panic(s.vm.NewTypeError("WebAssembly.Instance(): not a module"))
	}
	in := &instance{isolate: s, imports: map[string]goja.Callable{}}
	imports := c.Argument(1).ToObject(s.vm)
	for _, f := range compiled.ImportedFunctions() {
		module, name, _ := f.Import()
		var fn goja.Callable
		if ns, isObject := imports.Get(module).(*goja.Object); isObject {
			fn, ok = goja.AssertFunction(ns.Get(name))
		}
		if fn == nil || !ok {
			panic(s.vm.NewTypeError("WebAssembly.Instance(): Import %s.%s: function import requires a callable", module, name))
		}
		in.imports[importKey(module, name)] = fn
	}
	in.ctx = context.WithValue(context.Background(), instanceKey{}, in)
	var err error
	in.module, err = s.worker.runtime.InstantiateModule(in.ctx, compiled, wazero.NewModuleConfig().WithName("").WithStartFunctions())
	if err != nil {
		panic(s.vm.NewGoError(err))
	}
	s.instances = append(s.instances, in)
	exports := s.vm.NewObject()
	for name, def := range compiled.ExportedFunctions() {
		_ = exports.Set(name, in.export(name, def.ParamTypes()))
	}
	for name := range compiled.ExportedMemories() {
		memory := s.vm.NewObject()
		_ = memory.DefineAccessorProperty("buffer", s.vm.ToValue(func(goja.FunctionCall) goja.Value { return in.memory() }), nil, goja.FLAG_FALSE, goja.FLAG_TRUE)
		_ = exports.Set(name, memory)
	}
	_ = c.This.Set("exports", exports)
	return nil
}

// memory is the ArrayBuffer over the memory; growth detaches the one before.
func (in *instance) memory() goja.Value {
	m := in.module.Memory()
	if size := m.Size(); in.view == nil || size != in.size {
		if in.view != nil {
			in.buffer.Detach()
		}
		bytes, _ := m.Read(0, size)
		in.size, in.buffer = size, in.isolate.vm.NewArrayBuffer(bytes)
		in.view = in.isolate.vm.ToValue(in.buffer)
	}
	return in.view
}

// call is what an imported function does. What JavaScript throws unwinds the frames
// of WebAssembly and is thrown again by export.
func (in *instance) call(key string, params, results []api.ValueType, stack []uint64) {
	args := make([]goja.Value, len(params))
	for i, t := range params {
		args[i] = in.toJS(t, stack[i])
	}
	value, err := in.imports[key](goja.Undefined(), args...)
	if err != nil {
		panic(err)
	}
	if len(results) == 1 {
		stack[0] = toWasm(results[0], value)
	}
}

// export is an exported function. Calls nest: Go, JavaScript, Go.
func (in *instance) export(name string, params []api.ValueType) func(goja.FunctionCall) goja.Value {
	return func(c goja.FunctionCall) goja.Value {
		args := make([]uint64, len(params))
		for i, t := range params {
			args[i] = toWasm(t, c.Argument(i))
		}
		f := in.module.ExportedFunction(name)
		results, err := f.Call(in.ctx, args...)
		if err != nil {
			var thrown *goja.Exception
			if errors.As(err, &thrown) {
				panic(thrown.Value())
			}
			panic(in.isolate.vm.NewGoError(err))
		}
		if len(results) == 1 {
			return in.toJS(f.Definition().ResultTypes()[0], results[0])
		}
		return goja.Undefined()
	}
}

func (in *instance) toJS(t api.ValueType, v uint64) goja.Value {
	switch t {
	case api.ValueTypeI32:
		return in.isolate.vm.ToValue(api.DecodeI32(v))
	case api.ValueTypeF32:
		return in.isolate.vm.ToValue(api.DecodeF32(v))
	case api.ValueTypeF64:
		return in.isolate.vm.ToValue(api.DecodeF64(v))
	}
	panic(in.isolate.vm.NewTypeError("WebAssembly: a value of type %s crosses into JavaScript", api.ValueTypeName(t)))
}

func toWasm(t api.ValueType, v goja.Value) uint64 {
	switch t {
	case api.ValueTypeF32:
		return api.EncodeF32(float32(v.ToFloat()))
	case api.ValueTypeF64:
		return api.EncodeF64(v.ToFloat())
	}
	return api.EncodeI32(int32(v.ToInteger()))
}
