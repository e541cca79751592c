package spin

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"gatehouse/adapters/spin/wasi"
	"gatehouse/core/platform"
)

// composedApplication is one that is composed with the gateway.
type composedApplication struct {
	status   int
	answered bool
	err      error
	asked    *wasi.Passed
}

func (a *composedApplication) pass(p *wasi.Passed) (int, bool, error) {
	a.asked = p
	return a.status, a.answered, a.err
}

func TestComposedApplicationGetsTheRequestAsTheGatewayMadeIt(t *testing.T) {
	t.Parallel()
	app := &composedApplication{status: 404, answered: true}
	c := &composed{app.pass, "gatehouse-dev"}
	r := outRequest("PUT", "/a%2Fb?x=1", "data")
	r.Header = http.Header{"X-B": {"2"}, "X-A": {"1", "1b"}, "Te": {"trailers"}}
	a := &fakeAnswer{}
	w := newResponse(a, "PUT")
	var statuses []int
	err := c.Forward(w, r, func(status int, h http.Header) {
		statuses = append(statuses, status)
		h.Set("X-Request-Id", "id")
		h.Set("Cache-Control", "no-store")
		h.Add("Set-Cookie", "gatehouse-dev=1")
		h.Add("Set-Cookie", "gatehouse-dev-handover=")
	})
	if err != nil {
		t.Fatal(err)
	}
	p := app.asked
	if p.PathWithQuery != "/a%2Fb?x=1" || p.OwnCookies != "gatehouse-dev" || !p.Private {
		t.Errorf("passed %+v", p)
	}
	want := []wasi.Field{{Name: "x-a", Value: "1"}, {Name: "x-a", Value: "1b"}, {Name: "x-b", Value: "2"}, {Name: "content-length", Value: "4"}}
	if !slices.Equal(p.Fields, want) {
		t.Errorf("fields %v, want %v", p.Fields, want)
	}
	want = []wasi.Field{{Name: "cache-control", Value: "no-store"}, {Name: "set-cookie", Value: "gatehouse-dev=1"},
		{Name: "set-cookie", Value: "gatehouse-dev-handover="}, {Name: "x-request-id", Value: "id"}}
	if !slices.Equal(p.Additions, want) {
		t.Errorf("additions %v, want %v", p.Additions, want)
	}
	if statuses[len(statuses)-1] != 404 {
		t.Errorf("the gateway learns of %v", statuses)
	}
	if err := w.finish(); err != nil || a.status != 0 {
		t.Errorf("a second answer: %v, %+v", err, a)
	}
}

func TestAnswersOfComposedApplicationsThatMayBeCached(t *testing.T) {
	t.Parallel()
	app := &composedApplication{status: 200, answered: true}
	err := (&composed{app.pass, "x"}).Forward(newResponse(&fakeAnswer{}, "GET"), outRequest("GET", "/", ""), func(_ int, h http.Header) { h.Set("X-Request-Id", "id") })
	if err != nil || app.asked.Private || len(app.asked.Additions) != 1 {
		t.Errorf("%v, %+v", err, app.asked)
	}
}

func TestComposedApplicationsThatDoNotAnswer(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	for name, test := range map[string]struct {
		app  composedApplication
		want error
	}{
		"silent":          {composedApplication{}, errNotAnswered},
		"not handed over": {composedApplication{err: broken}, broken},
	} {
		a := &fakeAnswer{}
		w := newResponse(a, "GET")
		err := (&composed{test.app.pass, "x"}).Forward(w, outRequest("GET", "/", ""), func(int, http.Header) {})
		if !errors.Is(err, test.want) {
			t.Errorf("%s: %v", name, err)
		}
		// The gateway can answer.
		w.WriteHeader(502)
		if err := w.finish(); err != nil || a.status != 502 {
			t.Errorf("%s: %v, status %d", name, err, a.status)
		}
	}
	failed := &composedApplication{answered: true}
	seen := 0
	err := (&composed{failed.pass, "x"}).Forward(newResponse(&fakeAnswer{}, "GET"), outRequest("GET", "/", ""), func(status int, _ http.Header) { seen = status })
	if err != nil || seen != 500 {
		t.Errorf("an error for the host: %v, status %d", err, seen)
	}
}

func TestWhatCannotBePassed(t *testing.T) {
	t.Parallel()
	app := &composedApplication{status: 200, answered: true}
	c := &composed{app.pass, "x"}
	edit := func(int, http.Header) {}
	r := outRequest("GET", "/", "")
	r.Header["Upgrade"] = []string{"websocket"}
	if err := c.Forward(newResponse(&fakeAnswer{}, "GET"), r, edit); !errors.Is(err, platform.ErrUpgradeUnsupported) {
		t.Errorf("upgrade: %v", err)
	}
	w := newResponse(&fakeAnswer{}, "GET")
	w.WriteHeader(200)
	if err := c.Forward(w, outRequest("GET", "/", ""), edit); !errors.Is(err, errWriter) {
		t.Errorf("answer under way: %v", err)
	}
	var other struct{ http.ResponseWriter }
	if err := c.Forward(other, outRequest("GET", "/", ""), edit); !errors.Is(err, errWriter) {
		t.Errorf("another writer: %v", err)
	}
	if app.asked != nil {
		t.Errorf("passed %+v", app.asked)
	}
}

// untouchable is a body that must not be read.
type untouchable struct{ t *testing.T }

func (u untouchable) Read([]byte) (int, error) {
	u.t.Error("the body is looked at")
	return 0, errors.New("looked at")
}

func TestBodiesForComposedApplicationsAreNotLookedAt(t *testing.T) {
	t.Parallel()
	for _, method := range []string{"GET", "DELETE", "POST"} {
		in := incoming(method, "/")
		in.Body = untouchable{t}
		r, err := request(context.Background(), in, "", false)
		if err != nil || r.Body == http.NoBody || r.ContentLength != -1 {
			t.Errorf("%s: %v, %+v", method, err, r)
		}
	}
}

// composedHost is a host with settings for a composed application.
func composedHost(app *composedApplication, log *bytes.Buffer, more map[string]string) Host {
	settings := map[string]string{
		"APP_URL": "https://app.example.com", "AUTH_SERVER_URL": "https://id.example.com", "CLIENT_ID": "c", "CLIENT_SECRET": "s",
		"COOKIE_SECRET": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8", "STORE": "memory", "PUBLIC_PATHS": "/open/*",
	}
	for name, value := range more {
		settings[name] = value
	}
	return Host{
		Log:  log,
		Pass: app.pass,
		Send: func(context.Context, *wasi.Request) (*wasi.Response, error) { return nil, errors.New("no network") },
		Variable: func(name string) (string, bool, error) {
			value, ok := settings[name]
			return value, ok, nil
		},
	}
}

func TestComposedGateway(t *testing.T) {
	t.Parallel()
	app, log := &composedApplication{status: 200, answered: true}, &bytes.Buffer{}
	handle := Handler(composedHost(app, log, nil))

	private := incoming("GET", "/private", wasi.Field{Name: "accept", Value: "application/json"})
	private.Authority, private.Scheme, private.Body = "app.example.com", "https", untouchable{t}
	a := &fakeAnswer{}
	handle(context.Background(), private, a)
	if a.status != http.StatusUnauthorized || app.asked != nil {
		t.Fatalf("without a session: %d, passed %+v\n%s", a.status, app.asked, log)
	}
	open := incoming("GET", "/open//x", wasi.Field{Name: "x-forwarded-user", Value: "mallory"}, wasi.Field{Name: "cookie", Value: "__Host-gatehouse=x; other=1"})
	open.Authority, open.Scheme, open.Body = "app.example.com", "https", untouchable{t}
	a = &fakeAnswer{}
	handle(context.Background(), open, a)
	if app.asked == nil || a.status != 0 {
		t.Fatalf("a public path: %d\n%s", a.status, log)
	}
	if app.asked.PathWithQuery != "/open/x" || app.asked.OwnCookies != "__Host-gatehouse" {
		t.Errorf("passed %+v", app.asked)
	}
	for _, f := range app.asked.Fields {
		if f.Name == "x-forwarded-user" || f.Name == "cookie" && f.Value != "other=1" {
			t.Errorf("passed %v", f)
		}
	}
	if !strings.Contains(log.String(), `"status":200`) {
		t.Errorf("the log has no status:\n%s", log)
	}
}

func TestComposedGatewayHasNoProxyTarget(t *testing.T) {
	t.Parallel()
	app, log := &composedApplication{}, &bytes.Buffer{}
	in := incoming("GET", "/")
	in.Authority, in.Scheme = "app.example.com", "https"
	a := &fakeAnswer{}
	Handler(composedHost(app, log, map[string]string{"PROXY_TARGET": "http://127.0.0.1:1"}))(context.Background(), in, a)
	if a.status != http.StatusInternalServerError || !strings.Contains(log.String(), "PROXY_TARGET") {
		t.Errorf("%d\n%s", a.status, log)
	}
}
