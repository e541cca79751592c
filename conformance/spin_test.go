package conformance

import (
	"context"
	"sync"
	"testing"

	"gatehouse/conformance/wasihost"
)

// spinModule is the core module of the world "spin".
var spinModule = sync.OnceValues(func() (*wasihost.Program, error) {
	return wasihost.Load(context.Background(), "gatehouse/adapters/spin/component/spin")
})

// spinTarget runs the module as Spin does, with its key-value store and variables, and
// a new instance for every request.
type spinTarget struct{ module *wasihost.Program }

func TestSpin(t *testing.T) {
	module, err := spinModule()
	if err != nil {
		t.Fatal(err)
	}
	TestGateway(t, spinTarget{module})
}

func (spinTarget) Name() string { return "spin" }

func (spinTarget) Forgets() bool { return true }

func (s spinTarget) Start(t testing.TB, w World) Instance {
	host := wasihost.NewHost(s.module, &wasihost.Environment{
		Variables: wasihost.SpinVariables(w.Config),
		Fields:    wasihost.SpinFields,
		Store:     w.KV,
		Network:   w.Network,
		Now:       w.Now,
		Log:       func(line string) { w.Log.Info(line) },
		Violation: func(err error) { t.Errorf("%v", err) },
	})
	return spinInstance{ServeHandler(host, nil).(*handlerInstance), host}
}

// spinInstance is a module behind a server.
type spinInstance struct {
	*handlerInstance
	host *wasihost.Host
}

func (i spinInstance) Settle() { i.host.Settle() }

func (i spinInstance) Close() {
	i.host.Close()
	i.handlerInstance.Close()
}
