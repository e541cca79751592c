package spin

import (
	"net/http"
	"net/textproto"
	"slices"
	"strings"

	"gatehouse/adapters/spin/wasi"
)

// forbidden are fields that are the host's own and that hosts refuse: those of one
// connection (RFC 9110, section 7.6.1), and Host, which is the authority.
var forbidden = map[string]bool{
	"connection": true, "host": true, "http2-settings": true, "keep-alive": true,
	"proxy-authenticate": true, "proxy-authorization": true, "proxy-connection": true,
	"te": true, "trailer": true, "transfer-encoding": true, "upgrade": true,
}

// fieldsOf lists h for the host, sorted by name, one field for each value.
func fieldsOf(h http.Header) []wasi.Field {
	names := make([]string, 0, len(h))
	for name := range h {
		names = append(names, name)
	}
	slices.Sort(names)
	list := make([]wasi.Field, 0, len(h)+2)
	for _, name := range names {
		lower := strings.ToLower(name)
		if forbidden[lower] {
			continue
		}
		for _, v := range h[name] {
			list = append(list, wasi.Field{Name: lower, Value: v})
		}
	}
	return list
}

// headerOf is the header that fields make.
func headerOf(fields []wasi.Field) http.Header {
	h := make(http.Header, len(fields))
	for _, f := range fields {
		name := textproto.CanonicalMIMEHeaderKey(f.Name)
		h[name] = append(h[name], f.Value)
	}
	return h
}
