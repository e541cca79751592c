// Command precompile fills a cache of compiled WebAssembly: precompile WASM CACHE.
// See workershost.PrecompileApart.
package main

import (
	"context"
	"fmt"
	"os"

	"gatehouse/conformance/workershost"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: precompile WASM CACHE")
		os.Exit(2)
	}
	if err := workershost.Precompile(context.Background(), os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
