// Command build builds the Worker into a folder, for the build command of
// wrangler.toml:
//
//	go run ./adapters/cloudflare/build [-o DIR]
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"

	"gatehouse/adapters/cloudflare/artifact"
)

func main() {
	dir := flag.String("o", "build/cloudflare", "folder for the Worker")
	flag.Parse()
	if flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := artifact.Build(ctx, *dir); err != nil {
		fmt.Fprintln(os.Stderr, "build:", err)
		os.Exit(1)
	}
}
