//go:build wasip1

// Command spin is the component of the world "spin": a gateway for Spin, with settings
// from its variables and sessions in its key-value store. adapters/spin/build builds
// it.
package main

import (
	"os"

	"gatehouse/adapters/spin"
	"gatehouse/adapters/spin/fermyon"
	"gatehouse/adapters/spin/wasi"
)

func init() {
	wasi.Handle(spin.Handler(spin.Host{
		Send: wasi.Send,
		Variable: func(name string) (string, bool, error) {
			return fermyon.Variable(spin.VariableName(name))
		},
		Store:      func(label string) (spin.KeyValue, error) { return fermyon.Open(label) },
		PeerHeader: spin.ClientAddress,
		Log:        os.Stderr,
	}))
}

func main() {}
