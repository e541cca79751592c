// Command build builds the components of Gatehouse:
//
//	go run ./adapters/spin/build [-world spin|wasi|middleware] [-o FILE] [-core FILE] [-program PACKAGE] [-application FILE] [-print]
//
// The world middleware is for composition: -application names a component that exports
// the same handler, and the result is one component of both.
//
// It needs Go and, the first time, its module proxy. It is run at the top of the
// repository.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gatehouse/adapters/spin/componentize"
)

func main() {
	world := flag.String("world", "spin", "the component's world: "+strings.Join(componentize.Worlds, ", "))
	out := flag.String("o", "", "the component (default gatehouse-WORLD.wasm)")
	core := flag.String("core", "", "keep the core module here")
	program := flag.String("program", "", "the Go package (default the gateway for the world)")
	application := flag.String("application", "", "compose the world "+componentize.Middleware+" with this component")
	show := flag.Bool("print", false, "print what the component imports and exports")
	flag.Parse()
	if err := build(context.Background(), *world, *out, *core, *program, *application, *show); err != nil {
		fmt.Fprintln(os.Stderr, "build:", err)
		os.Exit(1)
	}
}

func build(ctx context.Context, world, out, core, program, application string, show bool) error {
	if !slices.Contains(componentize.Worlds, world) || flag.NArg() > 0 {
		flag.Usage()
		return fmt.Errorf("no world %q", world)
	}
	if application != "" && world != componentize.Middleware {
		return fmt.Errorf("-application is for the world %s", componentize.Middleware)
	}
	if out == "" {
		out = "gatehouse-" + world + ".wasm"
	}
	if core == "" {
		work, err := os.MkdirTemp("", "gatehouse-core-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(work)
		core = filepath.Join(work, "core.wasm")
	}
	if program == "" {
		program = componentize.Program(world)
	}
	if err := componentize.Core(ctx, program, core); err != nil {
		return err
	}
	wit := filepath.FromSlash("adapters/spin/wit")
	if err := componentize.Component(ctx, core, wit, world, out); err != nil {
		return err
	}
	if application != "" {
		if err := componentize.Compose(ctx, out, application, wit, out); err != nil {
			return err
		}
	}
	if show {
		text, err := componentize.Interfaces(ctx, out)
		if err != nil {
			return err
		}
		fmt.Print(text)
	}
	return nil
}
