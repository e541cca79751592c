package oidc

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"gatehouse/core/egress"
	"gatehouse/core/stepup"
)

const testRequestURI = "urn:ietf:params:oauth:request_uri:6esc_11ACC5bwc014ltc14eY22c"

// pushing is a fake that offers pushed requests and answers them with body.
func pushing(t testing.TB, status int, body string) *fake {
	f := newFake(t)
	f.metadata["pushed_authorization_request_endpoint"] = testIssuer + "/par"
	f.override["/par"] = func(*http.Request) (*http.Response, error) { return answer(status, "application/json", body), nil }
	return f
}

// is is errors.Is, for which nil is no error.
func is(err, want error) bool {
	return want == nil && err == nil || want != nil && errors.Is(err, want)
}

const pushed = `{"request_uri":"` + testRequestURI + `","expires_in":60}`

func always(o *Options) { o.PAR = PushAlways }

func TestPushedRequests(t *testing.T) {
	for name, endpoint := range map[string]string{"plain": "/authorize", "with a query": "/authorize?tenant=x"} {
		t.Run(name, func(t *testing.T) {
			f := pushing(t, 201, pushed)
			f.metadata["authorization_endpoint"] = testIssuer + endpoint
			plain := must(f.provider(nil).AuthorizationURL(context.Background(), testRequest()))
			if f.count("/par") != 0 {
				t.Fatal("a request was pushed that need not be")
			}
			got, err := f.provider(always).AuthorizationURL(context.Background(), testRequest())
			if err != nil {
				t.Fatal(err)
			}
			base := testIssuer + endpoint
			separator := map[bool]string{true: "&", false: "?"}[strings.Contains(base, "?")]
			named := base + separator + url.Values{"client_id": {testClient}, "request_uri": {testRequestURI}}.Encode()
			if got != named {
				t.Errorf("got  %s\nwant %s", got, named)
			}
			want := must(url.Parse(plain)).Query()
			want.Del("tenant")
			if f.bodies["/par"] != want.Encode() {
				t.Errorf("pushed %s\nwant   %s", f.bodies["/par"], want.Encode())
			}
			if user, _, ok := f.last["/par"].BasicAuth(); !ok || user != url.QueryEscape(testClient) || f.last["/par"].Method != "POST" {
				t.Errorf("client %q by %s", user, f.last["/par"].Method)
			}
		})
	}
}

func TestWhenRequestsArePushed(t *testing.T) {
	for _, c := range []struct {
		par               string
		offered, required bool
		want              error
		pushed            int
	}{
		{"", false, false, nil, 0},
		{"", true, false, nil, 0},
		{"", true, true, nil, 1},
		{"", false, true, ErrMetadata, 0},
		{PushRequired, true, true, nil, 1},
		{PushAlways, true, false, nil, 1},
		{PushAlways, false, false, ErrMetadata, 0},
		{PushNever, true, true, nil, 0},
		{PushNever, false, true, nil, 0},
	} {
		f := pushing(t, 201, pushed)
		if !c.offered {
			delete(f.metadata, "pushed_authorization_request_endpoint")
		}
		f.metadata["require_pushed_authorization_requests"] = c.required
		_, err := f.provider(func(o *Options) { o.PAR = c.par }).AuthorizationURL(context.Background(), testRequest())
		if !is(err, c.want) || f.count("/par") != c.pushed {
			t.Errorf("%+v: %v, pushed %d", c, err, f.count("/par"))
		}
	}
}

func TestPushIsAuthenticatedAsTheTokenRequest(t *testing.T) {
	for method, want := range map[string]string{
		ClientSecretPost: "client_secret=" + url.QueryEscape(testSecret),
		ClientAuthNone:   "client_id=" + url.QueryEscape(testClient),
		PrivateKeyJWT:    "client_assertion=for-" + url.QueryEscape(testIssuer),
	} {
		f := pushing(t, 201, pushed)
		_, err := f.provider(func(o *Options) {
			o.PAR, o.ClientAuth = PushAlways, method
			o.Assertion = func(_ context.Context, audience string) (string, error) { return "for-" + audience, nil }
		}).AuthorizationURL(context.Background(), testRequest())
		if err != nil || !strings.Contains(f.bodies["/par"], want) || f.last["/par"].Header.Get("Authorization") != "" {
			t.Errorf("%s: %v, %s", method, err, f.bodies["/par"])
		}
	}
}

func TestPushEndpointsAreChecked(t *testing.T) {
	for name, address := range map[string]any{
		"foreign host": "https://elsewhere.example/par", "plain http": "http://op.example.com/par",
		"fragment": testIssuer + "/par#x", "a number": 3, "its own parameter": testIssuer + "/par?request_uri=x",
	} {
		f := pushing(t, 201, pushed)
		f.metadata["pushed_authorization_request_endpoint"] = address
		if _, err := f.provider(always).AuthorizationURL(context.Background(), testRequest()); !errors.Is(err, ErrMetadata) {
			t.Errorf("%s: %v", name, err)
		}
		// Who does not push does not care.
		if _, err := f.provider(nil).AuthorizationURL(context.Background(), testRequest()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestPushAnswers(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		body   string
		want   error
	}{
		"https URI":               {201, `{"request_uri":"https://op.example.com/r/1?x=y","expires_in":60}`, nil},
		"unknown member":          {201, `{"request_uri":"urn:x","expires_in":1,"more":[1]}`, nil},
		"200":                     {200, pushed, ErrUnavailable},
		"500":                     {500, pushed, ErrUnavailable},
		"redirect":                {303, pushed, ErrUnavailable},
		"no request_uri":          {201, `{"expires_in":60}`, ErrUnavailable},
		"request_uri is a number": {201, `{"request_uri":7,"expires_in":60}`, ErrUnavailable},
		"relative":                {201, `{"request_uri":"/r/1","expires_in":60}`, ErrUnavailable},
		"with a blank":            {201, `{"request_uri":"urn:x y","expires_in":60}`, ErrUnavailable},
		"with a line break":       {201, `{"request_uri":"urn:x\r\nLocation: y","expires_in":60}`, ErrUnavailable},
		"with a fragment":         {201, `{"request_uri":"urn:x#y","expires_in":60}`, ErrUnavailable},
		"longest":                 {201, `{"request_uri":"urn:` + strings.Repeat("x", maxRequestURI-4) + `","expires_in":60}`, nil},
		"too long":                {201, `{"request_uri":"urn:` + strings.Repeat("x", maxRequestURI-3) + `","expires_in":60}`, ErrUnavailable},
		"no expires_in":           {201, `{"request_uri":"urn:x"}`, ErrUnavailable},
		"expired":                 {201, `{"request_uri":"urn:x","expires_in":0}`, ErrUnavailable},
		"expires_in as text":      {201, `{"request_uri":"urn:x","expires_in":"60"}`, ErrUnavailable},
		"not JSON":                {201, `urn:x`, ErrUnavailable},
		"member twice":            {201, `{"request_uri":"urn:x","request_uri":"urn:y","expires_in":60}`, ErrUnavailable},
		"refused":                 {400, `{"error":"invalid_request"}`, ErrTokenRefused},
		"refused with 201":        {201, `{"error":"invalid_request","request_uri":"urn:x","expires_in":60}`, ErrTokenRefused},
		"client refused":          {401, `{"error":"invalid_client"}`, ErrTokenRefused},
		"refused without a code":  {400, `{}`, ErrUnavailable},
		"too many":                {429, `slow down`, ErrUnavailable},
	} {
		f := pushing(t, c.status, c.body)
		got, err := f.provider(always).AuthorizationURL(context.Background(), testRequest())
		if !is(err, c.want) || (err == nil) != (got != "") {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

func TestNoErrorOfAPushRepeatsTheRequest(t *testing.T) {
	r := testRequest()
	echo := `{"error":"invalid_request","error_description":"` + r.State + ` ` + r.Nonce + ` ` + testSecret + `"}`
	_, err := pushing(t, 400, echo).provider(always).AuthorizationURL(context.Background(), r)
	var refused *TokenError
	if !errors.As(err, &refused) || refused.Endpoint != pushEndpoint || refused.Description != "[redacted] [redacted] [redacted]" {
		t.Errorf("got %v", err)
	}
}

func TestPushEndpointsMayBeOnAnAllowedHost(t *testing.T) {
	f := pushing(t, 201, pushed)
	f.metadata["pushed_authorization_request_endpoint"] = "https://par.example/par"
	p := f.provider(func(o *Options) {
		o.PAR = PushAlways
		o.Egress = &egress.Client{Transport: f, Hosts: []string{"op.example.com", "par.example"}, Timeout: time.Second, MaxBody: 1 << 20}
	})
	if _, err := p.AuthorizationURL(context.Background(), testRequest()); err != nil || f.count("/par") != 1 {
		t.Errorf("got %v, pushed %d", err, f.count("/par"))
	}
}

func FuzzPushAnswer(f *testing.F) {
	f.Add(201, "application/json", []byte(pushed))
	f.Add(400, "application/json", []byte(`{"error":"invalid_request","error_description":"no"}`))
	f.Add(201, "text/html", []byte("<html>"))
	f.Fuzz(func(t *testing.T, status int, contentType string, body []byte) {
		uri, err := parsePushAnswer(status, http.Header{"Content-Type": {contentType}}, body, "state")
		if err != nil {
			if uri != "" || !errors.Is(err, ErrUnavailable) && !errors.Is(err, ErrTokenRefused) || len(err.Error()) > 500 {
				t.Fatalf("%q with error %v", uri, err)
			}
			return
		}
		if status != http.StatusCreated || !validRequestURI(uri) || strings.ContainsAny(uri, " \r\n\t\"<>\\") {
			t.Fatalf("status %d, %q", status, uri)
		}
	})
}

func TestDemandsAreSentAndHeld(t *testing.T) {
	d := stepup.Demand{ACR: []string{"urn:gold", "platinum"}, MaxAge: 5 * time.Minute}
	f := newFake(t)
	r := testRequest()
	r.Demand = d
	query := must(url.Parse(must(f.provider(nil).AuthorizationURL(context.Background(), r)))).Query()
	if query.Get("acr_values") != "urn:gold platinum" || query.Get("max_age") != "300" || query.Has("prompt") {
		t.Errorf("sent %v", query)
	}
	for name, c := range map[string]struct {
		acr, at any
		want    string
	}{
		"met":                     {"platinum", testNow - 300, ""},
		"within skew":             {"urn:gold", testNow - 330, ""},
		"weak":                    {"bronze", testNow, stepup.ReasonACR},
		"acr is missing":          {nil, testNow, stepup.ReasonACR},
		"acr is a list":           {[]string{"platinum"}, testNow, stepup.ReasonACR},
		"acr is all of them":      {"urn:gold platinum", testNow, stepup.ReasonACR},
		"old":                     {"platinum", testNow - 331, stepup.ReasonAge},
		"auth_time is missing":    {"platinum", nil, stepup.ReasonNoTime},
		"auth_time in the future": {"platinum", testNow + 31, stepup.ReasonNoTime},
		"auth_time is text":       {"platinum", "1800000000", "auth_time is malformed"},
	} {
		f := newFake(t)
		f.claims = with(f.claims, map[string]any{"acr": c.acr, "auth_time": c.at})
		l, err := f.provider(nil).Redeem(context.Background(), Redemption{Code: testCode, RedirectURI: testRedirect, Nonce: testNonce, Verifier: testVerifier, Demand: d})
		if reasonOf(err) != c.want || (err == nil) != (l != nil) {
			t.Errorf("%s: %v", name, err)
		}
		weak := c.want != "" && c.want != "auth_time is malformed"
		if errors.Is(err, ErrWeakLogin) != weak || err != nil && !errors.Is(err, ErrIDToken) {
			t.Errorf("%s: %v is of the wrong kind", name, err)
		}
		if l != nil && l.ACR != c.acr {
			t.Errorf("%s: acr %q", name, l.ACR)
		}
	}
}
