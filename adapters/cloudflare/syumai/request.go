package syumai

import (
	"crypto/tls"
	"net/http"
)

// received returns the library's request as a server would: a path instead of an
// address, and a header with whole values. The peer's address is
// CF-Connecting-IP, which Cloudflare's network sets itself and lets no client set.
func received(r *http.Request) *http.Request {
	in := r.WithContext(r.Context())
	in.Header = join(r.Header)
	in.RemoteAddr = in.Header.Get("Cf-Connecting-Ip")
	in.Host = in.Header.Get("Host")
	if in.Host == "" {
		in.Host = r.URL.Host
	}
	in.Header.Del("Host")
	in.Proto, in.ProtoMajor, in.ProtoMinor = "HTTP/1.1", 1, 1
	in.TransferEncoding = nil
	u := *r.URL
	if u.Scheme == "https" {
		in.TLS = &tls.ConnectionState{}
	}
	u.Scheme, u.Host, u.User, u.Fragment, u.RawFragment = "", "", nil, "", ""
	in.URL = &u
	in.RequestURI = u.EscapedPath()
	if in.RequestURI == "" {
		in.RequestURI, u.Path = "/", "/"
	}
	if u.ForceQuery || u.RawQuery != "" {
		in.RequestURI += "?" + u.RawQuery
	}
	if in.Body == nil || in.Method == http.MethodGet || in.Method == http.MethodHead {
		in.Body, in.ContentLength = http.NoBody, 0
	}
	return in
}
