package wasihost

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// outgoingRequest is a resource of wasi:http/types.
type outgoingRequest struct {
	method                  choice
	scheme, authority, path choice // options
	fields                  *fields
	body                    *outgoingBody // nil until it is asked for
}

// drop breaks off the body of a request that is not sent.
func (r *outgoingRequest) drop() {
	if r.body != nil {
		r.body.drop()
	}
}

// address is the URL of the request, as the module spells it.
func (r *outgoingRequest) address() (*url.URL, bool) {
	scheme, path := "https", "/"
	if r.scheme.number == 1 {
		scheme = nameOf(schemes, r.scheme.value.(choice))
	}
	if r.path.number == 1 {
		path = r.path.value.(string)
	}
	if r.authority.number == 0 || scheme != "http" && scheme != "https" {
		return nil, false
	}
	u, err := url.Parse(scheme + "://" + r.authority.value.(string) + path)
	return u, err == nil
}

// message makes the request of it that the network gets.
func (r *outgoingRequest) message() (*http.Request, *choice) {
	u, valid := r.address()
	if !valid {
		return nil, &choice{number: uriInvalid}
	}
	req := &http.Request{
		Method: nameOf(methods, r.method), URL: u, Host: u.Host, Header: r.fields.header(),
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Body: http.NoBody,
	}
	if r.body != nil {
		req.Body, req.ContentLength = r.body.pipe, r.body.length
	} else if n, err := strconv.Atoi(req.Header.Get("Content-Length")); err == nil && n > 0 {
		return nil, &choice{requestBodySize, none}
	}
	return req, nil
}

// requestOptions is a resource of wasi:http/types.
type requestOptions struct{ connect, firstByte, betweenBytes choice }

// duration is the value of an option; 0 is none.
func duration(c choice) time.Duration {
	if c.number == 0 {
		return 0
	}
	return max(1, time.Duration(min(c.value.(uint64), 1<<62)))
}

// set stores an argument that is valid.
func set(place *choice, v any, valid func(string) bool) any {
	c := v.(choice)
	if c.number == 1 && !valid(c.value.(string)) {
		return failed(nil)
	}
	*place = c
	return ok(nil)
}

// isPath reports whether s can stand behind an authority.
func isPath(s string) bool {
	return (s == "" || s[0] == '/' || s[0] == '?' || s == "*") && !strings.ContainsFunc(s, func(r rune) bool {
		return r <= ' ' || r == 0x7F || strings.ContainsRune("<>\\^`#", r)
	})
}

func isAuthority(s string) bool {
	u, err := url.Parse("http://" + s)
	return err == nil && s != "" && u.Host == s
}

func timeout(name string, of func(*requestOptions) *choice) bool {
	return implement("wasi:http/types", map[string]func(in *instance, args []any) any{
		"[method]request-options." + name: func(_ *instance, args []any) any {
			return *of(args[0].(*requestOptions))
		},
		"[method]request-options.set-" + name: func(_ *instance, args []any) any {
			*of(args[0].(*requestOptions)) = args[1].(choice)
			return ok(nil)
		},
	})
}

var (
	_ = timeout("connect-timeout", func(o *requestOptions) *choice { return &o.connect })
	_ = timeout("first-byte-timeout", func(o *requestOptions) *choice { return &o.firstByte })
	_ = timeout("between-bytes-timeout", func(o *requestOptions) *choice { return &o.betweenBytes })
)

var _ = implement("wasi:http/types", map[string]func(in *instance, args []any) any{
	"[constructor]request-options": func(*instance, []any) any { return &requestOptions{} },
	"[constructor]outgoing-request": func(_ *instance, args []any) any {
		return &outgoingRequest{fields: args[0].(*fields)}
	},
	"[method]outgoing-request.body": func(in *instance, args []any) any {
		r := args[0].(*outgoingRequest)
		if r.body != nil {
			return failed(nil)
		}
		r.body = in.newOutgoingBody(r.fields, requestBodySize)
		return ok(r.body)
	},
	"[method]outgoing-request.method": func(_ *instance, args []any) any { return args[0].(*outgoingRequest).method },
	"[method]outgoing-request.set-method": func(_ *instance, args []any) any {
		c := args[1].(choice)
		if !isToken(nameOf(methods, c)) {
			return failed(nil)
		}
		args[0].(*outgoingRequest).method = c
		return ok(nil)
	},
	"[method]outgoing-request.path-with-query": func(_ *instance, args []any) any { return args[0].(*outgoingRequest).path },
	"[method]outgoing-request.set-path-with-query": func(_ *instance, args []any) any {
		return set(&args[0].(*outgoingRequest).path, args[1], isPath)
	},
	"[method]outgoing-request.scheme": func(_ *instance, args []any) any { return args[0].(*outgoingRequest).scheme },
	"[method]outgoing-request.set-scheme": func(_ *instance, args []any) any {
		args[0].(*outgoingRequest).scheme = args[1].(choice)
		return ok(nil)
	},
	"[method]outgoing-request.authority": func(_ *instance, args []any) any { return args[0].(*outgoingRequest).authority },
	"[method]outgoing-request.set-authority": func(_ *instance, args []any) any {
		return set(&args[0].(*outgoingRequest).authority, args[1], isAuthority)
	},
	"[method]outgoing-request.headers": func(_ *instance, args []any) any {
		r := args[0].(*outgoingRequest)
		return childOf{r, r.fields.view()}
	},
})
