package core_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"gatehouse/core"
	"gatehouse/core/kv"
	"gatehouse/core/session"
)

// unused is the outside world of a gateway that is to ask nobody.
type unused struct{ t *testing.T }

func (u unused) RoundTrip(r *http.Request) (*http.Response, error) {
	u.t.Errorf("the provider is asked for %s", r.URL)
	return nil, errors.New("nobody is there")
}

func (u unused) Forward(_ http.ResponseWriter, r *http.Request, _ func(int, http.Header)) error {
	u.t.Errorf("the application is asked for %s", r.URL)
	return errors.New("nobody is there")
}

func TestAHandlerBesideTheGatewayServesWhoIsLoggedIn(t *testing.T) {
	settings := map[string]string{
		"APP_URL": "https://app.example", "AUTH_SERVER_URL": "https://id.example", "CLIENT_ID": "a", "CLIENT_SECRET": "s",
		"PROXY_TARGET": "http://application.example", "COOKIE_SECRET": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
	}
	config, err := core.LoadConfig(func(name string) (string, bool) { v, ok := settings[name]; return v, ok })
	if err != nil {
		t.Fatal(err)
	}
	gateway, err := core.New(config, core.Platform{KV: &kv.Memory{}, Fetch: unused{t}, Forward: unused{t}})
	if err != nil {
		t.Fatal(err)
	}
	_, cookies, err := gateway.Sessions().Begin(t.Context(), session.Record{Identity: &core.Identity{Issuer: "https://id.example", Subject: "alice"}}, "")
	if err != nil {
		t.Fatal(err)
	}
	ticket, _, _ := strings.Cut(cookies[0], ";")
	served := 0
	handler := gateway.Protect(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		served++
		if who, ok := core.IdentityFrom(r.Context()); !ok || who.Subject != "alice" {
			t.Errorf("served %v, %v", who, ok)
		}
		w.WriteHeader(http.StatusTeapot)
	}))
	for _, test := range []struct {
		name, path, accept, cookie string
		status                     int
	}{
		{"who is logged in", "/x", "text/html", ticket, http.StatusTeapot},
		{"a person", "/x?y=z", "text/html", "", http.StatusSeeOther},
		{"a program", "/x", "application/json", "", http.StatusUnauthorized},
		{"a cookie that does not open", "/x", "application/json", ticket[:len(ticket)-4] + "AAAA", http.StatusUnauthorized},
		{"a path that is read in different ways", "/x%2fy", "application/json", ticket, http.StatusBadRequest},
		{"a header beyond the limit", "/x", "application/json", ticket + "; a=" + strings.Repeat("b", 9000), http.StatusRequestHeaderFieldsTooLarge},
	} {
		t.Run(test.name, func(t *testing.T) {
			before, w, r := served, httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "https://app.example"+test.path, nil)
			r.Header.Set("Accept", test.accept)
			r.Header.Set("X-Forwarded-User", "admin")
			if test.cookie != "" {
				r.Header.Set("Cookie", test.cookie)
			}
			handler.ServeHTTP(w, r)
			if w.Code != test.status || (served > before) != (test.status == http.StatusTeapot) {
				t.Errorf("answered %d, served %d times", w.Code, served-before)
			}
			if _, ok := core.IdentityFrom(r.Context()); ok {
				t.Error("the request itself carries an identity")
			}
		})
	}
}
