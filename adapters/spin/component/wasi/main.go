//go:build wasip1

// Command wasi is the component of the world "wasi": a gateway for every host of WASI
// HTTP 0.2, with settings from environment variables. Build it with adapters/spin/build.
package main

import (
	"os"

	"gatehouse/adapters/spin"
	"gatehouse/adapters/spin/wasi"
)

func init() {
	wasi.Handle(spin.Handler(spin.Host{
		Send:   wasi.Send,
		Lookup: os.LookupEnv,
		Log:    os.Stderr,
	}))
}

func main() {}
