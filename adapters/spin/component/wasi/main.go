//go:build wasip1

// Command wasi is the component of the world "wasi": a gateway for every host of WASI
// HTTP 0.2, with settings from environment variables. adapters/spin/build builds it.
package main

import (
	"os"

	"gatehouse/adapters/spin"
	"gatehouse/adapters/spin/wasi"
)

func init() {
	wasi.Handle(spin.Handler(spin.Host{
		Send: wasi.Send,
		Variable: func(name string) (string, bool, error) {
			value, ok := os.LookupEnv(name)
			return value, ok, nil
		},
		Log: os.Stderr,
	}))
}

func main() {}
