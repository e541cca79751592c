package main

import (
	"context"
	"embed"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/evanw/esbuild/pkg/api"

	"gatehouse/adapters/cloudflare/artifact"
	library "gatehouse/adapters/cloudflare/syumai/artifact"
)

//go:embed peers
var peers embed.FS

// Names of Workers that [report] looks for.
const (
	peerName    = "Hono, @hono/oidc-auth"
	gatewayName = "gatehouse"
	libraryName = "gatehouse on syumai/workers"
)

// prepare builds the Workers, and writes a configuration of workerd for each.
func prepare(ctx context.Context, o options, dir string, w *world) ([]*worker, error) {
	gateway := map[string]string{
		"APP_URL": appURL, "DEV_MODE": "true", "AUTH_SERVER_URL": issuer, "CLIENT_ID": clientID, "CLIENT_SECRET": clientSecret,
		"COOKIE_SECRET": w.key, "PROXY_TARGET": w.application, "LOG_LEVEL": "warn",
	}
	peer := map[string]string{
		"PROXY_TARGET": w.application, "OIDC_AUTH_SECRET": peerSecret, "OIDC_ISSUER": issuer,
		"OIDC_CLIENT_ID": clientID, "OIDC_CLIENT_SECRET": clientSecret,
	}
	workers := []*worker{
		{name: "bare JavaScript", build: o.bundle("bare.mjs"), settings: peer, cookie: w.peerCookie},
		{name: "Hono", build: o.bundle("hono.mjs"), settings: peer, cookie: w.peerCookie},
		{name: peerName, build: o.bundle("oidc-auth.mjs"), settings: peer, cookie: w.peerCookie},
		{name: gatewayName, build: artifact.Build, settings: gateway, cookie: w.cookie},
		{name: libraryName, settings: gateway, cookie: w.cookie, build: func(ctx context.Context, dir string) error {
			return library.Build(ctx, dir, "gatehouse/adapters/cloudflare/syumai/example")
		}},
	}
	for i, each := range workers {
		each.dir, each.costs = filepath.Join(dir, fmt.Sprint(i)), map[string][]float64{}
		if err := os.Mkdir(each.dir, 0o755); err != nil {
			return nil, err
		}
		if err := each.build(ctx, each.dir); err != nil {
			return nil, fmt.Errorf("%s: %w", each.name, err)
		}
		if err := each.configure(w.store); err != nil {
			return nil, err
		}
	}
	return workers, nil
}

// bundle makes one module of a script of peers.
func (o options) bundle(name string) func(context.Context, string) error {
	return func(_ context.Context, dir string) error {
		text, err := peers.ReadFile("peers/" + name)
		if err != nil {
			return err
		}
		result := api.Build(api.BuildOptions{
			Stdin:  &api.StdinOptions{Contents: string(text), ResolveDir: o.modules, Sourcefile: name},
			Bundle: true, MinifySyntax: true, Format: api.FormatESModule, Target: api.ES2022,
			Conditions: []string{"workerd", "worker", "browser"}, NodePaths: []string{o.modules},
			Outfile: filepath.Join(dir, artifact.Main), Write: true,
		})
		if len(result.Errors) > 0 {
			return fmt.Errorf("%s (npm install --no-save in bench/workers?)", result.Errors[0].Text)
		}
		return nil
	}
}

// program is workerd's file.
func (o options) program() string {
	arch := map[string]string{"amd64": "64"}[runtime.GOARCH]
	if arch == "" {
		arch = runtime.GOARCH
	}
	return filepath.Join(o.modules, "@cloudflare", "workerd-linux-"+arch, "bin", "workerd")
}

// configure writes workerd's configuration for what was built.
func (w *worker) configure(store string) error {
	files, err := filepath.Glob(filepath.Join(w.dir, "*"))
	if err != nil {
		return err
	}
	slices.SortFunc(files, func(a, b string) int { // the main module is the first
		return strings.Compare(order(a), order(b))
	})
	var modules, bindings strings.Builder
	for _, file := range files {
		kind := "esModule"
		if strings.HasSuffix(file, ".wasm") {
			kind = "wasm"
		}
		fmt.Fprintf(&modules, "    (name = %q, %s = embed %q),\n", filepath.Base(file), kind, filepath.Base(file))
	}
	for name, value := range w.settings {
		fmt.Fprintf(&bindings, "    (name = %q, text = %q),\n", name, value)
	}
	return os.WriteFile(filepath.Join(w.dir, "config.capnp"), fmt.Appendf(nil, `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = .worker),
    (name = "internet", network = (allow = ["private", "public", "local"])),
    (name = "store", external = (address = %q, http = ())),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
const worker :Workerd.Worker = (
  modules = [
%s  ],
  bindings = [
%s    (name = "STORE_KV", kvNamespace = "store"),
  ],
  compatibilityDate = "2026-11-01",
  compatibilityFlags = ["enable_request_signal"],
);
`, store, modules.String(), bindings.String()), 0o600)
}

func order(file string) string {
	if filepath.Base(file) == artifact.Main {
		return ""
	}
	return file
}
