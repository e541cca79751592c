//go:build js && wasm

package syumai

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"syscall/js"

	"github.com/syumai/workers"
	"github.com/syumai/workers/cloudflare"
	fetching "github.com/syumai/workers/cloudflare/fetch"
	"github.com/syumai/workers/cloudflare/kv"

	"gatehouse/core"
)

var (
	log        = newLogger(console{js.Global().Get("console")}, slog.LevelInfo)
	background = &tasks{extend: cloudflare.WaitUntil, log: log}
)

// New makes the gateway from the Worker's environment: the settings of
// docs/configuration.md as variables and secrets, the KV namespace STORE_KV, and
// PROXY_TARGET as a variable or a service binding. The error has every mistake at once
// and names no secret.
func New() (*core.Gateway, error) {
	e := environment{
		text: func(name string) (string, bool) {
			v := cloudflare.GetBinding(name)
			if v.Type() != js.TypeString {
				return "", false
			}
			return v.String(), true
		},
		bound: func(name string) bool {
			t := cloudflare.GetBinding(name).Type()
			return t == js.TypeObject || t == js.TypeFunction
		},
	}
	r := runtime{
		fetch: sender(), console: console{js.Global().Get("console")}, background: background,
		service: sender(fetching.WithBinding(cloudflare.GetBinding(bindingTarget))),
	}
	if e.bound(bindingKV) {
		space, err := kv.NewNamespace(bindingKV)
		if err != nil {
			return nil, err
		}
		r.namespace = values{space}
	}
	return assemble(e, r)
}

// Serve answers the request that this program was started for with handler, in place of
// workers.Serve, and returns when the answer and the work behind it are done.
func Serve(next http.Handler) {
	workers.Serve(handler(next, log))
	background.all.Wait()
}

func sender(options ...fetching.ClientOption) send {
	client := fetching.NewClient(options...)
	return func(out *http.Request) (*http.Response, error) {
		return client.Do(&fetching.Request{Request: out}, &fetching.RequestInit{Redirect: fetching.RedirectModeManual})
	}
}

// values is the library's KV namespace.
type values struct{ *kv.Namespace }

func (v values) get(key string) (io.Reader, error) {
	r, err := v.GetReader(key, nil)
	if err != nil {
		return nil, err
	}
	raw, ok := r.(interface{ GetRawJSBody() js.Value })
	if !ok {
		return nil, errors.New("syumai: the library's reader has no stream")
	}
	if raw.GetRawJSBody().IsNull() {
		return nil, nil
	}
	return r, nil
}

func (v values) put(key string, value io.Reader, life int) error {
	return v.PutReader(key, value, &kv.PutOptions{ExpirationTTL: life})
}

func (v values) delete(key string) error { return v.Delete(key) }

// console is the runtime's log; each write is a line of it.
type console struct{ js.Value }

func (c console) Write(p []byte) (int, error) {
	c.Call("log", string(bytes.TrimSuffix(p, []byte("\n"))))
	return len(p), nil
}
