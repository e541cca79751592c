package proxy

import (
	"crypto/tls"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"
)

func trustingRules(t testing.TB) *Rules {
	return testRules(t, func(o *Options) {
		o.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("::1/128"), netip.MustParsePrefix("::ffff:172.16.0.0/108")}
		o.Origins = append(o.Origins, mustURL(t, "https://b.example:8443"), mustURL(t, "http://app.example.com"))
	})
}

func TestPeerAddress(t *testing.T) {
	tests := []struct {
		name, remote string
		forwarded    []string
		addr, chain  string
	}{
		{"untrusted peer", "192.0.2.1:4711", []string{"127.0.0.1"}, "192.0.2.1", "192.0.2.1"},
		{"address without a port", "192.0.2.1", nil, "192.0.2.1", "192.0.2.1"},
		{"IPv6 with a zone", "[fe80::1%eth0]:80", nil, "fe80::1", "fe80::1"},
		{"bracketed IPv6 without a port", "[2001:db8::1]", nil, "2001:db8::1", "2001:db8::1"},
		{"mapped IPv4", "[::ffff:192.0.2.1]:80", nil, "192.0.2.1", "192.0.2.1"},
		{"unknown", "", []string{"192.0.2.9"}, "", ""},
		{"socket path", "@", []string{"192.0.2.9"}, "", ""},
		{"trusted peer without the header", "10.0.0.1:1", nil, "10.0.0.1", "10.0.0.1"},
		{"trusted peer", "10.0.0.1:1", []string{"192.0.2.9"}, "192.0.2.9", "192.0.2.9, 10.0.0.1"},
		{"trusted mapped peer", "[::ffff:10.0.0.1]:1", []string{"192.0.2.9"}, "192.0.2.9", "192.0.2.9, 10.0.0.1"},
		{"trusted by a mapped prefix", "172.16.5.5:1", []string{"192.0.2.9"}, "192.0.2.9", "192.0.2.9, 172.16.5.5"},
		{"trusted IPv6 peer", "[::1]:1", []string{"[2001:db8::5]:99"}, "2001:db8::5", "2001:db8::5, ::1"},
		{"address with a port", "10.0.0.1:1", []string{"192.0.2.9:1234"}, "192.0.2.9", "192.0.2.9, 10.0.0.1"},
		{"what the client made up is left out", "10.0.0.1:1", []string{"127.0.0.1, 192.0.2.9, 10.0.0.7"}, "192.0.2.9", "192.0.2.9, 10.0.0.7, 10.0.0.1"},
		{"several lines", "10.0.0.1:1", []string{"127.0.0.1", "192.0.2.9,,", "10.0.0.7"}, "192.0.2.9", "192.0.2.9, 10.0.0.7, 10.0.0.1"},
		{"all trusted", "10.0.0.1:1", []string{"10.0.0.3, 10.0.0.2"}, "10.0.0.3", "10.0.0.3, 10.0.0.2, 10.0.0.1"},
		{"malformed on the way", "10.0.0.1:1", []string{"192.0.2.9, unknown"}, "10.0.0.1", "10.0.0.1"},
		{"malformed beyond the client", "10.0.0.1:1", []string{"x\", 192.0.2.9"}, "192.0.2.9", "192.0.2.9, 10.0.0.1"},
		{"more proxies than there can be", "10.0.0.1:1", []string{"192.0.2.9" + strings.Repeat(", 10.0.0.2", maxHops)}, "10.0.0.1", "10.0.0.1"},
		{"empty header", "10.0.0.1:1", []string{" , "}, "10.0.0.1", "10.0.0.1"},
	}
	r := trustingRules(t)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := r.Peer(&http.Request{RemoteAddr: test.remote, Header: http.Header{"X-Forwarded-For": test.forwarded}})
			got := ""
			if p.Addr.IsValid() {
				got = p.Addr.String()
			}
			if got != test.addr || p.chain != test.chain {
				t.Errorf("= %q, %q; want %q, %q", got, p.chain, test.addr, test.chain)
			}
		})
	}
}

func TestNobodyIsTrustedByDefault(t *testing.T) {
	p := testRules(t).Peer(&http.Request{RemoteAddr: "127.0.0.1:1", Host: "app.example.com", Header: http.Header{
		"X-Forwarded-For": {"192.0.2.1"}, "X-Forwarded-Host": {"evil.example"}, "X-Forwarded-Proto": {"evil_protocol"},
	}})
	if p.Addr.String() != "127.0.0.1" || p.Origin.String() != "https://app.example.com" || !p.Listed {
		t.Errorf("= %+v", p)
	}
}

func TestPeerOrigin(t *testing.T) {
	tests := []struct {
		name, remote, host string
		forwarded          http.Header
		origin             string
		listed             bool
	}{
		{"default origin", "192.0.2.1:1", "app.example.com", nil, "https://app.example.com", true},
		{"host in other case", "192.0.2.1:1", "APP.example.COM", nil, "https://app.example.com", true},
		{"default port", "192.0.2.1:1", "app.example.com:443", nil, "https://app.example.com", true},
		{"other port", "192.0.2.1:1", "app.example.com:444", nil, "https://app.example.com", false},
		{"further origin", "192.0.2.1:1", "b.example:8443", nil, "https://b.example:8443", true},
		{"further origin without its port", "192.0.2.1:1", "b.example", nil, "https://app.example.com", false},
		{"unlisted host", "192.0.2.1:1", "evil.example", nil, "https://app.example.com", false},
		{"no host", "192.0.2.1:1", "", nil, "https://app.example.com", false},
		{"lookalike host", "192.0.2.1:1", "evil-app.example.com", nil, "https://app.example.com", false},
		{"host with user", "192.0.2.1:1", "x@app.example.com", nil, "https://app.example.com", false},
		{"forwarded host from a stranger", "192.0.2.1:1", "app.example.com", http.Header{"X-Forwarded-Host": {"b.example:8443"}}, "https://app.example.com", true},
		{"forwarded host from a trusted peer", "10.0.0.1:1", "internal", http.Header{"X-Forwarded-Host": {"b.example:8443"}}, "https://b.example:8443", true},
		{"unlisted forwarded host", "10.0.0.1:1", "app.example.com", http.Header{"X-Forwarded-Host": {"evil.example"}}, "https://app.example.com", false},
		{"two forwarded hosts count for nothing", "10.0.0.1:1", "app.example.com", http.Header{"X-Forwarded-Host": {"b.example:8443", "x"}}, "https://app.example.com", true},
		{"list of forwarded hosts counts for nothing", "10.0.0.1:1", "app.example.com", http.Header{"X-Forwarded-Host": {"b.example:8443, x"}}, "https://app.example.com", true},
		{"forwarded scheme chooses", "10.0.0.1:1", "app.example.com", http.Header{"X-Forwarded-Proto": {"HTTP"}}, "http://app.example.com", true},
		{"forwarded scheme that is none", "10.0.0.1:1", "app.example.com", http.Header{"X-Forwarded-Proto": {"evil_protocol"}}, "https://app.example.com", true},
		{"forwarded scheme from a stranger", "192.0.2.1:1", "app.example.com", http.Header{"X-Forwarded-Proto": {"http"}}, "https://app.example.com", true},
	}
	r := trustingRules(t)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := r.Peer(&http.Request{RemoteAddr: test.remote, Host: test.host, Header: test.forwarded})
			if p.Origin.String() != test.origin || p.Listed != test.listed {
				t.Errorf("= %v, %v; want %v, %v", p.Origin, p.Listed, test.origin, test.listed)
			}
		})
	}
	both := testRules(t, func(o *Options) {
		o.Origins = []*url.URL{mustURL(t, "http://a.example"), mustURL(t, "https://a.example")}
	})
	if p := both.Peer(&http.Request{Host: "a.example", TLS: &tls.ConnectionState{}}); p.Origin.Scheme != "https" {
		t.Error("TLS does not choose between origins")
	}
}

func TestLimitKey(t *testing.T) {
	for in, want := range map[string]string{
		"192.0.2.1": "192.0.2.1", "::ffff:192.0.2.1": "192.0.2.1", "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64", "2001:db8:1:2::9": "2001:db8:1:2::/64",
		"fe80::1%eth0": "fe80::/64",
	} {
		if got := LimitKey(netip.MustParseAddr(in)); got != want {
			t.Errorf("LimitKey(%s) = %q, want %q", in, got, want)
		}
	}
	if got := LimitKey(netip.Addr{}); got != "unknown" {
		t.Errorf("LimitKey of none = %q", got)
	}
}

func FuzzForwardedFor(f *testing.F) {
	for _, seed := range []string{"192.0.2.1", "1.2.3.4, 10.0.0.2", "[::1]:80,10.0.0.1", "unknown", ",,", "::ffff:10.0.0.1", "fe80::1%a,b"} {
		f.Add(seed, seed)
	}
	r := trustingRules(f)
	f.Fuzz(func(t *testing.T, first, second string) {
		h := http.Header{"X-Forwarded-For": {first, second}}
		if p := r.Peer(&http.Request{RemoteAddr: "192.0.2.77:1", Header: h}); p.chain != "192.0.2.77" || p.Addr.String() != p.chain {
			t.Fatalf("a stranger was believed: %+v", p)
		}
		p := r.Peer(&http.Request{RemoteAddr: "10.0.0.1:1", Header: h})
		items := strings.Split(p.chain, ", ")
		if items[0] != p.Addr.String() || items[len(items)-1] != "10.0.0.1" || len(items) > maxHops+1 {
			t.Fatalf("chain %q of %v", p.chain, p.Addr)
		}
		for i, item := range items {
			addr, err := netip.ParseAddr(item)
			if err != nil || addr.String() != item || i > 0 && !r.trusts(addr) {
				t.Fatalf("chain %q", p.chain)
			}
		}
		// What anybody puts in front of the client's address changes nothing.
		if !r.trusts(p.Addr) {
			h["X-Forwarded-For"] = append([]string{"10.9.9.9, 127.0.0.1"}, h["X-Forwarded-For"]...)
			if again := r.Peer(&http.Request{RemoteAddr: "10.0.0.1:1", Header: h}); again.chain != p.chain {
				t.Fatalf("%q became %q", p.chain, again.chain)
			}
		}
	})
}

func TestSame(t *testing.T) {
	r := testRules(t)
	app, port, plain := mustURL(t, "https://app.example.com"), mustURL(t, "https://app.example.com:8443"), mustURL(t, "http://app.example.com")
	for _, c := range []struct {
		address string
		origin  *url.URL
		path    string
		same    bool
	}{
		{"https://app.example.com/x", app, "/x", true},
		{"HTTPS://APP.EXAMPLE.COM:443/x?q=1#f", app, "/x", true},
		{"https://app.example.com/a/../%78", app, "/x", true},
		{"https://app.example.com/%c3%a4", app, "/%C3%A4", true},
		{"https://app.example.com", app, "/", true},
		{"https://app.example.com?q", app, "/", true},
		{"https://app.example.com/raw/a%2fb", app, "/raw/a%2Fb", true},
		{"https://app.example.com:8443/x", port, "/x", true},
		{"http://app.example.com:80/x", plain, "/x", true},

		{"https://app.example.com/x/", app, "/x", false},
		{"https://app.example.com/X", app, "/x", false},
		{"https://app.example.com/x%2f", app, "/x", false},
		{"https://app.example.com/raw/a%2fb", app, "/raw/a/b", false},
		{"http://app.example.com/x", app, "/x", false},
		{"http://app.example.com:443/x", app, "/x", false},
		{"https://app.example.com:8443/x", app, "/x", false},
		{"https://app.example.com/x", port, "/x", false},
		{"https://app.example.com.evil.example/x", app, "/x", false},
		{"https://evil.example/x", app, "/x", false},
		{"https://app.example.com@evil.example/x", app, "/x", false},
		{"https://evil@app.example.com/x", app, "/x", false},
		{"//app.example.com/x", app, "/x", false},
		{"/x", app, "/x", false},
		{"https:app.example.com/x", app, "/x", false},
		{"", app, "/", false},
		{"https://app.example.com/x", nil, "/x", false},
	} {
		if got := r.Same(mustURL(t, c.address), c.origin, c.path); got != c.same {
			t.Errorf("%s is %s on %v: %v", c.address, c.path, c.origin, got)
		}
	}
}
