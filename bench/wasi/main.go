// Command wasi measures what a request costs in "wasmtime serve", where every request
// has an instance of its own: the gateway's component beside components in standard Go
// and in Rust that only answer. It prints sizes, the time to the first answer of a
// process, and the median time of requests, one after the other, in interleaved rounds.
//
// Run it from the module: go run ./bench/wasi -wasmtime FILE -rust FILE.
package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"gatehouse/adapters/spin/componentize"
)

// options are the command line.
type options struct {
	wasmtime string
	rust     string
	rounds   int
	requests int
	settings string
	host     string
}

func main() {
	var o options
	flag.StringVar(&o.wasmtime, "wasmtime", "wasmtime", "the wasmtime `command`")
	flag.StringVar(&o.rust, "rust", "", "core module `FILE` of hello/hello.rs, which says how to build it; none: not measured")
	flag.IntVar(&o.rounds, "rounds", 20, "rounds; the figures are medians")
	flag.IntVar(&o.requests, "requests", 20, "requests of one kind in a round")
	flag.StringVar(&o.settings, "settings", "", "further environment `NAME=value,...`, such as GOGC=off")
	flag.StringVar(&o.host, "host", "", "further `options` of wasmtime serve, separated by spaces")
	flag.Parse()
	if flag.NArg() > 0 || o.rounds < 1 || o.requests < 1 {
		flag.Usage()
		os.Exit(2)
	}
	if err := run(o); err != nil {
		fmt.Fprintf(os.Stderr, "wasi: error: %v\n", err)
		os.Exit(1)
	}
}

func run(o options) error {
	dir, err := os.MkdirTemp("", "gatehouse-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	programs := []*component{
		{name: "hello in Go", program: "gatehouse/adapters/spin/example/app"},
		{name: "gatehouse", program: componentize.Program("wasi")},
	}
	if o.rust != "" {
		programs = append([]*component{{name: "hello in Rust", core: o.rust}}, programs...)
	}
	for _, c := range programs {
		if err := c.build(o, dir); err != nil {
			return err
		}
	}
	site, err := openSite()
	if err != nil {
		return err
	}
	defer site.close()
	for _, c := range programs {
		if err := c.serve(o, site); err != nil {
			return err
		}
		defer c.stop()
	}
	kinds, err := site.kinds(programs)
	if err != nil {
		return err
	}
	for i := range o.rounds {
		for j := range kinds {
			// Nobody is always first, or after the same neighbour.
			if err := kinds[(i+j)%len(kinds)].load(o.requests); err != nil {
				return err
			}
		}
	}
	return report(os.Stdout, o, programs, kinds)
}

// component is a program under measurement.
type component struct {
	name, program, core   string
	compiled              string
	moduleSize, totalSize int // compressed
	compiling             time.Duration
	address               string
	first                 time.Duration // from the start of the process
	cmd                   *exec.Cmd
}

// build makes and compiles the component.
func (c *component) build(o options, dir string) error {
	ctx := context.Background()
	base := filepath.Join(dir, filepath.Base(c.program+c.core))
	if c.core == "" {
		c.core = base + ".core"
		if err := componentize.Core(ctx, c.program, c.core); err != nil {
			return err
		}
	}
	wasm := base + ".component"
	if err := componentize.Component(ctx, c.core, filepath.FromSlash("adapters/spin/wit"), "wasi", wasm); err != nil {
		return err
	}
	var err error
	if c.moduleSize, err = compressed(c.core); err != nil {
		return err
	}
	if c.totalSize, err = compressed(wasm); err != nil {
		return err
	}
	c.compiled = base + ".cwasm"
	began := time.Now()
	if out, err := exec.Command(o.wasmtime, "compile", "-o", c.compiled, wasm).CombinedOutput(); err != nil {
		return fmt.Errorf("wasmtime compile: %w\n%s", err, out)
	}
	c.compiling = time.Since(began)
	return nil
}

func compressed(file string) (int, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return 0, err
	}
	var out bytes.Buffer
	z, _ := gzip.NewWriterLevel(&out, gzip.BestCompression)
	_, _ = z.Write(data)
	err = z.Close()
	return out.Len(), err
}
