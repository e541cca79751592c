package wasihost

import (
	"net/http"
	"slices"
	"strings"
)

// Methods and schemes in the order of their variants; behind the last comes "other".
var (
	methods = []string{"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"}
	schemes = []string{"http", "https"}
)

// named is the case for a name, "other" with the name if it has none.
func named(names []string, name string) choice {
	if i := slices.Index(names, name); i >= 0 {
		return choice{number: i}
	}
	return choice{len(names), name}
}

// nameOf is the name of a case.
func nameOf(names []string, c choice) string {
	if c.number < len(names) {
		return names[c.number]
	}
	return c.value.(string)
}

// incomingRequest is a resource of wasi:http/types.
type incomingRequest struct {
	*exchange
	consumed bool
}

// incoming makes the resources that the handler is called with.
func (in *instance) incoming(x *exchange) (request, outparam uint32) {
	x.body.notify = in.notify
	types := in.defined.interfaces["wasi:http/types"]
	return in.table.add(types["incoming-request"].resource, &incomingRequest{exchange: x}),
		in.table.add(types["response-outparam"].resource, &responseOutparam{x})
}

var _ = implement("wasi:http/types", map[string]func(in *instance, args []any) any{
	"[method]incoming-request.method": func(_ *instance, args []any) any {
		return named(methods, args[0].(*incomingRequest).r.Method)
	},
	"[method]incoming-request.path-with-query": func(_ *instance, args []any) any {
		return optional(args[0].(*incomingRequest).path)
	},
	"[method]incoming-request.scheme": func(_ *instance, args []any) any {
		return some(named(schemes, "http"))
	},
	"[method]incoming-request.authority": func(_ *instance, args []any) any {
		return optional(args[0].(*incomingRequest).r.Host)
	},
	"[method]incoming-request.headers": func(in *instance, args []any) any {
		r := args[0].(*incomingRequest)
		var more [][2]string
		if in.env.Fields != nil {
			more = in.env.Fields(r.r)
		}
		return childOf{r, fieldsOf(r.r.Header, more...)}
	},
	"[method]incoming-request.consume": func(_ *instance, args []any) any {
		r := args[0].(*incomingRequest)
		if r.consumed {
			return failed(nil)
		}
		r.consumed = true
		return ok(&incomingBody{source: r.body, done: r.body.close})
	},
})

// SpinFields are the fields that Spin adds to every request, behind those of the
// client, which may have the same names.
func SpinFields(r *http.Request) [][2]string {
	path, _, _ := strings.Cut(r.URL.RequestURI(), "?")
	return [][2]string{
		{"spin-path-info", path}, {"spin-full-url", "http://" + r.Host + r.URL.RequestURI()},
		{"spin-matched-route", "/..."}, {"spin-base-path", "/"}, {"spin-raw-component-route", "/..."},
		{"spin-component-route", ""}, {"spin-client-addr", r.RemoteAddr},
	}
}
