package workershost

import (
	"embed"
	"encoding/base64"
	"io"
	"net/url"
	"strings"
	"time"

	"github.com/dop251/goja"
)

//go:embed js
var scripts embed.FS

// polyfills are the globals of the Workers runtime, written over natives, in the order
// in which they need each other. Each script is a function of the natives and the
// global object.
var polyfills = compile("base", "url", "events", "headers", "streams", "messages", "sockets", "fetch", "bindings", "durable", "entry")

func compile(names ...string) []*goja.Program {
	var out []*goja.Program
	for _, name := range names {
		text, err := scripts.ReadFile("js/" + name + ".js")
		if err != nil {
			panic(err)
		}
		out = append(out, goja.MustCompile(name+".js", string(text), true))
	}
	return out
}

// natives is the object that polyfills reach the host by.
func (s *Isolate) natives() *goja.Object {
	h := s.vm.NewObject()
	for _, group := range []map[string]any{
		s.baseNatives(), s.streamNatives(), s.socketNatives(), s.keyValueNatives(), s.objectNatives(), s.cryptoNatives(),
		{"fetch": s.fetchNative, "limit": s.limitNative},
	} {
		for name, f := range group {
			_ = h.Set(name, f)
		}
	}
	return h
}

func (s *Isolate) baseNatives() map[string]any {
	return map[string]any{
		"log":     s.log,
		"now":     func() float64 { return float64(s.clock().UnixMicro()) / 1000 }, // milliseconds since 1970
		"context": func() bool { s.here(); return true },
		"random": func(b goja.ArrayBuffer, offset, length int64) {
			s.here()
			if _, err := io.ReadFull(s.env.Random, b.Bytes()[offset:offset+length]); err != nil {
				panic(s.vm.NewGoError(err))
			}
		},
		"encode": func(text string) goja.ArrayBuffer { return s.vm.NewArrayBuffer([]byte(text)) },
		"decode": func(b goja.ArrayBuffer, offset, length int64) string {
			return strings.ToValidUTF8(string(b.Bytes()[offset:offset+length]), "\uFFFD")
		},
		"base64": func(b goja.ArrayBuffer, offset, length int64) string {
			return base64.StdEncoding.EncodeToString(b.Bytes()[offset : offset+length])
		},
		"unbase64": func(text string) goja.ArrayBuffer {
			b, err := base64.StdEncoding.DecodeString(text)
			if err != nil {
				s.throw("TypeError", "invalid base64")
			}
			return s.vm.NewArrayBuffer(b)
		},
		"setTimeout": func(fn goja.Callable, ms float64) int64 {
			return s.here().setTimeout(time.Duration(ms*float64(time.Millisecond)), func() {
				if _, err := fn(goja.Undefined()); err != nil {
					s.log("error", "Uncaught "+err.Error())
				}
			})
		},
		"clearTimeout": func(id int64) {
			if c := s.current; c != nil {
				s.loop.stop(c.timers[id])
				delete(c.timers, id)
			}
		},
		"url": func(text string) any {
			u, err := url.Parse(text)
			if err != nil || u.Scheme == "" || u.Host == "" {
				return nil
			}
			path, query, hash := u.EscapedPath(), "", ""
			if path == "" {
				path = "/"
			}
			if u.RawQuery != "" {
				query = "?" + u.RawQuery
			}
			if u.Fragment != "" {
				hash = "#" + u.EscapedFragment()
			}
			return map[string]any{
				"protocol": u.Scheme + ":", "host": u.Host, "hostname": u.Hostname(), "port": u.Port(),
				"pathname": path, "search": query, "hash": hash,
			}
		},
	}
}

// bindings describes env to the entry script.
func (s *Isolate) bindings() goja.Value {
	b := map[string]any{"vars": s.env.Vars}
	var kvs, services, limits, objects []string
	for name := range s.env.KV {
		kvs = append(kvs, name)
	}
	for name := range s.env.Services {
		services = append(services, name)
	}
	for name := range s.env.Limits {
		limits = append(limits, name)
	}
	for name, o := range s.env.Objects {
		objects = append(objects, name, o.Class)
	}
	b["kv"], b["services"], b["limits"], b["objects"] = kvs, services, limits, objects
	return s.vm.ToValue(b)
}
