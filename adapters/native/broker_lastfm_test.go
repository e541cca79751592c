package native

import (
	"context"
	"encoding/json"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"gatehouse/client"
	"gatehouse/conformance/lookalike"
	"gatehouse/core/config"
	"gatehouse/core/kv"
)

// startLastFM serves a broker whose one provider is a server that looks like Last.fm.
func startLastFM(t *testing.T) (broker string, lastfm *lookalike.LastFM) {
	t.Helper()
	lastfm = &lookalike.LastFM{Key: "public-key", Secret: "shared-secret", User: "alice"}
	provider := httptest.NewServer(lastfm)
	t.Cleanup(provider.Close)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	broker = "http://" + l.Addr().String()
	settings := map[string]string{
		"APP_URL": broker, "DEV_MODE": "true", "COOKIE_SECRET": cookieKey(),
		"OAUTH_API_KEY": lastfm.Key, "OAUTH_API_SECRET": lastfm.Secret,
		"BROKER_LASTFM_AUTHORIZATION_ENDPOINT": provider.URL + "/api/auth/",
		"BROKER_LASTFM_TOKEN_ENDPOINT":         provider.URL + "/2.0/",
		"BROKER_LASTFM_DESKTOP":                "true",
		"BROKER_LASTFM_API":                    provider.URL + "/2.0",
	}
	c, err := config.Load(func(name string) (string, bool) { v, ok := settings[name]; return v, ok })
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	p, err := assemble(c, &kv.Memory{}, log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(serveUntil(newServer(p.handler, log), l))
	return broker, lastfm
}

// Last.fm in each flow: without a callback by its own token, and with one; the program
// holds no key, and its calls come signed.
func TestClientLogsInAtLastFM(t *testing.T) {
	for _, flow := range []client.Flow{client.Desktop, client.Loopback} {
		t.Run(string(flow), func(t *testing.T) {
			broker, lastfm := startLastFM(t)
			v := newVisitor(t)
			confirmed := make(chan struct{})
			c := brokered(t, DevURLs{App: broker}, confirmed)
			s, err := c.Login(t.Context(), client.Request{Provider: "lastfm", Flow: flow}, client.Person{Show: func(_ context.Context, tr *client.Transaction) error {
				go func() {
					if tr.UserCode == "" {
						v.allow(tr.AuthURL)
						return
					}
					v.allow(v.confirmed(tr.VerificationURI, tr.UserCode))
					close(confirmed)
				}()
				return nil
			}})
			if err != nil {
				t.Fatal(err)
			}
			if s.Username != "alice" || s.Handle.Empty() || s.Key != s.Handle {
				t.Errorf("the session is %+v", s)
			}
			res, err := c.Call(t.Context(), s.Handle, client.Call{Provider: "lastfm", Method: http.MethodGet, Path: "user.getInfo"})
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			var info struct{ User struct{ Name string } }
			if err := json.NewDecoder(res.Body).Decode(&info); err != nil || info.User.Name != "alice" {
				t.Errorf("the call answers %+v, %v", info, err)
			}
			if len(lastfm.Calls) != 1 || lastfm.Calls[0].Get("api_sig") == "" {
				t.Errorf("Last.fm was asked %v", lastfm.Calls)
			}
		})
	}
}

// confirmed types the code at the broker's page, says that it is the same, and returns
// where the browser is sent.
func (v *visitor) confirmed(address, code string) string {
	v.t.Helper()
	at, body := v.send(http.MethodGet, address, nil)
	at, body = v.post(at, body, map[string][]string{"user_code": {code}})
	at, body = v.post(at, body, nil)
	return v.onward(at, body)
}

// allow opens the page of a lookalike and allows what it asks.
func (v *visitor) allow(address string) {
	v.t.Helper()
	at, _ := v.send(http.MethodGet, address, nil)
	v.send(http.MethodPost, at.String(), map[string][]string{"answer": {"allow"}})
}
