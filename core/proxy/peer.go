package proxy

import (
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

// maxHops bounds the proxies that X-Forwarded-For may list behind the client.
const maxHops = 32

// Peer is who a request came from and which origin it was made to.
type Peer struct {
	// Addr is the client's address, not valid when unknown. It is never mapped
	// (RFC 4291 section 2.5.5.2) and has no zone.
	Addr netip.Addr
	// Origin is the listed public origin of the request, or the default one.
	Origin *url.URL
	// Listed is false when the request names a host that no origin has.
	Listed bool

	// chain is the value of X-Forwarded-For for the application.
	chain string
}

// Peer determines the client. X-Forwarded-For, -Host and -Proto are believed only
// from a peer in TrustedProxies: the addresses are walked from the right, past
// trusted ones; a header that is malformed on the way counts for nothing.
func (r *Rules) Peer(req *http.Request) Peer {
	addr := parseAddr(req.RemoteAddr)
	p := Peer{Addr: addr}
	host, proto := req.Host, ""
	if addr.IsValid() {
		p.chain = addr.String()
		if r.trusts(addr) {
			if client, chain, ok := r.client(req.Header["X-Forwarded-For"]); ok {
				p.Addr, p.chain = client, chain+", "+p.chain
			}
			if v, ok := single(req.Header["X-Forwarded-Host"]); ok {
				host = v
			}
			if v, ok := single(req.Header["X-Forwarded-Proto"]); ok {
				proto = strings.ToLower(v)
			}
		}
	}
	if proto == "" && req.TLS != nil {
		proto = "https"
	}
	p.Origin, p.Listed = r.origin(host, proto)
	return p
}

// client walks the X-Forwarded-For lines. chain lists the client and the proxies
// behind it.
func (r *Rules) client(lines []string) (client netip.Addr, chain string, ok bool) {
	hops := 0
	for l := len(lines) - 1; l >= 0; l-- {
		rest, more := lines[l], true
		for more {
			item := rest
			i := strings.LastIndexByte(rest, ',')
			if more = i >= 0; more {
				rest, item = rest[:i], rest[i+1:]
			}
			if item = strings.Trim(item, " \t"); item == "" {
				continue // RFC 9110 section 5.6.1.2
			}
			addr := parseAddr(item)
			if hops++; !addr.IsValid() || hops > maxHops {
				return netip.Addr{}, "", false
			}
			client = addr
			if chain == "" {
				chain = addr.String()
			} else {
				chain = addr.String() + ", " + chain
			}
			if !r.trusts(addr) {
				return client, chain, true
			}
		}
	}
	return client, chain, client.IsValid()
}

func (r *Rules) trusts(addr netip.Addr) bool {
	for _, prefix := range r.trusted {
		if prefix.Contains(addr) {
			return true
		}
	}
	return false
}

// origin finds the public origin with the given host. proto decides between
// origins that differ in nothing else, and is otherwise ignored.
func (r *Rules) origin(host, proto string) (*url.URL, bool) {
	var found *url.URL
	for _, o := range r.origins {
		if !sameHost(o, host) {
			continue
		}
		if o.Scheme == proto {
			return o, true
		}
		if found == nil {
			found = o
		}
	}
	if found != nil {
		return found, true
	}
	if len(r.origins) == 0 {
		return nil, false
	}
	return r.origins[0], false
}

// Same reports whether u is the address of path, which is canonical, on origin, whatever
// its query and fragment. Spellings that are equal after the normalisation of RFC 3986,
// sections 6.2.2 and 6.2.3, or as [Rules.Path] reads them, are one.
func (r *Rules) Same(u, origin *url.URL, path string) bool {
	if origin == nil || u.Scheme != origin.Scheme || !sameHost(origin, u.Host) {
		return false
	}
	got, err := r.Path(&http.Request{Method: http.MethodGet, URL: u})
	return err == nil && got == path
}

// sameHost compares host with o's, whose default port may be spelled out.
func sameHost(o *url.URL, host string) bool {
	if n := len(o.Host); len(host) > n && o.Port() == "" {
		if port := host[n:]; o.Scheme == "https" && port == ":443" || o.Scheme == "http" && port == ":80" {
			host = host[:n]
		}
	}
	return strings.EqualFold(o.Host, host)
}

// single returns the only value of a header that may have one.
func single(values []string) (string, bool) {
	if len(values) != 1 || strings.IndexByte(values[0], ',') >= 0 {
		return "", false
	}
	v := strings.Trim(values[0], " \t")
	return v, v != ""
}

// parseAddr reads an IP address with or without a port.
func parseAddr(s string) netip.Addr {
	var addr netip.Addr
	switch bracketed := strings.HasPrefix(s, "["); {
	case bracketed && strings.HasSuffix(s, "]"):
		addr, _ = netip.ParseAddr(s[1 : len(s)-1])
	case bracketed || strings.Count(s, ":") == 1:
		withPort, _ := netip.ParseAddrPort(s)
		addr = withPort.Addr()
	default:
		addr, _ = netip.ParseAddr(s)
	}
	return addr.Unmap().WithZone("")
}

func unmapPrefixes(list []netip.Prefix) []netip.Prefix {
	out := make([]netip.Prefix, 0, len(list))
	for _, p := range list {
		if p.Addr().Is4In6() && p.Bits() >= 96 {
			p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
		}
		out = append(out, p)
	}
	return out
}

// LimitKey names the client for rate limits: an IPv4 address, or the /64 network
// that one IPv6 client commonly has to itself, or "unknown".
func LimitKey(addr netip.Addr) string {
	addr = addr.Unmap().WithZone("")
	if addr.Is6() {
		network, _ := addr.Prefix(64)
		return network.String()
	}
	if !addr.IsValid() {
		return "unknown"
	}
	return addr.String()
}
