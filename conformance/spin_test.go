package conformance

import (
	"context"
	"sync"
	"testing"

	"gatehouse/conformance/wasihost"
)

// spinTarget runs the core module of the world "spin" as Spin does, with its key-value
// store and variables, and a new instance for every request.
type spinTarget struct{ module *wasihost.Program }

func TestSpin(t *testing.T) {
	apart(t)
	TestGateway(t, spinTarget{loadModule(t, spinModule)})
}

var spinModule = moduleOf("gatehouse/adapters/spin/component/spin")

// moduleOf returns what compiles a component's core module, once.
func moduleOf(pkg string) func() (*wasihost.Program, error) {
	return sync.OnceValues(func() (*wasihost.Program, error) { return wasihost.Load(context.Background(), pkg) })
}

func loadModule(t *testing.T, load func() (*wasihost.Program, error)) *wasihost.Program {
	t.Helper()
	module, err := load()
	if err != nil {
		t.Fatal(err)
	}
	return module
}

func (spinTarget) Name() string { return "spin" }

func (spinTarget) Forgets() bool { return true }

// Limits implements [Limiting]: the key-value store cannot count.
func (spinTarget) Limits() string { return nearly }

func (s spinTarget) Start(t testing.TB, w World) Instance {
	return startModule(t, s.module, w, &wasihost.Environment{
		Variables: wasihost.SpinVariables(w.Config), Fields: wasihost.SpinFields, Store: w.KV, Network: w.Network,
	})
}

// startModule serves a module in a world; env has what its interfaces need.
func startModule(t testing.TB, module *wasihost.Program, w World, env *wasihost.Environment) Instance {
	env.Now = w.Now
	env.Log = func(line string) { w.Log.Info(line) }
	env.Violation = func(err error) { t.Errorf("%v", err) }
	host := wasihost.NewHost(module, env)
	return moduleInstance{ServeHandler(host, nil), host}
}

// moduleInstance is a module behind a server.
type moduleInstance struct {
	Instance
	host *wasihost.Host
}

// Settle implements [Settler].
func (i moduleInstance) Settle() { i.host.Settle() }

func (i moduleInstance) Close() {
	i.host.Close()
	i.Instance.Close()
}
