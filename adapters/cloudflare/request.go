package cloudflare

import (
	"context"
	"crypto/tls"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// newRequest makes the request that the core sees of what the runtime knows: method,
// URL and header. It has no body. The peer's address is CF-Connecting-IP, which
// Cloudflare's network sets itself and lets no client set. Only the method is
// meaningful when there is an error: the target is no URL.
func newRequest(ctx context.Context, text string) (*http.Request, error) {
	fields, header := split(text, 2)
	in := (&http.Request{
		Method: fields[0], Header: header,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Body: http.NoBody,
	}).WithContext(ctx)
	u, target, err := parseTarget(fields[1])
	if err != nil {
		return in, err
	}
	in.Host, in.RequestURI = u.Host, target
	if hosts := header["Host"]; len(hosts) > 0 {
		in.Host = hosts[0]
	}
	delete(header, "Host")
	if u.Scheme == "https" {
		in.TLS = &tls.ConnectionState{}
	}
	in.URL = u
	u.Scheme, u.Host = "", ""
	if peers := header["Cf-Connecting-Ip"]; len(peers) == 1 {
		in.RemoteAddr = peers[0]
	}
	in.ContentLength = contentLength(in.Method, header)
	return in, nil
}

// parseTarget takes an absolute URL apart as a server does with a request's target:
// the runtime has put scheme and host in front of it.
func parseTarget(raw string) (*url.URL, string, error) {
	scheme, rest, ok := strings.Cut(raw, "://")
	if !ok {
		return nil, "", url.InvalidHostError("")
	}
	i := strings.IndexAny(rest, "/?#")
	host, target := rest, "/"
	if i >= 0 {
		host, target = rest[:i], rest[i:]
	}
	if target[0] != '/' {
		target = "/" + target
	}
	u, err := url.ParseRequestURI(target)
	if err != nil {
		return nil, "", err
	}
	// "//x" at the beginning of a target is a path (RFC 9112, section 3.2.1).
	if u.Host != "" {
		if u, err = url.ParseRequestURI("/" + strings.TrimLeft(target, "/")); err != nil {
			return nil, "", err
		}
		slashes := target[:len(target)-len(strings.TrimLeft(target, "/"))-1]
		u.Path = slashes + u.Path
		if u.RawPath != "" {
			u.RawPath = slashes + u.RawPath
		}
	}
	u.Scheme, u.Host = scheme, host
	return u, target, nil
}

// contentLength is the length that the client announced, -1 when it did not. GET and
// HEAD have none: the runtime can send no body with them.
func contentLength(method string, header http.Header) int64 {
	if method == http.MethodGet || method == http.MethodHead {
		return 0
	}
	values := header["Content-Length"]
	if len(values) != 1 {
		return -1
	}
	n, err := strconv.ParseInt(values[0], 10, 64)
	if err != nil || n < 0 {
		return -1
	}
	return n
}
