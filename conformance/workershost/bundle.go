package workershost

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/evanw/esbuild/pkg/api"
)

// bundle makes one classic script of a Worker's modules, the only syntax that goja
// lacks; its global __worker holds the entry module's exports. It returns the
// WebAssembly modules that are imported, by path.
func bundle(entry string) (script string, modules map[string][]byte, err error) {
	modules = map[string][]byte{}
	load := func(namespace string, contents func(path string) (string, error)) func(api.OnLoadArgs) (api.OnLoadResult, error) {
		return func(a api.OnLoadArgs) (api.OnLoadResult, error) {
			text, err := contents(a.Path)
			return api.OnLoadResult{Contents: &text, Loader: api.LoaderJS}, err
		}
	}
	result := api.Build(api.BuildOptions{
		EntryPoints: []string{entry},
		Bundle:      true,
		Format:      api.FormatIIFE,
		GlobalName:  "__worker",
		Target:      api.ES2022,
		Supported:   map[string]bool{"top-level-await": false, "async-generator": false, "for-await": false},
		Plugins: []api.Plugin{{Name: "runtime", Setup: func(b api.PluginBuild) {
			b.OnResolve(api.OnResolveOptions{Filter: `\.wasm$`}, func(a api.OnResolveArgs) (api.OnResolveResult, error) {
				return api.OnResolveResult{Path: filepath.Join(a.ResolveDir, a.Path), Namespace: "wasm"}, nil
			})
			b.OnLoad(api.OnLoadOptions{Filter: `.*`, Namespace: "wasm"}, load("wasm", func(path string) (string, error) {
				code, err := os.ReadFile(path)
				modules[path] = code
				return fmt.Sprintf("export default globalThis.__module(%q);", path), err
			}))
			b.OnResolve(api.OnResolveOptions{Filter: `^cloudflare:(workers|sockets)$`}, func(a api.OnResolveArgs) (api.OnResolveResult, error) {
				return api.OnResolveResult{Path: a.Path, Namespace: "cloudflare"}, nil
			})
			b.OnLoad(api.OnLoadOptions{Filter: `.*`, Namespace: "cloudflare"}, load("cloudflare", func(path string) (string, error) {
				if path == "cloudflare:sockets" {
					return `export function connect() { throw new Error("connect is not available"); }`, nil
				}
				return "export const { DurableObject, WorkerEntrypoint } = globalThis.__cloudflare;", nil
			}))
		}}},
	})
	if len(result.Errors) > 0 {
		return "", nil, fmt.Errorf("workershost: bundle: %s", result.Errors[0].Text)
	}
	if len(result.OutputFiles) != 1 {
		return "", nil, errors.New("workershost: bundle: more than one script")
	}
	return string(result.OutputFiles[0].Contents), modules, nil
}
