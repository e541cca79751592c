package main

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"time"

	"gatehouse/adapters/native/devprovider"
	"gatehouse/conformance/redisrest"
	"gatehouse/core/kv"
)

const token = "a-store-token-of-a-benchmark-0123456789"

// site is what surrounds the gateway: application, provider and store, in this process.
type site struct {
	app                          string
	application, provider, store *httptest.Server
}

func openSite() (*site, error) {
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	s := &site{app: "http://" + address}
	s.application = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok\n") }))
	s.store = httptest.NewServer(&redisrest.Front{Token: token, Commands: redisrest.Driver{KV: &kv.Memory{}, Now: time.Now}})
	s.provider = httptest.NewUnstartedServer(nil)
	provider, err := devprovider.New(devprovider.Options{
		Issuer: "http://" + s.provider.Listener.Addr().String(), ClientID: "gatehouse", ClientSecret: "a-client-secret-0123456789",
		RedirectURIs: []string{s.app + "/login/callback"}, PostLogoutRedirectURIs: []string{s.app + "/logout/done"},
	})
	if err != nil {
		return nil, err
	}
	s.provider.Config.Handler = provider
	s.provider.Start()
	return s, nil
}

func (s *site) close() {
	for _, server := range []*httptest.Server{s.application, s.provider, s.store} {
		server.CloseClientConnections()
		server.Close()
	}
}

// settings are the gateway's; the other components do not look at theirs.
func (s *site) settings() []string {
	return []string{
		"APP_URL=" + s.app, "DEV_MODE=true", "PROXY_TARGET=" + s.application.URL, "AUTH_SERVER_URL=" + s.provider.URL,
		"CLIENT_ID=gatehouse", "CLIENT_SECRET=a-client-secret-0123456789",
		"COOKIE_SECRET=AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8", "STORE_URL=" + s.store.URL, "STORE_TOKEN=" + token, "LOG_LEVEL=warn",
	}
}

// serve starts c and takes the time to its first answer.
func (c *component) serve(o options, s *site) error {
	var err error
	if c.address, err = freeAddress(); err != nil {
		return err
	}
	if c.name == "gatehouse" {
		c.address = s.app[len("http://"):]
	}
	args := []string{"serve", "-S", "cli", "--allow-precompiled", "--addr", c.address}
	args = append(args, strings.Fields(o.host)...)
	for _, setting := range append(s.settings(), strings.Split(o.settings, ",")...) {
		if setting != "" {
			args = append(args, "--env", setting)
		}
	}
	var printed bytes.Buffer
	c.cmd = exec.Command(o.wasmtime, append(args, c.compiled)...)
	c.cmd.Stderr = &printed
	began := time.Now()
	if err := c.cmd.Start(); err != nil {
		return err
	}
	for time.Since(began) < 30*time.Second {
		res, err := http.Get("http://" + c.address + "/health")
		if err == nil {
			c.first = time.Since(began)
			res.Body.Close()
			return nil
		}
		time.Sleep(time.Millisecond)
	}
	c.stop()
	return fmt.Errorf("%s does not answer: %s", c.name, printed.String())
}

func (c *component) stop() {
	_ = c.cmd.Process.Signal(os.Kill)
	_ = c.cmd.Wait()
}

// logIn returns the cookies of a session.
func (s *site) logIn() ([]*http.Cookie, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	browser := &http.Client{Jar: jar}
	form, err := browser.Get(s.app + "/login/authorize")
	if err != nil {
		return nil, err
	}
	form.Body.Close()
	at := form.Request.URL
	page, err := browser.PostForm(at.String(), url.Values{"id": {at.Query().Get("id")}, "username": {"alice"}, "password": {"password"}})
	if err != nil {
		return nil, err
	}
	page.Body.Close()
	if page.StatusCode != http.StatusOK || page.Request.URL.String() != s.app+"/" {
		return nil, fmt.Errorf("after the login form: %s at %s", page.Status, page.Request.URL)
	}
	return jar.Cookies(page.Request.URL), nil
}

func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}
