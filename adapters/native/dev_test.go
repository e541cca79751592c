package native

import (
	"bytes"
	"context"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"
)

func startDev(t *testing.T, addr string) (DevURLs, *bytes.Buffer) {
	t.Helper()
	var stdout bytes.Buffer
	return startDevWith(t, DevOptions{Addr: addr, Stdout: &stdout}), &stdout
}

func startDevWith(t *testing.T, o DevOptions) DevURLs {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ready, done := make(chan DevURLs, 1), make(chan error, 1)
	o.Ready = func(u DevURLs) { ready <- u }
	go func() { done <- Dev(ctx, o) }()
	t.Cleanup(func() {
		cancel()
		select {
		case err := <-done:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(30 * time.Second):
			t.Error("Dev does not end with its context")
		}
	})
	select {
	case u := <-ready:
		return u
	case err := <-done:
		t.Fatal(err)
	case <-time.After(30 * time.Second):
		t.Fatal("Dev is not ready")
	}
	return DevURLs{}
}

// visitor is a person's browser, as far as a login needs one.
type visitor struct {
	t      *testing.T
	client *http.Client
}

func newVisitor(t *testing.T) *visitor {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &visitor{t, &http.Client{Jar: jar, Timeout: 10 * time.Second}}
}

func (v *visitor) send(method, target string, form url.Values) (at *url.URL, body string) {
	v.t.Helper()
	r, err := http.NewRequest(method, target, strings.NewReader(form.Encode()))
	if err != nil {
		v.t.Fatal(err)
	}
	r.Header.Set("Accept", "text/html")
	r.Header.Set("Sec-Fetch-Mode", "navigate")
	r.Header.Set("Sec-Fetch-Dest", "document")
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	res, err := v.client.Do(r)
	if err != nil {
		v.t.Fatal(err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	if res.StatusCode != http.StatusOK {
		v.t.Fatalf("%s %s: %s\n%s", method, target, res.Status, data)
	}
	return res.Request.URL, string(data)
}

var (
	requestField = regexp.MustCompile(`name="id" value="([^"]+)"`)
	onward       = regexp.MustCompile(`href="([^"]*/login/authorize[^"]*)"`)
)

// logIn opens target and follows every page until the application answers.
func (v *visitor) logIn(target, user string) (*url.URL, string) {
	v.t.Helper()
	at, body := v.send(http.MethodGet, target, nil)
	if link := onward.FindStringSubmatch(body); link != nil {
		next, err := at.Parse(html.UnescapeString(link[1]))
		if err != nil {
			v.t.Fatal(err)
		}
		at, body = v.send(http.MethodGet, next.String(), nil)
	}
	id := requestField.FindStringSubmatch(body)
	if id == nil {
		v.t.Fatalf("no login form at %s:\n%s", at, body)
	}
	return v.send(http.MethodPost, at.Scheme+"://"+at.Host+"/login",
		url.Values{"id": {id[1]}, "username": {user}, "password": {"password"}})
}

// A newcomer opens what is printed, logs in, and is in the application where they
// wanted to go.
func TestDevLogsIn(t *testing.T) {
	urls, stdout := startDev(t, "localhost:0")
	for _, want := range []string{urls.App, urls.Provider, "alice / password", "bob / password", "development only", "Ctrl-C"} {
		if !strings.Contains(stdout.String(), want) {
			t.Errorf("stdout does not say %q:\n%s", want, stdout)
		}
	}
	app, _ := url.Parse(urls.App)
	provider, _ := url.Parse(urls.Provider)
	if app.Hostname() == provider.Hostname() {
		t.Errorf("%s and %s share cookies", urls.App, urls.Provider)
	}
	v := newVisitor(t)
	at, body := v.logIn(urls.App+"/some/page?x=1", "alice")
	if at.String() != urls.App+"/some/page?x=1" || !strings.Contains(body, "alice") {
		t.Errorf("ended at %s:\n%s", at, body)
	}
	if _, body := v.send(http.MethodGet, urls.App+"/api/whoami", nil); !strings.Contains(body, "alice") {
		t.Errorf("whoami: %s", body)
	}
}

// localhost may mean either address, and people open 127.0.0.1, too: all of them end
// at the one origin that the provider knows.
func TestDevOpenedByAnotherName(t *testing.T) {
	urls, _ := startDev(t, "localhost:0")
	app, _ := url.Parse(urls.App)
	for _, host := range []string{"127.0.0.1", "[::1]"} {
		t.Run(host, func(t *testing.T) {
			res, err := http.Get("http://" + host + ":" + app.Port() + "/health")
			if err != nil {
				if host == "[::1]" {
					t.Skip("no IPv6 here")
				}
				t.Fatal(err)
			}
			res.Body.Close()
			at, _ := newVisitor(t).logIn("http://"+host+":"+app.Port()+"/", "bob")
			if at.Host != app.Host {
				t.Errorf("ended at %s", at)
			}
		})
	}
}

// A gateway on 127.0.0.1 leaves that name, and with it the cookie jar, to itself.
func TestDevOnAnAddress(t *testing.T) {
	urls, _ := startDev(t, "127.0.0.1:0")
	if !strings.HasPrefix(urls.App, "http://127.0.0.1:") || !strings.HasPrefix(urls.Provider, "http://localhost:") {
		t.Fatalf("%+v", urls)
	}
	if at, _ := newVisitor(t).logIn(urls.App, "bob"); !strings.HasPrefix(at.String(), urls.App) {
		t.Errorf("ended at %s", at)
	}
}

func TestDevHost(t *testing.T) {
	for in, want := range map[string]string{
		"localhost:4000": "localhost", ":4000": "localhost", "127.0.0.1:1": "127.0.0.1",
		"[::1]:1": "::1", "App.Localhost:1": "app.localhost",
		"0.0.0.0:1": "", "[::]:1": "", "10.0.0.1:1": "", "127.0.0.2:1": "", "example.com:1": "", "localhost": "", "localhost:x": "",
	} {
		host, _, err := devHost(in)
		if host != want || (err == nil) != (want != "") {
			t.Errorf("%s: %q, %v", in, host, err)
		}
	}
}
