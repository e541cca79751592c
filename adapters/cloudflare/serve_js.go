//go:build js && wasm

package cloudflare

import (
	"log/slog"
	"net/http"
	"slices"
	"syscall/js"
)

// Main runs the gateway in an isolate and never returns. worker/instance.mjs has put
// an object "gatehouse" into the global scope: the settings, a function that queues an
// operation, and one that takes the functions by which events come in. What middleware
// returns, the first outermost, sees every request before the gateway.
func Main(middleware ...func(http.Handler) http.Handler) {
	host := js.Global().Get("gatehouse")
	level := new(slog.LevelVar)
	b := newBridge(sender(host.Get("send")), newLogger(console{js.Global().Get("console")}, level))
	handler := open(parseEnvironment(host.Get("settings").String()), b, level)
	for _, wrap := range slices.Backward(middleware) {
		handler = wrap(handler)
	}
	host.Call("ready",
		js.FuncOf(func(_ js.Value, a []js.Value) any {
			b.begin(handler, a[0].Int(), a[1].String(), a[2].Bool())
			return nil
		}),
		js.FuncOf(func(_ js.Value, a []js.Value) any {
			b.done(a[0].Int(), reply{a[1].String(), a[2].Int(), a[3].String(), toGo(a[4])})
			return nil
		}),
		js.FuncOf(func(_ js.Value, a []js.Value) any {
			b.leave(a[0].Int())
			return nil
		}),
		js.FuncOf(func(_ js.Value, a []js.Value) any {
			b.lose(a[0].Int())
			return nil
		}),
	)
	select {}
}

// sender calls JavaScript's (request, id, kind, number, text, data) => bool.
func sender(send js.Value) func(int, int, operation) bool {
	return func(request, id int, o operation) bool {
		return send.Invoke(request, id, o.kind, o.number, o.text, toJS(o.data)).Bool()
	}
}

var bytesOf = js.Global().Get("Uint8Array")

// toJS copies data; none is null.
func toJS(data []byte) js.Value {
	if len(data) == 0 {
		return js.Null()
	}
	v := bytesOf.New(len(data))
	js.CopyBytesToJS(v, data)
	return v
}

// toGo copies a Uint8Array; null is none.
func toGo(v js.Value) []byte {
	if v.IsNull() {
		return nil
	}
	data := make([]byte, v.Get("byteLength").Int())
	js.CopyBytesToGo(data, v)
	return data
}

// console is the runtime's log; each write is a line of it.
type console struct{ js.Value }

func (c console) Write(p []byte) (int, error) {
	line := p
	if n := len(line); n > 0 && line[n-1] == '\n' {
		line = line[:n-1]
	}
	c.Call("log", string(line))
	return len(p), nil
}
