package wasihost

import (
	"bytes"
	"context"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"
)

// preview1 is the module of the functions that Go's runtime imports. In a component
// an adapter stands behind them, which calls the host's interfaces and lives in the
// memory of the module.
const preview1 = "wasi_snapshot_preview1"

// linkPreview1 offers preview 1 and watches its calls.
func linkPreview1(ctx context.Context, runtime wazero.Runtime) error {
	ctx = experimental.WithFunctionListenerFactory(ctx, experimental.FunctionListenerFactoryFunc(
		func(f api.FunctionDefinition) experimental.FunctionListener {
			return experimental.FunctionListenerFunc(
				func(ctx context.Context, _ api.Module, f api.FunctionDefinition, _ []uint64, _ experimental.StackIterator) {
					ctx.Value(instanceKey{}).(*instance).adapt(f.Name())
				})
		}))
	_, err := wasi_snapshot_preview1.Instantiate(ctx, runtime)
	return err
}

// adapterBlock is what the adapter allocates twice when it is first called: for its
// stack and for its state.
const adapterBlock = 64 << 10

// adapt does what the adapter does before a call. Its first call comes from the start
// of Go's runtime, when nothing of the module is initialized.
func (in *instance) adapt(name string) {
	if name == "sched_yield" {
		return
	}
	in.enter(name)
	if in.reserved != nil {
		return
	}
	in.reserved = []uint32{}
	for range 2 {
		address := in.allocate(adapterBlock, 8)
		block := in.view(address, adapterBlock)
		if bytes.Equal(block, pattern) {
			trapf("cabi_realloc gives the same memory twice")
		}
		copy(block, pattern)
		in.reserved = append(in.reserved, address)
	}
}

// pattern is what the host writes to memory that is the adapter's.
var pattern = bytes.Repeat([]byte("adapter!"), adapterBlock/8)

// overwritten tells whether the module has changed memory that is the adapter's.
func (in *instance) overwritten() bool {
	for _, address := range in.reserved {
		if !bytes.Equal(in.view(address, adapterBlock), pattern) {
			return true
		}
	}
	return false
}
