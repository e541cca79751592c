package native

import (
	"net"
	"net/http"
	"time"
)

// newFetch returns a transport for calls to the provider, or to a store: used as a RoundTripper,
// so that redirects are not followed. HTTPS_PROXY, HTTP_PROXY and NO_PROXY apply (a
// proxy sees the names of the provider's hosts only, since the calls are https, and
// Go never uses one for loopback addresses). The core bounds every call in time and
// size; the limits here are for connections, which outlive a call.
func newFetch() *http.Transport {
	dialer := &net.Dialer{Timeout: 5 * time.Second, KeepAlive: 30 * time.Second}
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            dialer.DialContext,
		ForceAttemptHTTP2:      true,
		TLSHandshakeTimeout:    5 * time.Second,
		ResponseHeaderTimeout:  60 * time.Second,
		MaxIdleConns:           64,
		MaxIdleConnsPerHost:    16,
		MaxConnsPerHost:        64,
		IdleConnTimeout:        90 * time.Second,
		MaxResponseHeaderBytes: 64 << 10,
	}
}
