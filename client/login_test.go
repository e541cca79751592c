package client_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"gatehouse/client"
	"gatehouse/core/secret"
)

// open is a browser that opens an address with these parameters.
func open(t *testing.T, address string, parameters map[string]string) (status int, body string) {
	t.Helper()
	query := url.Values{}
	for name, value := range parameters {
		if value != "" {
			query.Set(name, value)
		}
	}
	res, err := http.Get(address + "?" + query.Encode())
	if err != nil {
		t.Error(err)
		return 0, ""
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		t.Error(err)
	}
	if h := res.Header; h.Get("Cache-Control") != "no-store" || h.Get("Referrer-Policy") != "no-referrer" || !strings.Contains(h.Get("Content-Security-Policy"), "default-src 'none'") {
		t.Errorf("the page has the headers %v", h)
	}
	return res.StatusCode, string(data)
}

func request(flow client.Flow) client.Request {
	return client.Request{Provider: "acme", Flow: flow, Scopes: []string{"read", "write"}}
}

func isAlice(t *testing.T, s *client.Session, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	if s.Username != "alice" || s.Name != "Alice" || s.Provider != "acme" || s.Handle.Reveal() != handle || s.Key.Reveal() != handle || !slices.Equal(s.Scopes, []string{"read", "write"}) {
		t.Errorf("the session is %+v", s)
	}
	if s.Expires.IsZero() {
		t.Error("the session's end is lost")
	}
}

func TestLoopbackLogin(t *testing.T) {
	t.Parallel()
	broker := newStandIn(t)
	shown := make(chan *client.Transaction, 1)
	// Waits for the browser end with the context only.
	c := broker.client(client.Options{Sleep: func(ctx context.Context, _ time.Duration) error { <-ctx.Done(); return ctx.Err() }})
	s, err := c.Login(t.Context(), request(client.Loopback), client.Person{Show: func(_ context.Context, tr *client.Transaction) error {
		shown <- tr
		go broker.callback(nil)
		return nil
	}})
	isAlice(t, s, err)
	tr := <-shown
	if tr.AuthURL != broker.URL+"/auth/begin?t=sealed" || tr.UserCode != "" {
		t.Errorf("the person was shown %+v", tr)
	}
	for name, want := range map[string]string{"provider": "acme", "flow": "loopback", "code_challenge_method": "S256", "scope": "read write"} {
		if broker.started[name] != want {
			t.Errorf("%s is %q, want %q", name, broker.started[name], want)
		}
	}
	redirect := broker.started["redirect_uri"]
	if u, err := url.Parse(redirect); err != nil || u.Hostname() != "127.0.0.1" || u.Port() == "" || u.Path != "/callback" {
		t.Errorf("the redirect URI is %q", redirect)
	}
	if len(broker.started["code_challenge"]) != 43 || len(broker.started["state"]) != 43 {
		t.Errorf("challenge %q, state %q", broker.started["code_challenge"], broker.started["state"])
	}
	if _, err := http.Get(redirect); err == nil {
		t.Error("somebody listens after the login")
	}
}

func TestLoopbackTakesOneAnswerWithItsState(t *testing.T) {
	t.Parallel()
	broker := newStandIn(t)
	c := broker.client(client.Options{Sleep: func(ctx context.Context, _ time.Duration) error { <-ctx.Done(); return ctx.Err() }})
	s, err := c.Login(t.Context(), request(client.Loopback), client.Person{Show: func(context.Context, *client.Transaction) error {
		go func() {
			for name, change := range map[string]func(map[string]string){
				"foreign state": func(p map[string]string) { p["state"] = strings.Repeat("x", 43) },
				"no state":      func(p map[string]string) { p["state"] = "" },
			} {
				if status, body := broker.callback(change); status != http.StatusBadRequest || !strings.Contains(body, "not the login that was awaited") {
					t.Errorf("%s: %d %s", name, status, body)
				}
			}
			redirect := broker.started["redirect_uri"]
			twice := redirect + "?code=a&code=b&iss=" + broker.URL + "&state=" + broker.started["state"]
			if res, err := http.Get(twice); err != nil || res.StatusCode != http.StatusBadRequest {
				t.Errorf("a repeated parameter: %v %v", res, err)
			}
			if res, err := http.Post(redirect, "text/plain", nil); err != nil || res.StatusCode != http.StatusMethodNotAllowed {
				t.Errorf("POST: %v %v", res, err)
			}
			if res, err := http.Get(strings.Replace(redirect, "/callback", "/", 1)); err != nil || res.StatusCode != http.StatusNotFound {
				t.Errorf("another path: %v %v", res, err)
			}
			other, _ := http.NewRequest(http.MethodGet, redirect, nil)
			other.Host = "evil.example"
			if res, err := http.DefaultClient.Do(other); err != nil || res.StatusCode != http.StatusNotFound {
				t.Errorf("another host: %v %v", res, err)
			}
			if status, body := broker.callback(nil); status != http.StatusOK || !strings.Contains(body, "You may close this window") {
				t.Errorf("the awaited answer: %d %s", status, body)
			}
		}()
		return nil
	}})
	isAlice(t, s, err)
}

func TestLoopbackRefusals(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(map[string]string)
		want   client.Code
	}{
		"declined":           {func(p map[string]string) { p["code"], p["error"] = "", "access_denied" }, client.CodeAccessDenied},
		"the provider fails": {func(p map[string]string) { p["code"], p["error"] = "", "provider_error" }, client.CodeProviderError},
		"no code":            {func(p map[string]string) { p["code"] = "" }, client.CodeInvalidAnswer},
		"another broker":     {func(p map[string]string) { p["iss"] = "https://other.example" }, client.CodeMixUp},
		"another code":       {func(p map[string]string) { p["code"] = "another" }, client.CodeInvalidGrant},
		"a code too long":    {func(p map[string]string) { p["code"] = strings.Repeat("x", 600) }, client.CodeInvalidGrant},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			broker := newStandIn(t)
			c := broker.client(client.Options{Sleep: func(ctx context.Context, _ time.Duration) error { <-ctx.Done(); return ctx.Err() }})
			_, err := c.Login(t.Context(), request(client.Loopback), client.Person{Show: func(context.Context, *client.Transaction) error {
				go broker.callback(test.change)
				return nil
			}})
			if !client.HasCode(err, test.want) {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}

func TestLoopbackExpires(t *testing.T) {
	t.Parallel()
	broker := newStandIn(t)
	_, err := broker.client(client.Options{}).Login(t.Context(), request(client.Loopback), client.Person{Show: func(context.Context, *client.Transaction) error { return nil }})
	if !client.HasCode(err, client.CodeExpiredToken) {
		t.Errorf("got %v", err)
	}
	if !slices.Equal(broker.waits, []time.Duration{600 * time.Second}) {
		t.Errorf("waited %v", broker.waits)
	}
}

func TestPollLogin(t *testing.T) {
	t.Parallel()
	for _, flow := range []client.Flow{client.Poll, client.Desktop} {
		t.Run(string(flow), func(t *testing.T) { t.Parallel(); pollLogin(t, flow) })
	}
}

func pollLogin(t *testing.T, flow client.Flow) {
	broker := newStandIn(t)
	broker.pending = []string{"authorization_pending", "slow_down", "authorization_pending"}
	s, err := broker.client(client.Options{}).Login(t.Context(), request(flow), client.Person{Show: func(_ context.Context, tr *client.Transaction) error {
		if tr.UserCode != "BCDF-GHJK" || tr.VerificationURI != broker.URL+"/auth/device" || tr.VerificationURIComplete != broker.URL+"/auth/device?user_code=BCDF-GHJK" {
			t.Errorf("the person was shown %+v", tr)
		}
		return nil
	}})
	isAlice(t, s, err)
	if want := []time.Duration{5 * time.Second, 5 * time.Second, 10 * time.Second, 10 * time.Second}; !slices.Equal(broker.waits, want) {
		t.Errorf("waited %v, want %v", broker.waits, want)
	}
	if broker.started["redirect_uri"] != "" || broker.started["state"] != "" {
		t.Errorf("started with %v", broker.started)
	}
}

func TestPollEnds(t *testing.T) {
	t.Parallel()
	for _, code := range []client.Code{client.CodeAccessDenied, client.CodeExpiredToken, client.CodeInvalidGrant} {
		t.Run(string(code), func(t *testing.T) {
			t.Parallel()
			broker := newStandIn(t)
			broker.pending = []string{"authorization_pending", string(code)}
			_, err := broker.client(client.Options{}).Login(t.Context(), request(client.Poll), client.Person{Show: func(context.Context, *client.Transaction) error { return nil }})
			if !client.HasCode(err, code) {
				t.Errorf("got %v", err)
			}
			if n := len(broker.requests()); n != 3 {
				t.Errorf("%d requests, want 3", n)
			}
		})
	}
	t.Run("by itself, after its life", func(t *testing.T) {
		t.Parallel()
		broker := newStandIn(t)
		for range 200 {
			broker.pending = append(broker.pending, "authorization_pending")
		}
		_, err := broker.client(client.Options{}).Login(t.Context(), request(client.Poll), client.Person{Show: func(context.Context, *client.Transaction) error { return nil }})
		if !client.HasCode(err, client.CodeExpiredToken) {
			t.Errorf("got %v", err)
		}
		if n := len(broker.requests()); n != 1+119 {
			t.Errorf("%d requests in 600 s, every 5 s", n)
		}
	})
	t.Run("with its context", func(t *testing.T) {
		t.Parallel()
		broker := newStandIn(t)
		ctx, cancel := context.WithCancel(t.Context())
		_, err := broker.client(client.Options{}).Login(ctx, request(client.Poll), client.Person{Show: func(context.Context, *client.Transaction) error { cancel(); return nil }})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	})
}

func TestPollOutlastsAnInterruption(t *testing.T) {
	t.Parallel()
	broker := newStandIn(t)
	polls := 0
	broker.instead = func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path != "/auth/getSession" {
			return false
		}
		if polls++; polls > 2 {
			return false
		}
		hijacked, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
		}
		hijacked.Close()
		return true
	}
	s, err := broker.client(client.Options{}).Login(t.Context(), request(client.Poll), client.Person{Show: func(context.Context, *client.Transaction) error { return nil }})
	isAlice(t, s, err)
}

func TestPasteLogin(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		typed string
		want  client.Code
	}{
		"the code":               {pastedCode, ""},
		"with blanks around it":  {"  " + pastedCode + "\r\n", ""},
		"another":                {"wxyz", client.CodeInvalidGrant},
		"nothing":                {"", client.CodeInvalidGrant},
		"escape sequences":       {"\x1b[31m", client.CodeInvalidGrant},
		"something far too long": {strings.Repeat("a", 1<<20), client.CodeInvalidGrant},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			broker := newStandIn(t)
			s, err := broker.client(client.Options{}).Login(t.Context(), request(client.Paste), client.Person{
				Show: func(context.Context, *client.Transaction) error { return nil },
				Ask:  func(context.Context) (secret.Text, error) { return secret.New(test.typed), nil },
			})
			if test.want == "" {
				isAlice(t, s, err)
			} else if !client.HasCode(err, test.want) {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}

// A second machine that has the code has no verifier.
func TestTheCodeAloneIsWorthNothing(t *testing.T) {
	t.Parallel()
	broker := newStandIn(t)
	c := broker.client(client.Options{})
	first, err := c.Start(t.Context(), request(client.Paste))
	if err != nil {
		t.Fatal(err)
	}
	challenge := broker.started["code_challenge"]
	second, err := c.Start(t.Context(), request(client.Paste))
	if err != nil {
		t.Fatal(err)
	}
	if broker.started["code_challenge"] == challenge {
		t.Fatal("two logins have one verifier")
	}
	if _, err := c.Collect(t.Context(), first, secret.New(pastedCode)); !client.HasCode(err, client.CodeInvalidGrant) {
		t.Errorf("got %v", err)
	}
	if _, err := c.Collect(t.Context(), second, secret.New(pastedCode)); !client.HasCode(err, client.CodeAlreadyCollected) {
		t.Errorf("got %v", err)
	}
}

func TestNothingSecretIsPrinted(t *testing.T) {
	t.Parallel()
	broker := newStandIn(t)
	c := broker.client(client.Options{AppKey: secret.New("app-key-secret")})
	tr, err := c.Start(t.Context(), request(client.Poll))
	if err != nil {
		t.Fatal(err)
	}
	s, err := c.Wait(t.Context(), tr)
	if err != nil {
		t.Fatal(err)
	}
	printed := fmt.Sprintf("%v %+v %#v %v %+v %#v %+v %#v", tr, tr, tr, *s, s, s, c, *c)
	if strings.Contains(printed, "secret\"") || strings.Contains(printed, handle) || strings.Contains(printed, pollToken) || strings.Contains(printed, "app-key-secret") {
		t.Errorf("printed: %s", printed)
	}
}
