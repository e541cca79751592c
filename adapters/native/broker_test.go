package native

import (
	"bytes"
	"context"
	"encoding/json"
	"html"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"gatehouse/adapters/native/keyring"
	"gatehouse/adapters/native/login"
	"gatehouse/client"
	"gatehouse/core/secret"
)

// Package client and the commands, with the broker that dev starts.

var (
	formAction = regexp.MustCompile(`<form method="post" action="([^"]+)">`)
	formField  = regexp.MustCompile(`<input type="hidden" name="([^"]+)" value="([^"]*)">`)
	onwardPage = regexp.MustCompile(`http-equiv="refresh" content="0;url=([^"]+)"`)
	shownCode  = regexp.MustCompile(`<code>([^<]+)</code>`)
)

// post submits the form of a page as a browser does, with these fields besides.
func (v *visitor) post(at *url.URL, body string, fields url.Values) (*url.URL, string) {
	v.t.Helper()
	action := formAction.FindStringSubmatch(body)
	if action == nil {
		v.t.Fatalf("no form at %s:\n%s", at, body)
	}
	target, err := at.Parse(html.UnescapeString(action[1]))
	if err != nil {
		v.t.Fatal(err)
	}
	form := url.Values{}
	for _, field := range formField.FindAllStringSubmatch(body, -1) {
		form.Set(html.UnescapeString(field[1]), html.UnescapeString(field[2]))
	}
	for name, values := range fields {
		form[name] = values
	}
	r, err := http.NewRequest(http.MethodPost, target.String(), strings.NewReader(form.Encode()))
	if err != nil {
		v.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept", "text/html")
	r.Header.Set("Origin", target.Scheme+"://"+target.Host)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.Header.Set("Sec-Fetch-Mode", "navigate")
	res, err := v.client.Do(r)
	if err != nil {
		v.t.Fatal(err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	return res.Request.URL, string(data)
}

// confirm types the code at the broker's page, says that it is the same, and logs in.
func (v *visitor) confirm(address, code string) string {
	v.t.Helper()
	at, body := v.send(http.MethodGet, address, nil)
	at, body = v.post(at, body, url.Values{"user_code": {code}})
	if !strings.Contains(body, code) {
		v.t.Fatalf("the code is not shown at %s:\n%s", at, body)
	}
	at, body = v.post(at, body, nil)
	_, body = v.logIn(v.onward(at, body), "alice")
	return body
}

// onward is where a page goes by itself.
func (v *visitor) onward(at *url.URL, body string) string {
	v.t.Helper()
	next := onwardPage.FindStringSubmatch(body)
	if next == nil {
		v.t.Fatalf("no way on at %s:\n%s", at, body)
	}
	return html.UnescapeString(next[1])
}

// brokered is a client of dev's broker whose polls wait for nothing but the person.
func brokered(t *testing.T, urls DevURLs, confirmed <-chan struct{}) *client.Client {
	t.Helper()
	c, err := client.New(urls.App, &client.Options{Sleep: func(ctx context.Context, _ time.Duration) error {
		select {
		case <-confirmed:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// person is alice in a browser of her own.
func personOf(t *testing.T, confirmed chan<- struct{}) client.Person {
	codes := make(chan string, 1)
	return client.Person{
		Show: func(_ context.Context, tr *client.Transaction) error {
			go func() {
				v := newVisitor(t)
				switch tr.Flow {
				case client.Poll:
					v.confirm(tr.VerificationURI, tr.UserCode)
					close(confirmed)
				case client.Paste:
					_, body := v.logIn(tr.AuthURL, "alice")
					if code := shownCode.FindStringSubmatch(body); code != nil {
						codes <- code[1]
					} else {
						t.Errorf("no code is shown:\n%s", body)
						close(codes)
					}
				default:
					v.logIn(tr.AuthURL, "alice")
				}
			}()
			return nil
		},
		Ask: func(context.Context) (secret.Text, error) { return secret.New(<-codes), nil },
	}
}

func TestClientLogsInAtTheBroker(t *testing.T) {
	urls, _ := startDev(t, "localhost:0")
	for _, flow := range []client.Flow{client.Loopback, client.Poll, client.Paste} {
		t.Run(string(flow), func(t *testing.T) {
			confirmed := make(chan struct{})
			c := brokered(t, urls, confirmed)
			s, err := c.Login(t.Context(), client.Request{Provider: "dev", Flow: flow, Scopes: []string{"openid", "profile", "email"}}, personOf(t, confirmed))
			if err != nil {
				t.Fatal(err)
			}
			if s.Username != "alice" || s.Provider != "dev" || s.Handle.Empty() || s.Key != s.Handle || strings.Join(s.Scopes, " ") != "openid profile email" {
				t.Errorf("the session is %+v", s)
			}
			who, err := c.WhoAmI(t.Context(), s.Handle)
			if err != nil || who.Username != "alice" || who.Created.IsZero() {
				t.Errorf("whoami: %+v, %v", who, err)
			}
			res, err := c.Call(t.Context(), s.Handle, client.Call{Provider: "dev", Method: "GET", Path: "/userinfo"})
			if err != nil {
				t.Fatal(err)
			}
			var claims struct{ Email string }
			err = json.NewDecoder(res.Body).Decode(&claims)
			res.Body.Close()
			if err != nil || claims.Email != "alice@example.com" {
				t.Errorf("the call answers %+v, %v", claims, err)
			}
			if _, err := c.Call(t.Context(), s.Handle, client.Call{Provider: "dev", Method: "GET", Path: "/keys"}); !client.HasCode(err, client.CodeCallNotAllowed) {
				t.Errorf("a call that is not listed: %v", err)
			}
			for range 2 {
				if err := c.Logout(t.Context(), s.Handle); err != nil {
					t.Errorf("logout: %v", err)
				}
			}
			if _, err := c.WhoAmI(t.Context(), s.Handle); !client.NeedsLogin(err) {
				t.Errorf("after the logout: %v", err)
			}
		})
	}
}

// A second machine that holds the code has no verifier, and one that tries ends the login.
func TestACodeIsWorthNothingWithoutItsVerifier(t *testing.T) {
	urls, _ := startDev(t, "localhost:0")
	c := brokered(t, urls, nil)
	paste := func() (mine, theirs *client.Transaction, code secret.Text) {
		t.Helper()
		var err error
		for _, tr := range []**client.Transaction{&theirs, &mine} {
			if *tr, err = c.Start(t.Context(), client.Request{Provider: "dev", Flow: client.Paste}); err != nil {
				t.Fatal(err)
			}
		}
		_, body := newVisitor(t).logIn(mine.AuthURL, "alice")
		shown := shownCode.FindStringSubmatch(body)
		if shown == nil {
			t.Fatalf("no code is shown:\n%s", body)
		}
		return mine, theirs, secret.New(shown[1])
	}
	mine, theirs, code := paste()
	if s, err := c.Collect(t.Context(), theirs, code); !client.HasCode(err, client.CodeInvalidGrant) {
		t.Errorf("with another verifier: %+v, %v", s, err)
	}
	if s, err := c.Collect(t.Context(), mine, code); !client.HasCode(err, client.CodeAlreadyCollected) {
		t.Errorf("after somebody tried: %+v, %v", s, err)
	}

	// Of attempts at the same time one succeeds.
	mine, _, code = paste()
	var running sync.WaitGroup
	var mu sync.Mutex
	outcomes := map[string]int{}
	for range 8 {
		running.Go(func() {
			outcome := "a session"
			if _, err := c.Collect(t.Context(), mine, code); client.HasCode(err, client.CodeAlreadyCollected) {
				outcome = "gone"
			} else if err != nil {
				outcome = err.Error()
			}
			mu.Lock()
			defer mu.Unlock()
			outcomes[outcome]++
		})
	}
	running.Wait()
	if outcomes["a session"] != 1 || outcomes["gone"] != 7 {
		t.Errorf("8 attempts at the same time: %v", outcomes)
	}
}

// The commands, one after the other, with a transcript of what they say.
func TestCommandsAtTheBroker(t *testing.T) {
	urls, _ := startDev(t, "localhost:0")
	store := keyring.Open(filepath.Join(t.TempDir(), "gatehouse"), nil)
	v := newVisitor(t)
	var transcript bytes.Buffer
	command := func() *login.Command {
		return &login.Command{
			Stdin: strings.NewReader(""), Stdout: &transcript, Stderr: &transcript, Store: store,
			Getenv: func(name string) string { return map[string]string{"DISPLAY": ":0", "WAYLAND_DISPLAY": ":0"}[name] },
			Open:   func(address string) error { v.logIn(address, "bob"); return nil },
		}
	}
	ctx := t.Context()
	run := func(what string, err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	}
	run("login", command().Login(ctx, login.Options{Broker: urls.App, Flow: client.Loopback, Keep: keyring.File, Scopes: []string{"openid", "profile"}}))
	kept, err := store.Find(urls.App, "dev")
	if err != nil || kept.Place != keyring.File || kept.Username != "bob" {
		t.Fatalf("kept %+v, %v", kept, err)
	}
	run("whoami", command().WhoAmI(ctx, login.Which{}))
	run("call", command().Call(ctx, login.Which{}, login.Request{Method: "GET", Path: "/userinfo"}))
	run("logout", command().Logout(ctx, login.Which{}, false))

	if strings.Contains(transcript.String(), kept.Handle.Reveal()) {
		t.Error("the transcript has the handle")
	}
	got := transcript.String()
	for pattern, name := range map[string]string{
		regexp.QuoteMeta(urls.App): "BROKER", `t=[\w-]+`: "t=SEALED", `Since: .*`: "Since:        TIME", `"sub":"\d+"`: `"sub":"ID"`,
	} {
		got = regexp.MustCompile(pattern).ReplaceAllString(got, name)
	}
	const want = `The browser opens to log in at dev. If it does not,
visit this URL to authorize:

    BROKER/auth/begin?t=SEALED

Waiting for the login in the browser (Ctrl-C stops)
Logged in as: bob
Logged in as: bob
Provider:     dev at BROKER
Scopes:       openid profile
Since:        TIME
Kept in:      a file
`
	if !strings.HasPrefix(got, want) || !strings.Contains(got, `"preferred_username":"bob"`) || !strings.HasSuffix(got, "Logged out: bob (dev at BROKER)\n") {
		t.Errorf("the transcript is\n%s", got)
	}
}
