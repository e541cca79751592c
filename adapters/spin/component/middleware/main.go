//go:build wasip1

// Command middleware is the component of the world "middleware": the gateway of the
// world "wasi" for composition with an application that exports the same handler.
// adapters/spin/build builds it and composes the two.
package main

import (
	"os"

	"gatehouse/adapters/spin"
	"gatehouse/adapters/spin/composition"
	"gatehouse/adapters/spin/wasi"
)

func init() {
	wasi.Handle(spin.Handler(spin.Host{
		Send: wasi.Send,
		Pass: composition.Pass,
		Variable: func(name string) (string, bool, error) {
			value, ok := os.LookupEnv(name)
			return value, ok, nil
		},
		Log: os.Stderr,
	}))
}

func main() {}
