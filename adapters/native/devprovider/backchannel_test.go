package devprovider

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	jose "github.com/go-jose/go-jose/v4"
)

// told is a client that takes logout tokens.
type told struct {
	uri    string
	status int
	tokens chan string
}

func newTold(t *testing.T) *told {
	c := &told{status: http.StatusOK, tokens: make(chan string, 10)}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost || r.URL.Path != "/backchannel" {
			t.Errorf("%s %s", r.Method, r.URL)
		}
		c.tokens <- r.PostFormValue("logout_token")
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(c.status)
	}))
	t.Cleanup(srv.Close)
	c.uri = srv.URL + "/backchannel"
	return c
}

// one returns the only logout token that has come.
func (c *told) one(t *testing.T) string {
	t.Helper()
	if len(c.tokens) != 1 {
		t.Fatalf("%d logout tokens", len(c.tokens))
	}
	return <-c.tokens
}

// Whoever logs out on the provider's own page is logged out at the client: it has been
// told, in a token that it can verify, before the browser goes on.
func TestBackChannelLogout(t *testing.T) {
	c := newTold(t)
	a := newAgent(t, startWith(t, Options{BackChannelLogoutURI: c.uri}))
	discovery := a.object(a.get(a.issuer + "/.well-known/openid-configuration"))
	if discovery["backchannel_logout_supported"] != true || discovery["backchannel_logout_session_supported"] != true {
		t.Errorf("discovery: %v", discovery)
	}
	if r := a.get(a.issuer + "/"); strings.Contains(r.body, "<form") {
		t.Errorf("nobody is logged in, and may log out: %s", r.body)
	}
	id := a.claims(a.signIn("alice", nil)["id_token"].(string))
	other := newAgent(t, a.issuer)
	other.signIn("bob", nil)

	home := a.get(a.issuer + "/")
	for _, want := range []string{"Alice Archer", "your session there ends, too", `<form method="post" action="/end_session">`} {
		if !strings.Contains(home.body, want) {
			t.Errorf("page lacks %s:\n%s", want, home.body)
		}
	}
	if r := a.post("/end_session", url.Values{}, false); r.location == nil || r.location.String() != a.issuer+pathSignedOut {
		t.Fatalf("status %d, location %v", r.status, r.location)
	}
	raw := c.one(t)
	var keys jose.JSONWebKeySet
	if err := json.Unmarshal([]byte(a.get(discovery["jwks_uri"].(string)).body), &keys); err != nil {
		t.Fatal(err)
	}
	jws, err := jose.ParseSignedCompact(raw, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := jws.Verify(keys); err != nil {
		t.Error(err)
	}
	if typ := jws.Signatures[0].Header.ExtraHeaders[jose.HeaderType]; typ != "logout+jwt" {
		t.Errorf("typ %v", typ)
	}
	claims := a.claims(raw)
	issued, _ := claims["iat"].(float64)
	ends, _ := claims["exp"].(float64)
	if age := time.Since(time.Unix(int64(issued), 0)); age < 0 || age > time.Minute || ends <= issued || ends-issued > 120 {
		t.Errorf("iat %v, exp %v", issued, ends)
	}
	if jti, _ := claims["jti"].(string); jti == "" {
		t.Errorf("jti %v", claims["jti"])
	}
	delete(claims, "iat")
	delete(claims, "exp")
	delete(claims, "jti")
	want := map[string]any{"iss": a.issuer, "aud": []any{testClient}, "sub": id["sub"], "sid": id["sid"],
		"events": map[string]any{"http://schemas.openid.net/event/backchannel-logout": map[string]any{}}}
	if !reflect.DeepEqual(claims, want) {
		t.Errorf("claims:\n got %v\nwant %v", claims, want)
	}

	a.get(a.issuer + "/end_session")
	if len(c.tokens) != 0 {
		t.Error("the client is told of a session that had ended")
	}
	if r := other.get(a.issuer + "/"); !strings.Contains(r.body, "Bob Baker") {
		t.Errorf("another's session: %s", r.body)
	}
}

// A logout that the client began is one session's end: it is told once.
func TestBackChannelLogoutOfAHint(t *testing.T) {
	c := newTold(t)
	a := newAgent(t, startWith(t, Options{BackChannelLogoutURI: c.uri}))
	idToken := a.signIn("alice", nil)["id_token"].(string)
	a.get(a.issuer + "/end_session?id_token_hint=" + idToken)
	if a.claims(c.one(t))["sid"] != a.claims(idToken)["sid"] {
		t.Error("the logout token is not for the hint's session")
	}
}

// A client that does not take the token keeps nobody logged in here, and somebody hears
// of it.
func TestBackChannelLogoutNotTaken(t *testing.T) {
	for _, status := range []int{http.StatusBadRequest, http.StatusInternalServerError, http.StatusSeeOther} {
		c := newTold(t)
		c.status = status
		var log bytes.Buffer
		a := newAgent(t, startWith(t, Options{BackChannelLogoutURI: c.uri, Log: slog.New(slog.NewTextHandler(&log, nil))}))
		a.signIn("alice", nil)
		if r := a.get(a.issuer + "/end_session"); r.location == nil || r.location.String() != a.issuer+pathSignedOut {
			t.Errorf("status %d, location %v", r.status, r.location)
		}
		if token := c.one(t); !strings.Contains(log.String(), http.StatusText(status)) || strings.Contains(log.String(), token) {
			t.Errorf("answer %d: log %s", status, &log)
		}
		if r := a.get(a.issuer + "/"); strings.Contains(r.body, "Alice") {
			t.Error("the session goes on")
		}
	}
}

func TestNoBackChannelLogout(t *testing.T) {
	a := newAgent(t, start(t))
	discovery := a.object(a.get(a.issuer + "/.well-known/openid-configuration"))
	if discovery["backchannel_logout_supported"] == true || discovery["backchannel_logout_session_supported"] == true {
		t.Errorf("discovery: %v", discovery)
	}
	a.signIn("alice", nil)
	if r := a.get(a.issuer + "/"); !strings.Contains(r.body, "<form") || strings.Contains(r.body, "your session there ends") {
		t.Errorf("page: %s", r.body)
	}
}
