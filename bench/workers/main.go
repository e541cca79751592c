// Command workers measures what a request with a session costs on Cloudflare's runtime.
// It runs five Workers in workerd, each in a process of its own on the loopback
// interface: bare JavaScript, Hono, Hono with the session check of @hono/oidc-auth, the
// gateway, and the gateway in its binding on github.com/syumai/workers. It prints for
// each the processor time of two requests, one that tells who is logged in and one that
// is passed on to an application; how long the first request after the start takes; and
// the memory of a request that waits for the application.
//
// Rounds are interleaved and figures are medians; ratios are of the same round. Linux
// only: it reads other processes' clocks.
//
//	npm install --no-save --prefix bench/workers && go run ./bench/workers
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

// options are the command line.
type options struct {
	modules  string
	rounds   int
	requests int
	conns    int
	starts   int
	flight   int
}

func main() {
	var o options
	flag.StringVar(&o.modules, "modules", "bench/workers/node_modules", "`folder` of the npm packages")
	flag.IntVar(&o.rounds, "rounds", 15, "rounds; the figures are medians")
	flag.IntVar(&o.requests, "requests", 400, "requests of one Worker in a round, of each kind")
	flag.IntVar(&o.conns, "conns", 8, "connections")
	flag.IntVar(&o.starts, "starts", 5, "starts of each Worker, for the first request and memory")
	flag.IntVar(&o.flight, "flight", 150, "requests that wait at the same time, for memory")
	flag.Parse()
	if flag.NArg() > 0 || o.rounds < 1 || o.requests < o.conns || o.conns < 1 || o.starts < 1 || o.flight < 1 {
		flag.Usage()
		os.Exit(2)
	}
	if err := run(context.Background(), o); err != nil {
		fmt.Fprintf(os.Stderr, "workers: error: %v\n", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) (err error) {
	dir, err := os.MkdirTemp("", "gatehouse-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if o.modules, err = filepath.Abs(o.modules); err != nil {
		return err
	}
	w, err := newWorld(ctx)
	if err != nil {
		return err
	}
	workers, err := prepare(ctx, o, dir, w)
	if err != nil {
		return err
	}
	// First requests and memory before the load, while nothing else runs.
	for range o.starts {
		for _, each := range workers {
			if err := each.fresh(o, w); err != nil {
				return fmt.Errorf("%s: %w", each.name, err)
			}
		}
	}
	defer func() {
		for _, each := range workers {
			err = errors.Join(err, each.stop())
		}
	}()
	for _, each := range workers {
		if err := each.start(o); err != nil {
			return fmt.Errorf("%s: %w", each.name, err)
		}
		for _, kind := range kinds {
			if _, err := each.load(o, kind); err != nil { // compiles what is used
				return fmt.Errorf("%s: %w", each.name, err)
			}
		}
	}
	for i := range o.rounds {
		for j := range workers {
			each := workers[(i+j)%len(workers)] // nobody always follows the same neighbour
			for _, kind := range kinds {
				cost, err := each.load(o, kind)
				if err != nil {
					return fmt.Errorf("%s: %w", each.name, err)
				}
				each.costs[kind] = append(each.costs[kind], cost)
			}
		}
	}
	return report(os.Stdout, o, workers)
}
