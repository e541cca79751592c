// Command precompile puts the compiled code of modules into the cache of package
// wasihost, from a process without the race detector.
package main

import (
	"context"
	"fmt"
	"os"

	"gatehouse/conformance/wasihost"
)

func main() {
	for _, file := range os.Args[1:] {
		if err := wasihost.Precompile(context.Background(), file); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}
