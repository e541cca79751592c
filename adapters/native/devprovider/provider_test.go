package devprovider

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

const (
	testClient      = "gatehouse"
	testSecret      = "s3cret+/ with space"
	testRedirectURI = "http://localhost:3000/login/callback"
	testAfterLogout = "http://localhost:3000/"
	testScope       = "openid profile email offline_access custom:thing"
)

// start serves a provider and returns its issuer.
func start(t *testing.T) string {
	t.Helper()
	return startWith(t, Options{})
}

// startWith is start with more options.
func startWith(t *testing.T, o Options) string {
	t.Helper()
	srv := httptest.NewUnstartedServer(nil)
	issuer := "http://" + srv.Listener.Addr().String()
	o.Issuer, o.ClientID, o.ClientSecret = issuer, testClient, testSecret
	o.RedirectURIs, o.PostLogoutRedirectURIs = []string{testRedirectURI}, []string{testAfterLogout}
	p, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	srv.Config.Handler = p.Handler()
	srv.Start()
	t.Cleanup(srv.Close)
	return issuer
}

// agent is a browser that stops at every redirect, together with the client.
type agent struct {
	*testing.T
	issuer string
	http   *http.Client
}

func newAgent(t *testing.T, issuer string) *agent {
	jar, _ := cookiejar.New(nil)
	return &agent{t, issuer, &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}}
}

type reply struct {
	status   int
	header   http.Header
	body     string
	location *url.URL // nil unless it redirects
}

func (a *agent) do(r *http.Request) reply {
	a.Helper()
	res, err := a.http.Do(r)
	if err != nil {
		a.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		a.Fatal(err)
	}
	location, _ := res.Location()
	return reply{res.StatusCode, res.Header, string(body), location}
}

func (a *agent) get(uri string) reply {
	a.Helper()
	r, err := http.NewRequest("GET", uri, nil)
	if err != nil {
		a.Fatal(err)
	}
	return a.do(r)
}

// post sends a form; with client authentication when asClient is true.
func (a *agent) post(path string, form url.Values, asClient bool) reply {
	a.Helper()
	r, err := http.NewRequest("POST", a.issuer+path, strings.NewReader(form.Encode()))
	if err != nil {
		a.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if asClient {
		r.SetBasicAuth(url.QueryEscape(testClient), url.QueryEscape(testSecret))
	}
	return a.do(r)
}

func (a *agent) object(r reply) map[string]any {
	a.Helper()
	var o map[string]any
	if err := json.Unmarshal([]byte(r.body), &o); err != nil {
		a.Fatalf("status %d, body %q: %v", r.status, r.body, err)
	}
	return o
}

func s256(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// authorize sends an authorization request with changes; an empty value removes.
func (a *agent) authorize(verifier string, changes url.Values) reply {
	a.Helper()
	q := url.Values{
		"response_type": {"code"}, "client_id": {testClient}, "redirect_uri": {testRedirectURI},
		"scope": {testScope}, "state": {"the-state"}, "nonce": {"the-nonce"},
		"code_challenge": {s256(verifier)}, "code_challenge_method": {"S256"},
	}
	for k, v := range changes {
		if q[k] = v; v[0] == "" {
			q.Del(k)
		}
	}
	return a.get(a.issuer + "/authorize?" + q.Encode())
}

// login goes to the login page, which must show a form, and sends it.
func (a *agent) login(page reply, username, password string) reply {
	a.Helper()
	if page.status != http.StatusFound {
		a.Fatalf("authorize: status %d, body %q", page.status, page.body)
	}
	form := a.get(page.location.String())
	m := regexp.MustCompile(`name="id" value="([^"]+)"`).FindStringSubmatch(form.body)
	if form.status != http.StatusOK || m == nil {
		a.Fatalf("login page: status %d, body %q", form.status, form.body)
	}
	return a.post("/login", url.Values{"id": {m[1]}, "username": {username}, "password": {password}}, false)
}

// code returns the authorization code of a redirect to the client.
func (a *agent) code(r reply) string {
	a.Helper()
	if r.location == nil || !strings.HasPrefix(r.location.String(), testRedirectURI+"?") {
		a.Fatalf("no redirect to the client: status %d, location %v, body %q", r.status, r.location, r.body)
	}
	q := r.location.Query()
	if q.Get("code") == "" || q.Get("state") != "the-state" {
		a.Fatalf("redirect to the client: %v", q)
	}
	return q.Get("code")
}

func (a *agent) exchange(code, verifier string) reply {
	a.Helper()
	return a.post("/oauth/token", url.Values{"grant_type": {"authorization_code"}, "code": {code},
		"redirect_uri": {testRedirectURI}, "code_verifier": {verifier}}, true)
}

// signIn runs the flow and returns the token response.
func (a *agent) signIn(username string, changes url.Values) map[string]any {
	a.Helper()
	verifier := rand.Text() + rand.Text()
	tokens := a.object(a.exchange(a.code(a.login(a.authorize(verifier, changes), username, "password")), verifier))
	if tokens["access_token"] == nil || tokens["id_token"] == nil {
		a.Fatalf("token response: %v", tokens)
	}
	return tokens
}

func (a *agent) userinfo(token string) reply {
	a.Helper()
	r, _ := http.NewRequest("GET", a.issuer+"/userinfo", nil)
	r.Header.Set("Authorization", "Bearer "+token)
	return a.do(r)
}

func (a *agent) introspect(token string) map[string]any {
	a.Helper()
	return a.object(a.post("/oauth/introspect", url.Values{"token": {token}}, true))
}

// claims decodes a JWT's payload without verifying it.
func (a *agent) claims(jwt string) map[string]any {
	a.Helper()
	parts := strings.Split(jwt, ".")
	if len(parts) != 3 {
		a.Fatalf("not a JWS: %q", jwt)
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		a.Fatal(err)
	}
	return a.object(reply{body: string(payload)})
}

func TestNew(t *testing.T) {
	good := Options{Issuer: "http://127.0.0.1:9000", ClientID: "c", ClientSecret: "s", RedirectURIs: []string{testRedirectURI}}
	for name, change := range map[string]func(*Options){
		"issuer missing":                   func(o *Options) { o.Issuer = "" },
		"issuer with a slash at the end":   func(o *Options) { o.Issuer += "/" },
		"issuer with a path":               func(o *Options) { o.Issuer += "/oidc" },
		"issuer over http beyond loopback": func(o *Options) { o.Issuer = "http://idp.example.com" },
		"client secret missing":            func(o *Options) { o.ClientSecret = "" },
		"redirect URI missing":             func(o *Options) { o.RedirectURIs = nil },
		"back-channel URI without a host":  func(o *Options) { o.BackChannelLogoutURI = "/logout/backchannel" },
		"back-channel URI of a file":       func(o *Options) { o.BackChannelLogoutURI = "file://localhost/logout" },
		"back-channel URI with a fragment": func(o *Options) { o.BackChannelLogoutURI = "http://localhost:3000/logout#" },
		"no users":                         func(o *Options) { o.Users = []User{} },
		"subject with a colon":             func(o *Options) { o.Users = []User{{Username: "u", Subject: "a:b"}} },
		"two users of one name":            func(o *Options) { o.Users = []User{{Username: "u", Subject: "a"}, {Username: "u", Subject: "b"}} },
	} {
		t.Run(name, func(t *testing.T) {
			o := good
			change(&o)
			if p, err := New(o); err == nil || p != nil || !strings.HasPrefix(err.Error(), "devprovider: ") {
				t.Errorf("New: %v, %v", p, err)
			}
		})
	}
}
