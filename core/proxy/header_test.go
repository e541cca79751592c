package proxy

import (
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"
)

// forward passes h through the rules and returns the application's header.
func forward(t *testing.T, r *Rules, h http.Header, a Additions) http.Header {
	t.Helper()
	before := h.Clone()
	out, err := r.Outgoing(&http.Request{Method: "GET", URL: mustURL(t, "/"), Header: h}, "/", a)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(h, before) {
		t.Fatalf("the incoming header was changed to %v", h)
	}
	return out.Header
}

func TestReservedNamesAreRemoved(t *testing.T) {
	names := []string{
		"X-Forwarded-User", "x-forwarded-user", "X_forwarded_user", "X-Forwarded_User", "X.Forwarded.User", "XForwardedUser",
		"X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Uri", "X-Forwarded-Port", "X-Forwarded-Prefix",
		"X-Forwarded-Access-Token", "X-Forwarded-Client-Cert", "X_forwarded_groups", "Forwarded", "Forwarded-",
		"X-Gatehouse-Assertion", "X_gatehouse_roles", "X-Gatehouse-Anything",
		"X-Auth-Request-User", "X-Auth-Request-Redirect", "X-Auth-User", "X-Auth-Username", "X-Auth-Email", "X-Auth-Groups",
		"X-Auth-Name", "X-Auth-Token", "X-Auth-Roles", "X-Auth-Subject", "X_auth_user",
		"Remote-User", "Remote_User", "Remote-Email", "Remote-Groups", "Remote-Name", "Remote-Addr", "X-Remote-User", "X-Remote-Group",
		"X-Webauth-User", "X-Webauth-Name", "X-Authenticated-Userid", "X-Authenticated-Scope", "X-Proxyuser", "X-Proxy-User",
		"Cf-Access-Jwt-Assertion", "Cf-Access-Authenticated-User-Email", "Cf-Connecting-Ip", "True-Client-Ip", "X-Client-Ip", "X-Real-Ip", "X_Real_Ip",
		"X-Amzn-Oidc-Data", "X-Amzn-Oidc-Identity", "X-Goog-Authenticated-User-Email", "X-Goog-Iap-Jwt-Assertion",
		"X-Ms-Client-Principal", "X-Ms-Client-Principal-Name", "X-Ms-Token-Aad-Access-Token", "X-Pomerium-Jwt-Assertion", "X-Vouch-User",
		"X-Consumer-Username", "X-Credential-Identifier", "Tailscale-User-Login", "Oidc_claim_sub", "Oidc-Access-Token",
		"X-User", "X-User-Id", "X-Email", "X-Groups", "X-Roles", "Iv-User", "Sm_user", "Client-Cert", "Ssl-Client-Verify", "X-Ssl-Client-S-Dn",
		"Client-Ip", "X-Originating-Ip", "X-Forward-For", "X-Azure-Clientip", "X-Nf-Client-Connection-Ip", "X-Envoy-External-Address",
		"X-Userinfo", "X-Id-Token", "X-Token-Subject", "X-Token-User-Email", "X-Jwt-Assertion", "X-Jwt-Claim-Sub", "X-Oidc-Subject",
		"X-Appengine-User-Email", "X-Amzn-Mtls-Clientcert-Subject", "X-Endpoint-Api-Userinfo", "X-Apigateway-Api-Userinfo", "Teleport-Jwt-Assertion",
		"X-Original-Url", "X-Original-Uri", "X-Rewrite-Url", "X_request_id", "Proxy",
		"Connection", "Keep-Alive", "Proxy-Connection", "Proxy-Authorization", "Trailer", "Transfer-Encoding", "Transfer_Encoding", "Upgrade",
		"Http2-Settings", "Content-Length", "Content_Length", "Authorization", "Host",
		"X-Forwarded-User ", "X-Forwarded\u017fUser", "", "A\r\nX-Forwarded-User",
		"X-Forwarded-" + strings.Repeat("a", 200), "X" + strings.Repeat("-", 200) + "Forwarded-User",
	}
	r := testRules(t)
	for _, name := range names {
		if got := forward(t, r, http.Header{name: {"admin"}}, Additions{}); len(got) != 0 {
			t.Errorf("%q reached the application: %v", name, got)
		}
	}
}

func TestOtherNamesAreKept(t *testing.T) {
	h := http.Header{}
	for _, name := range []string{
		"Accept", "Accept-Encoding", "User-Agent", "Content-Type", "X-Requested-With", "X-Csrf-Token", "X-Http-Method-Override",
		"X-User-Agent", "X-Grpc-Web", "Range", "If-None-Match", "Sec-Websocket-Key", "Origin", "Referer", "Traceparent", "X-Api-Key",
		"X-Forward", "X-Author", "Remote", "X-Custom_header", "X-" + strings.Repeat("long-", 40), "Sec-Fetch-Site", "Expect", "Te-Custom",
	} {
		h[name] = []string{"a", "b"}
	}
	if got := forward(t, testRules(t), h, Additions{}); !reflect.DeepEqual(got, h) {
		t.Errorf("got  %v\nwant %v", got, h)
	}
}

func TestConfiguredNamesAreRemoved(t *testing.T) {
	r := testRules(t, func(o *Options) {
		o.HeaderUser = "Remote-Subject"
		o.StripHeaders = []string{"x-tenant", "X-" + strings.Repeat("Long", 30)}
	})
	for _, name := range []string{"Remote-Subject", "Remote_subject", "X-Tenant", "X_Tenant", "Xtenant", "X_" + strings.Repeat("Long", 30), "X-Forwarded-User"} {
		if got := forward(t, r, http.Header{name: {"a"}}, Additions{}); len(got) != 0 {
			t.Errorf("%q reached the application: %v", name, got)
		}
	}
	if got := forward(t, r, http.Header{"X-Tenants": {"a"}}, Additions{}); len(got) != 1 {
		t.Error("a longer name was removed")
	}
}

func TestHopByHopRequestHeaders(t *testing.T) {
	r := testRules(t)
	tests := []struct {
		name     string
		in, want http.Header
	}{
		{"what Connection lists", http.Header{"Connection": {"close, X-Hop", " x-other ,"}, "X-Hop": {"1"}, "x-other": {"1"}, "X-Stays": {"1"}}, http.Header{"X-Stays": {"1"}}},
		{"trailers of TE", http.Header{"Te": {"deflate, Trailers"}}, http.Header{"Te": {"trailers"}}},
		{"TE without trailers", http.Header{"Te": {"gzip"}}, http.Header{}},
		{"TE listed in Connection", http.Header{"Connection": {"TE"}, "Te": {"trailers"}}, http.Header{"Te": {"trailers"}}},
		{"WebSocket handshake", http.Header{"Connection": {"keep-alive, Upgrade, X-A"}, "Upgrade": {"WebSocket"}, "X-A": {"1"}, "Sec-Websocket-Version": {"13"}}, http.Header{"Connection": {"Upgrade"}, "Upgrade": {"websocket"}, "Sec-Websocket-Version": {"13"}}},
		{"upgrade to something else", http.Header{"Connection": {"Upgrade, HTTP2-Settings"}, "Upgrade": {"h2c"}, "Http2-Settings": {"x"}}, http.Header{}},
		{"upgrade without Connection", http.Header{"Upgrade": {"websocket"}}, http.Header{}},
		{"two upgrades", http.Header{"Connection": {"Upgrade"}, "Upgrade": {"websocket", "h2c"}}, http.Header{}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := forward(t, r, test.in, Additions{}); !reflect.DeepEqual(got, test.want) {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

// The work for a header grows as its size does: this one would cost a thousand million
// comparisons otherwise.
func TestManyNamesInConnection(t *testing.T) {
	h := http.Header{"Connection": {strings.Repeat("q,", 50_000)}}
	for i := range 20_000 {
		h[http.CanonicalHeaderKey(fmt.Sprintf("a%x", i))] = []string{""}
	}
	r := testRules(t)
	began := time.Now()
	if _, err := r.Outgoing(&http.Request{Method: "GET", URL: mustURL(t, "/"), Header: h}, "/", Additions{}); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took > 1500*time.Millisecond {
		t.Errorf("50,000 names in Connection and 20,000 headers took %v", took)
	}
}

func TestIsUpgradeNeedsGET(t *testing.T) {
	h := http.Header{"Connection": {"Upgrade"}, "Upgrade": {"websocket"}}
	if !IsUpgrade(&http.Request{Method: "GET", Header: h}) || IsUpgrade(&http.Request{Method: "POST", Header: h}) {
		t.Error("RFC 6455 section 4.1: the method of a handshake is GET")
	}
}

func TestAuthorization(t *testing.T) {
	in := http.Header{"Authorization": {"Bearer x"}}
	if got := forward(t, testRules(t), in, Additions{}); len(got) != 0 {
		t.Errorf("forwarded: %v", got)
	}
	passing := testRules(t, func(o *Options) { o.PassAuthorization = true })
	if got := forward(t, passing, in, Additions{}); !reflect.DeepEqual(got, in) {
		t.Errorf("not forwarded: %v", got)
	}
}

func FuzzHeaderNames(f *testing.F) {
	for _, seed := range []string{"X-Forwarded-User", "x_forwarded_user", "X.Forwarded-User", "Forwarded", "X-Forwarded\u2010User", "Transfer_Encoding", "Accept", "Xf-Orwarded"} {
		f.Add(seed)
	}
	r := testRules(f)
	f.Fuzz(func(t *testing.T, name string) {
		got := forward(t, r, http.Header{name: {"admin"}}, Additions{Peer: Peer{chain: "192.0.2.1"}, RequestID: "r1"})
		if len(got["X-Forwarded-For"]) != 1 || got["X-Forwarded-For"][0] != "192.0.2.1" || len(got["X-Request-Id"]) != 1 {
			t.Fatalf("the gateway's headers are missing: %v", got)
		}
		for key := range got {
			if key == "X-Forwarded-For" || key == "X-Request-Id" {
				continue
			}
			// The folding that CGI and WSGI do, and more of it.
			folded := strings.Map(func(c rune) rune {
				if strings.ContainsRune("-_.", c) {
					return -1
				}
				return c
			}, strings.ToLower(strings.ToUpper(key)))
			if strings.HasPrefix(folded, "xforwarded") || strings.HasPrefix(folded, "xgatehouse") || folded == "forwarded" || strings.HasPrefix(folded, "remoteuser") ||
				folded == "transferencoding" || folded == "contentlength" || folded == "authorization" || strings.ContainsAny(key, "\r\n\x00: ") {
				t.Fatalf("%q reached the application", key)
			}
		}
	})
}
