package login

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"gatehouse/adapters/native/keyring"
	"gatehouse/client"
	"gatehouse/core/secret"
)

const (
	handle = "the-handle"
	code   = "the-code"
)

// noKeyring is a system without one.
type noKeyring struct{}

var errNoBus = errors.New("no bus")

func (noKeyring) Set(string, string) error   { return errNoBus }
func (noKeyring) Get(string) (string, error) { return "", errNoBus }
func (noKeyring) Delete(string) error        { return errNoBus }

// memory is a system's keyring.
type memory map[string]string

func (m memory) Set(name, text string) error     { m[name] = text; return nil }
func (m memory) Get(name string) (string, error) { return m[name], nil }
func (m memory) Delete(name string) error        { delete(m, name); return nil }

// session is one command line after the other, of a person with one broker.
type session struct {
	t      *testing.T
	broker *httptest.Server
	store  *keyring.Store
	env    map[string]string

	mu      sync.Mutex
	started map[string]string
	// instead, if not nil, may answer before the broker does.
	instead func(w http.ResponseWriter, r *http.Request) bool
	ended   bool
	// providers that the broker knows.
	providers []string

	stdout, stderr bytes.Buffer
}

func newSession(t *testing.T, system keyring.Secrets) *session {
	t.Helper()
	s := &session{t: t, env: map[string]string{}, providers: []string{"dev"}}
	s.store = keyring.Open(filepath.Join(t.TempDir(), "gatehouse"), system)
	s.broker = httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(s.broker.Close)
	return s
}

func reply(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

func refuse(w http.ResponseWriter, status int, code, message string) {
	reply(w, status, map[string]any{"error": true, "message": message, "status": status, "code": code})
}

func (s *session) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.instead != nil && s.instead(w, r) {
		return
	}
	known := r.Header.Get("Authorization") == "Bearer "+handle && !s.ended
	var got map[string]string
	if r.Method == http.MethodPost && r.Header.Get("Content-Type") == "application/json" {
		_ = json.NewDecoder(r.Body).Decode(&got)
	}
	switch {
	case r.URL.Path == "/auth/start" && got["provider"] != "dev":
		refuse(w, 400, "unknown_provider", "This provider is not known.")
	case r.URL.Path == "/auth/start":
		s.started = got
		reply(w, 200, map[string]any{"auth_url": s.broker.URL + "/begin", "expires_in": 600, "interval": 0.001, "poll_token": code,
			"user_code": "BCDF-GHJK", "verification_uri": s.broker.URL + "/device", "verification_uri_complete": s.broker.URL + "/device?c=1"})
	case r.URL.Path == "/auth/getSession" && got["code"]+got["poll_token"] != code:
		refuse(w, 400, "invalid_grant", "The code is not valid.")
	case r.URL.Path == "/auth/getSession":
		reply(w, 200, map[string]any{"username": "alice", "name": "Alice", "provider": "dev", "key": handle, "handle": handle, "scope": "openid"})
	case r.URL.Path == "/auth/providers":
		var list []map[string]any
		for _, name := range s.providers {
			list = append(list, map[string]any{"name": name})
		}
		reply(w, 200, map[string]any{"providers": list})
	case r.URL.Path == "/auth/logout":
		s.ended = true
		w.WriteHeader(http.StatusNoContent)
	case !known:
		refuse(w, 401, "invalid_token", "Invalid or expired token")
	case r.URL.Path == "/auth/session":
		reply(w, 200, map[string]any{"username": "alice", "name": "Alice", "provider": "dev", "scope": "openid", "created": "2026-11-22T12:00:00Z"})
	case strings.HasPrefix(r.URL.Path, "/auth/call/dev/missing"):
		reply(w, 404, map[string]any{"message": "no such \x1b[31mthing"})
	case strings.HasPrefix(r.URL.Path, "/auth/call/dev/"):
		body, _ := io.ReadAll(r.Body)
		reply(w, 200, map[string]any{"method": r.Method, "path": strings.TrimPrefix(r.URL.Path, "/auth/call/dev"), "query": r.URL.RawQuery, "body": string(body)})
	default:
		refuse(w, 404, "not_found", "Not Found")
	}
}

// command is the next command; typed is what the person types.
func (s *session) command(typed string) *Command {
	s.stdout.Reset()
	s.stderr.Reset()
	return &Command{
		Stdin: strings.NewReader(typed), Stdout: &s.stdout, Stderr: &s.stderr, Store: s.store,
		Getenv: func(name string) string { return s.env[name] },
		Open:   s.open,
	}
}

// open is the person's browser, with the person.
func (s *session) open(string) error {
	s.mu.Lock()
	target := s.started["redirect_uri"] + "?code=" + code + "&state=" + s.started["state"]
	s.mu.Unlock()
	res, err := http.Get(target)
	if err == nil {
		res.Body.Close()
	}
	return err
}

// transcript is what the command wrote, with the broker's address left out.
func (s *session) transcript() string {
	return strings.ReplaceAll("stdout:\n"+s.stdout.String()+"stderr:\n"+s.stderr.String(), s.broker.URL, "BROKER")
}

func (s *session) wrote(want string) {
	s.t.Helper()
	if got := s.transcript(); got != want {
		s.t.Errorf("the command wrote\n%s\nwant\n%s", got, want)
	}
}

// failed checks a failure, after which standard output must be empty.
func (s *session) failed(err error, code int, text string) *Failure {
	s.t.Helper()
	var f *Failure
	if !errors.As(err, &f) {
		s.t.Fatalf("got %v, want a failure", err)
	}
	if f.ExitCode() != code || !strings.Contains(f.Error(), text) {
		s.t.Errorf("got %q with exit code %d, want %q with %d", f.Error(), f.ExitCode(), text, code)
	}
	if s.stdout.Len() > 0 {
		s.t.Errorf("standard output has %q", s.stdout.String())
	}
	if strings.Contains(f.Error()+f.Hint()+s.stderr.String(), handle) {
		s.t.Error("the handle is printed")
	}
	return f
}

func TestLoginByLoopback(t *testing.T) {
	t.Parallel()
	s := newSession(t, memory{})
	s.env["DISPLAY"] = ":0"
	if err := s.command("").Login(t.Context(), Options{Broker: s.broker.URL, Provider: "dev", Scopes: []string{"openid"}}); err != nil {
		t.Fatal(err)
	}
	s.wrote(`stdout:
Logged in as: alice
stderr:
The browser opens to log in at dev. If it does not,
visit this URL to authorize:

    BROKER/begin

Waiting for the login in the browser (Ctrl-C stops)
`)
	if s.started["flow"] != "loopback" || s.started["scope"] != "openid" {
		t.Errorf("started with %v", s.started)
	}
}

func TestLoginByPoll(t *testing.T) {
	t.Parallel()
	for name, env := range map[string]map[string]string{
		"no display":                {},
		"in a session over the net": {"DISPLAY": ":10", "SSH_CONNECTION": "192.0.2.1 1 192.0.2.2 22"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSession(t, memory{})
			s.env = env
			c := s.command("")
			c.Open = func(string) error { t.Error("a browser is opened"); return nil }
			if err := c.Login(t.Context(), Options{Broker: s.broker.URL, Provider: "dev"}); err != nil {
				t.Fatal(err)
			}
			s.wrote(`stdout:
Logged in as: alice
stderr:
Visit this URL to authorize:

    BROKER/device

and check that it shows this code, or type it there:

    BCDF-GHJK

Waiting for the login in the browser (Ctrl-C stops)
`)
		})
	}
}

func TestLoginByPaste(t *testing.T) {
	t.Parallel()
	s := newSession(t, memory{})
	if err := s.command(code+"\n").Login(t.Context(), Options{Broker: s.broker.URL, Provider: "dev", Flow: client.Paste}); err != nil {
		t.Fatal(err)
	}
	s.wrote(`stdout:
Logged in as: alice
stderr:
Visit this URL to authorize:

    BROKER/begin

Enter the code that it shows: `)
	for typed, want := range map[string]string{"": "no code was entered", "\n": "no code was entered", "wrong\n": "The code is not valid (invalid_grant)"} {
		s.failed(s.command(typed).Login(t.Context(), Options{Broker: s.broker.URL, Provider: "dev", Flow: client.Paste}), exitFailure, want)
	}
	ctx, cancel := context.WithCancel(t.Context())
	c := s.command("")
	r, w := io.Pipe()
	defer w.Close()
	c.Stdin = r
	c.Stderr = writer(func(p []byte) (int, error) {
		if strings.Contains(string(p), "Enter the code that it shows") {
			cancel()
		}
		return len(p), nil
	})
	s.failed(c.Login(ctx, Options{Broker: s.broker.URL, Provider: "dev", Flow: client.Paste}), exitInterrupted, "interrupted")
}

type writer func([]byte) (int, error)

func (w writer) Write(p []byte) (int, error) { return w(p) }

func TestLoginForPrograms(t *testing.T) {
	t.Parallel()
	s := newSession(t, noKeyring{})
	c := s.command("")
	c.JSON = true
	if err := c.Login(t.Context(), Options{Broker: s.broker.URL + "/", Provider: "dev"}); err != nil {
		t.Fatal(err)
	}
	s.wrote(`stdout:
{"broker":"BROKER","provider":"dev","username":"alice","name":"Alice","scopes":["openid"],"kept":"file"}
stderr:
{"warning":"there is no keyring: the session will be kept in a file that only you can read"}
{"authorize":{"flow":"poll","auth_url":"BROKER/begin","user_code":"BCDF-GHJK","verification_uri":"BROKER/device"}}
`)
}

func TestWhereTheSessionIsKept(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		system keyring.Secrets
		keep   keyring.Place
		want   keyring.Place // "": refused
	}{
		"in the keyring":        {memory{}, "", keyring.System},
		"in a file, as told":    {memory{}, keyring.File, keyring.File},
		"in a file, for want":   {noKeyring{}, "", keyring.File},
		"nowhere but there":     {noKeyring{}, keyring.System, ""},
		"in a keyring, as told": {memory{}, keyring.System, keyring.System},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSession(t, test.system)
			err := s.command("").Login(t.Context(), Options{Broker: s.broker.URL, Provider: "dev", Keep: test.keep})
			if test.want == "" {
				f := s.failed(err, exitFailure, "this system offers no keyring")
				if !strings.Contains(f.Hint(), "--keep file") || s.started != nil {
					t.Errorf("hint %q, started with %v", f.Hint(), s.started)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			kept, err := s.store.Find("", "")
			if err != nil || kept.Place != test.want || kept.Handle.Reveal() != handle {
				t.Errorf("kept %+v, %v", kept, err)
			}
			warned := strings.Contains(s.stderr.String(), "gatehouse: warning: there is no keyring: the session will be kept in a file that only you can read")
			if warned != (test.keep == "" && test.want == keyring.File) {
				t.Errorf("standard error has %q", s.stderr.String())
			}
		})
	}
}

func TestASessionThatCannotBeKeptIsEnded(t *testing.T) {
	t.Parallel()
	full := memory{}
	s := newSession(t, &filling{memory: full})
	s.failed(s.command("").Login(t.Context(), Options{Broker: s.broker.URL, Provider: "dev"}), exitFailure, "no keyring")
	if !s.ended {
		t.Error("the session goes on")
	}
}

// filling is a keyring that takes a probe and nothing else.
type filling struct{ memory }

func (f *filling) Set(name, text string) error {
	if name != "probe" {
		return errors.New("full")
	}
	return f.memory.Set(name, text)
}

func TestWhichProvider(t *testing.T) {
	t.Parallel()
	s := newSession(t, memory{})
	if err := s.command("").Login(t.Context(), Options{Broker: s.broker.URL}); err != nil || s.started["provider"] != "dev" {
		t.Errorf("the only one: %v, %v", err, s.started)
	}
	for _, name := range []string{"", "dev\x1b]0;owned\x07", "dev; reboot", "dev\n", strings.Repeat("a", 33)} {
		s.providers, s.started = []string{name}, nil
		s.failed(s.command("").Login(t.Context(), Options{Broker: s.broker.URL}), exitFailure, "a name that is none")
		if s.started != nil {
			t.Errorf("a login at %q is begun", name)
		}
	}
	s.providers = []string{"spotify", "dev"}
	if f := s.failed(s.command("").Login(t.Context(), Options{Broker: s.broker.URL}), exitFailure, "which provider?"); f.Hint() != "--provider dev, spotify" {
		t.Errorf("hint %q", f.Hint())
	}
	f := s.failed(s.command("").Login(t.Context(), Options{Broker: s.broker.URL, Provider: "gihub"}), exitFailure, "This provider is not known (unknown_provider)")
	if f.Hint() != "the broker knows dev, spotify" {
		t.Errorf("hint %q", f.Hint())
	}
}

// loggedInSession is one with a completed login.
func loggedInSession(t *testing.T) *session {
	t.Helper()
	s := newSession(t, memory{})
	if err := s.command("").Login(t.Context(), Options{Broker: s.broker.URL, Provider: "dev"}); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestWhoAmI(t *testing.T) {
	t.Parallel()
	s := loggedInSession(t)
	if err := s.command("").WhoAmI(t.Context(), Which{}); err != nil {
		t.Fatal(err)
	}
	s.wrote(`stdout:
Logged in as: alice
Name:         Alice
Provider:     dev at BROKER
Scopes:       openid
Since:        2026-11-22T12:00:00Z
Kept in:      the keyring
stderr:
`)
	c := s.command("")
	c.JSON = true
	if err := c.WhoAmI(t.Context(), Which{Provider: "dev"}); err != nil {
		t.Fatal(err)
	}
	s.wrote(`stdout:
{"broker":"BROKER","provider":"dev","username":"alice","name":"Alice","scopes":["openid"],"kept":"keyring","created":"2026-11-22T12:00:00Z"}
stderr:
`)
	s.failed(s.command("").WhoAmI(t.Context(), Which{Provider: "spotify"}), exitNeedsLogin, "not logged in")
	s.ended = true
	f := s.failed(s.command("").WhoAmI(t.Context(), Which{}), exitNeedsLogin, "Invalid or expired token (invalid_token)")
	if f.Hint() != "gatehouse login --broker "+s.broker.URL+" --provider dev" {
		t.Errorf("hint %q", f.Hint())
	}
}

func TestLogout(t *testing.T) {
	t.Parallel()
	s := loggedInSession(t)
	s.instead = func(w http.ResponseWriter, r *http.Request) bool {
		refuse(w, 500, "internal_error", "Internal server error")
		return true
	}
	if f := s.failed(s.command("").Logout(t.Context(), Which{}, false), exitFailure, "Internal server error"); !strings.Contains(f.Hint(), "--local") {
		t.Errorf("hint %q", f.Hint())
	}
	s.instead = nil
	if err := s.command("").Logout(t.Context(), Which{}, false); err != nil {
		t.Fatal(err)
	}
	s.wrote("stdout:\nLogged out: alice (dev at BROKER)\nstderr:\n")
	if !s.ended {
		t.Error("the session goes on")
	}
	s.failed(s.command("").Logout(t.Context(), Which{}, false), exitNeedsLogin, "not logged in")

	s = loggedInSession(t)
	if err := s.command("").Logout(t.Context(), Which{}, true); err != nil || s.ended {
		t.Errorf("locally: %v, ended at the broker: %v", err, s.ended)
	}
	s.failed(s.command("").WhoAmI(t.Context(), Which{}), exitNeedsLogin, "not logged in")
}

func TestCall(t *testing.T) {
	t.Parallel()
	s := loggedInSession(t)
	for name, test := range map[string]struct {
		r    Request
		json bool
		want string
	}{
		"GET":          {Request{Method: "GET", Path: "/v1/me", Data: []string{"a=1", "b=2 3", "a=4"}}, false, `{"body":"","method":"GET","path":"/v1/me","query":"a=1\u0026a=4\u0026b=2+3"}`},
		"POST":         {Request{Method: "POST", Path: "track.love", Data: []string{"track=a=b"}}, false, `{"body":"track=a%3Db","method":"POST","path":"/track.love","query":""}`},
		"JSON":         {Request{Method: "PUT", Path: "/v1/me", Data: []string{"a=1"}, Body: []byte(`{}`)}, false, `{"body":"{}","method":"PUT","path":"/v1/me","query":"a=1"}`},
		"for programs": {Request{Method: "GET", Path: "/v1/me"}, true, `{"status":200,"content_type":"application/json","body":{"body":"","method":"GET","path":"/v1/me","query":""}}`},
	} {
		c := s.command("")
		c.JSON = test.json
		if err := c.Call(t.Context(), Which{}, test.r); err != nil {
			t.Errorf("%s: %v", name, err)
		} else if got := strings.TrimSpace(s.stdout.String()); got != test.want {
			t.Errorf("%s: got %s, want %s", name, got, test.want)
		}
	}
	s.failed(s.command("").Call(t.Context(), Which{}, Request{Method: "GET", Path: "/missing"}), exitFailure, "the provider answered 404 Not Found")
	if got := s.stderr.String(); !strings.Contains(got, "no such") || strings.Contains(got, "\x1b") {
		t.Errorf("standard error has %q", got)
	}
	s.failed(s.command("").Call(t.Context(), Which{}, Request{Method: "GET", Path: "/a?b=c"}), exitFailure, "the path of a call")
	s.failed(s.command("").Call(t.Context(), Which{}, Request{Method: "GET", Path: "/a", Data: []string{"b"}}), exitFailure, `"b" is not NAME=VALUE`)
	s.instead = func(w http.ResponseWriter, r *http.Request) bool {
		refuse(w, 403, "call_not_allowed", "This call is not allowed.")
		return true
	}
	s.failed(s.command("").Call(t.Context(), Which{}, Request{Method: "GET", Path: "/a"}), exitFailure, "This call is not allowed (call_not_allowed)")
}

// What the broker refuses, or what answers in its place, reaches the person.
func TestFailuresReachThePerson(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		answer func(w http.ResponseWriter)
		code   int
		text   string
	}{
		"401": {func(w http.ResponseWriter) { refuse(w, 401, "session_expired", "The session has ended.") }, exitNeedsLogin, "The session has ended (session_expired)"},
		"429": {func(w http.ResponseWriter) {
			w.Header().Set("Retry-After", "120")
			refuse(w, 429, "rate_limited", "Too many requests.")
		}, exitFailure, "Too many requests (rate_limited)"},
		"502":     {func(w http.ResponseWriter) { refuse(w, 502, "provider_error", "The provider failed.") }, exitFailure, "The provider failed (provider_error)"},
		"garbage": {func(w http.ResponseWriter) { fmt.Fprint(w, "\x00\xff<html>") }, exitFailure, "the answer is not a broker's (invalid_answer)"},
		"a page":  {func(w http.ResponseWriter) { w.WriteHeader(500); fmt.Fprint(w, "<h1>Oops</h1>") }, exitFailure, "Unknown error (invalid_answer)"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := loggedInSession(t)
			s.instead = func(w http.ResponseWriter, r *http.Request) bool { test.answer(w); return true }
			s.failed(s.command("").WhoAmI(t.Context(), Which{}), test.code, test.text)
			s.failed(s.command("").Login(t.Context(), Options{Broker: s.broker.URL, Provider: "dev"}), test.code, test.text)
		})
	}
}

func TestTheAppKeyGoesWithEveryRequest(t *testing.T) {
	t.Parallel()
	s := newSession(t, memory{})
	without := 0
	s.instead = func(w http.ResponseWriter, r *http.Request) bool {
		if r.Header.Get("X-App-Key") != "key-of-the-app" {
			without++
		}
		return false
	}
	if err := s.command("").Login(t.Context(), Options{Broker: s.broker.URL, Provider: "dev", AppKey: secret.New("key-of-the-app")}); err != nil {
		t.Fatal(err)
	}
	if err := s.command("").WhoAmI(t.Context(), Which{}); err != nil {
		t.Fatal(err)
	}
	if without > 0 {
		t.Errorf("%d requests came without", without)
	}
}

func TestQRCode(t *testing.T) {
	t.Parallel()
	const address = "https://broker.example.com/auth/device?user_code=BCDF-GHJK"
	code := qrCode(address, 80)
	if !strings.Contains(code, "█") || strings.Contains(code, "\x1b") {
		t.Errorf("got %q", code)
	}
	if narrow := qrCode(address, 20); narrow != "" {
		t.Errorf("in 20 columns: %q", narrow)
	}
	if long := qrCode(strings.Repeat("x", 5000), 80); long != "" {
		t.Errorf("of what does not fit into any: %q", long)
	}
}

func TestNoSpinnerWithoutATerminal(t *testing.T) {
	t.Parallel()
	f, err := os.Create(filepath.Join(t.TempDir(), "file"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	startSpinner(f, "xterm", "Waiting").stop()
	if data, err := os.ReadFile(f.Name()); err != nil || string(data) != "Waiting\n" {
		t.Errorf("got %q, %v", data, err)
	}
}

func TestForeignTextCannotDriveATerminal(t *testing.T) {
	t.Parallel()
	s := loggedInSession(t)
	s.instead = func(w http.ResponseWriter, r *http.Request) bool {
		w.WriteHeader(404)
		_, _ = io.WriteString(w, "\x1b]0;title\x07\u202eabc\u0085\tend\nline")
		return true
	}
	s.failed(s.command("").Call(t.Context(), Which{}, Request{Method: "GET", Path: "/a"}), exitFailure, "404")
	if got, want := s.stderr.String(), "?]0;title??abc?\tend\nline\n"; got != want {
		t.Errorf("standard error has %q, want %q", got, want)
	}
}
