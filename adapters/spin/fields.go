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
	list := make([]wasi.Field, 0, len(h)+2)
	for name, values := range h {
		name = strings.ToLower(name)
		if forbidden[name] {
			continue
		}
		for _, v := range values {
			list = append(list, wasi.Field{Name: name, Value: v})
		}
	}
	slices.SortStableFunc(list, func(a, b wasi.Field) int { return strings.Compare(a.Name, b.Name) })
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
