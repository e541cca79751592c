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

func TestBrokerAddresses(t *testing.T) {
	for address, want := range map[string]string{
		"https://broker.example":            "https://broker.example",
		"https://Broker.Example:443/":       "https://broker.example",
		"https://broker.example:8443/base/": "https://broker.example:8443/base",
		"http://localhost:3000":             "http://localhost:3000",
		"http://127.0.0.1:3000/":            "http://127.0.0.1:3000",
		"http://[::1]:3000":                 "http://[::1]:3000",
		"http://broker.example":             "",
		"http://localhost.evil.example":     "",
		"http://127.0.0.1.evil.example":     "",
		"https://user@broker.example":       "",
		"https://broker.example?x=y":        "",
		"https://broker.example?":           "",
		"https://broker.example/#x":         "",
		"ftp://broker.example":              "",
		"broker.example":                    "",
		"https://":                          "",
		"https://:443":                      "",
		"":                                  "",
	} {
		c, err := client.New(address, nil)
		if want == "" {
			if !errors.Is(err, client.ErrBroker) {
				t.Errorf("%q: got %v, want ErrBroker", address, err)
			}
		} else if err != nil || c.Broker() != want {
			t.Errorf("%q: got %v, %v, want %s", address, c, err, want)
		}
	}
}

// What may come instead of a broker's answer, and what becomes of it.
func TestWhatMayAnswer(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		status      int
		contentType string
		body        string
		want        client.Code
		message     string
	}{
		"401":                        {401, "application/json", `{"error":true,"message":"Invalid or expired token","status":401,"code":"invalid_token"}`, client.CodeInvalidToken, "Invalid or expired token"},
		"429 for longer than a wait": {429, "application/json", `{"error":true,"message":"Too many requests","status":429,"code":"rate_limited"}`, client.CodeRateLimited, "Too many requests"},
		"502":                        {502, "application/json", `{"error":true,"message":"The provider failed","status":502,"code":"provider_error"}`, client.CodeProviderError, "The provider failed"},
		"500 with a page":            {500, "text/html", `<h1>Oops</h1>`, client.CodeInvalidAnswer, "Unknown error"},
		"404 of somebody else":       {404, "application/json", `{"message":"no route"}`, client.CodeInvalidAnswer, "Unknown error"},
		"error without a message":    {400, "application/json", `{"error":true,"status":400,"code":"invalid_request"}`, client.CodeInvalidRequest, "Unknown error"},
		"another status inside":      {502, "application/json", `{"error":true,"message":"x","status":401,"code":"invalid_token"}`, client.CodeInvalidAnswer, "Unknown error"},
		"a message for the terminal": {400, "application/json", `{"error":true,"message":"a\u001b[31m\nb\u202ec","status":400,"code":"invalid_request"}`, client.CodeInvalidRequest, "a [31m b c"},
		"a message without end":      {400, "application/json", `{"error":true,"message":"` + strings.Repeat("x", 5000) + `","status":400,"code":"invalid_request"}`, client.CodeInvalidRequest, strings.Repeat("x", 300)},
		"a page":                     {200, "text/html", `<h1>Welcome</h1>`, client.CodeInvalidAnswer, "the answer is not a broker's"},
		"no JSON":                    {200, "application/json", `{"auth_url":`, client.CodeInvalidAnswer, "the answer is not a broker's"},
		"a list":                     {200, "application/json", `[]`, client.CodeInvalidAnswer, "the answer is not a broker's"},
		"numbers for strings":        {200, "application/json", `{"auth_url":7}`, client.CodeInvalidAnswer, "the answer is not a broker's"},
		"nothing":                    {200, "application/json", ``, client.CodeInvalidAnswer, "the answer is not a broker's"},
		"an answer without end":      {200, "application/json", `{"auth_url":"` + strings.Repeat("x", 2<<20) + `"}`, client.CodeInvalidAnswer, "the answer is not a broker's"},
		"no auth_url":                {200, "application/json", `{"expires_in":600}`, client.CodeInvalidAnswer, "Missing auth_url in response"},
		"null":                       {200, "application/json", `null`, client.CodeInvalidAnswer, "Missing auth_url in response"},
		"no expires_in":              {200, "application/json", `{"auth_url":"https://broker.example/"}`, client.CodeInvalidAnswer, "Missing expires_in in response"},
		"a file":                     {200, "application/json", `{"auth_url":"file:///etc/passwd","expires_in":600}`, client.CodeInvalidAnswer, "auth_url in response is not an address that can be opened"},
		"an option":                  {200, "application/json", `{"auth_url":"--remote-debugging-port=1","expires_in":600}`, client.CodeInvalidAnswer, "auth_url in response is not an address that can be opened"},
		"a script":                   {200, "application/json", `{"auth_url":"https://x.example/$(reboot)\"","expires_in":600}`, client.CodeInvalidAnswer, "auth_url in response is not an address that can be opened"},
		"plain http":                 {200, "application/json", `{"auth_url":"http://x.example/","expires_in":600}`, client.CodeInvalidAnswer, "auth_url in response is not an address that can be opened"},
		"an escape sequence":         {200, "application/json", `{"auth_url":"https://x.example/\u001b]8;;","expires_in":600}`, client.CodeInvalidAnswer, "auth_url in response is not an address that can be opened"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			broker := newStandIn(t)
			broker.instead = func(w http.ResponseWriter, r *http.Request) bool {
				w.Header().Set("Content-Type", test.contentType)
				w.Header().Set("Retry-After", "3600")
				w.WriteHeader(test.status)
				_, _ = io.WriteString(w, test.body)
				return true
			}
			_, err := broker.client(client.Options{}).Start(t.Context(), request(client.Loopback))
			var e *client.Error
			if !errors.As(err, &e) {
				t.Fatalf("got %v, want *Error", err)
			}
			if e.Code != test.want || e.Message != test.message || e.Status != test.status || e.Op != "start" {
				t.Errorf("got %+v, want %s %q", e, test.want, test.message)
			}
			if n := len(broker.requests()); n != 1 {
				t.Errorf("%d requests, want 1", n)
			}
		})
	}
}

func TestPutOffRequestsAreRepeated(t *testing.T) {
	t.Parallel()
	const second = time.Second
	for name, test := range map[string]struct {
		answers    []int
		retryAfter string
		requests   int
		want       client.Code
		// waits are the least and the most of each wait.
		waits [][2]time.Duration
	}{
		"429 with a time":       {[]int{429}, "7", 2, "", [][2]time.Duration{{7 * second, 8 * second}}},
		"429 with a date":       {[]int{429}, "Sun, 22 Nov 2026 12:00:09 GMT", 2, "", [][2]time.Duration{{9 * second, 10 * second}}},
		"503 without a time":    {[]int{503, 503, 503}, "", 4, "", [][2]time.Duration{{second / 4, second}, {second / 2, 2 * second}, {second, 4 * second}}},
		"for ever":              {[]int{503, 503, 503, 503, 503}, "", 4, client.CodeProviderBusy, nil},
		"for longer than it is": {[]int{429}, "31", 1, client.CodeProviderBusy, nil},
		"a date long ago":       {[]int{429}, "Sun, 22 Nov 2020 12:00:09 GMT", 2, "", [][2]time.Duration{{second / 4, second}}},
		"nonsense":              {[]int{429}, "soon", 2, "", [][2]time.Duration{{second / 4, second}}},
		"502":                   {[]int{502}, "1", 1, client.CodeProviderBusy, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			broker := newStandIn(t)
			broker.instead = func(w http.ResponseWriter, r *http.Request) bool {
				n := len(broker.requests())
				if n > len(test.answers) {
					return false
				}
				if test.retryAfter != "" {
					w.Header().Set("Retry-After", test.retryAfter)
				}
				refuse(w, test.answers[n-1], "provider_busy", "later")
				return true
			}
			_, err := broker.client(client.Options{}).Start(t.Context(), request(client.Paste))
			if test.want == "" && err != nil || test.want != "" && !client.HasCode(err, test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
			if n := len(broker.requests()); n != test.requests {
				t.Errorf("%d requests, want %d", n, test.requests)
			}
			for i, span := range test.waits {
				if i >= len(broker.waits) || broker.waits[i] < span[0] || broker.waits[i] > span[1] {
					t.Errorf("waits %v, wanted one of %v as number %d", broker.waits, span, i+1)
				}
			}
		})
	}
}

func TestAWriteIsNotRepeatedAfterAProviderMayHaveSeenIt(t *testing.T) {
	t.Parallel()
	for method, want := range map[string]int{"POST": 1, "PATCH": 1, "GET": 2, "PUT": 2, "DELETE": 2} {
		broker := newStandIn(t)
		broker.instead = func(w http.ResponseWriter, r *http.Request) bool {
			if len(broker.requests()) > 1 {
				return false
			}
			refuse(w, 503, "provider_busy", "later")
			return true
		}
		res, err := broker.client(client.Options{}).Call(t.Context(), secret.New(handle), client.Call{Provider: "acme", Method: method, Path: "/v1/me"})
		if err == nil {
			res.Body.Close()
		}
		if n := len(broker.requests()); n != want {
			t.Errorf("%s: %d requests, want %d", method, n, want)
		}
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	t.Parallel()
	broker := newStandIn(t)
	other := newStandIn(t)
	broker.instead = func(w http.ResponseWriter, r *http.Request) bool {
		http.Redirect(w, r, other.URL+r.URL.Path+"?token=secret", http.StatusTemporaryRedirect)
		return true
	}
	_, err := broker.client(client.Options{}).WhoAmI(t.Context(), secret.New(handle))
	if !client.HasCode(err, client.CodeUnexpectedRedirect) || !strings.Contains(err.Error(), other.URL) || strings.Contains(err.Error(), "secret") {
		t.Errorf("got %v", err)
	}
	if asked := other.requests(); len(asked) != 0 {
		t.Errorf("the other host was asked: %v", asked)
	}
}

func TestNoAnswer(t *testing.T) {
	t.Parallel()
	broker := newStandIn(t)
	c := broker.client(client.Options{})
	broker.Close()
	_, err := c.WhoAmI(t.Context(), secret.New(handle))
	var e *client.Error
	if !errors.As(err, &e) || e.Code != client.CodeUnreachable || e.Hint() == "" || strings.Contains(fmt.Sprintf("%v %+v", err, e), handle) {
		t.Errorf("got %v", err)
	}
}

// silent never answers and ends with its context.
type silent struct{}

func (silent) RoundTrip(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

func TestAnAnswerThatNeverComes(t *testing.T) {
	t.Parallel()
	c, err := client.New("https://broker.example", &client.Options{Transport: silent{}, Timeout: time.Nanosecond})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Start(t.Context(), request(client.Paste)); !client.HasCode(err, client.CodeUnreachable) {
		t.Errorf("after the timeout: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Start(ctx, request(client.Paste)); !errors.Is(err, context.Canceled) {
		t.Errorf("after the context's end: %v", err)
	}
}

func TestWhoAmIAndLogout(t *testing.T) {
	t.Parallel()
	broker := newStandIn(t)
	c := broker.client(client.Options{})
	who, err := c.WhoAmI(t.Context(), secret.New(handle))
	if err != nil || who.Username != "alice" || who.Provider != "acme" || !slices.Equal(who.Scopes, []string{"read", "write"}) || who.Created.Year() != 2026 || !who.Expires.IsZero() {
		t.Errorf("got %+v, %v", who, err)
	}
	if _, err := c.WhoAmI(t.Context(), secret.New("another")); !client.NeedsLogin(err) {
		t.Errorf("with another handle: %v", err)
	}
	if err := c.Logout(t.Context(), secret.New(handle)); err != nil {
		t.Error(err)
	}
	providers, err := c.Providers(t.Context())
	if err != nil || len(providers) != 1 || providers[0].Name != "acme" || providers[0].Title != "Acme" {
		t.Errorf("got %v, %v", providers, err)
	}
}

func TestTheAppKeyIsSent(t *testing.T) {
	t.Parallel()
	broker := newStandIn(t)
	var got string
	broker.instead = func(_ http.ResponseWriter, r *http.Request) bool { got = r.Header.Get("X-App-Key"); return false }
	if _, err := broker.client(client.Options{AppKey: secret.New("key")}).Start(t.Context(), request(client.Paste)); err != nil || got != "key" {
		t.Errorf("X-App-Key is %q, %v", got, err)
	}
}

func TestCalls(t *testing.T) {
	t.Parallel()
	broker := newStandIn(t)
	c := broker.client(client.Options{})
	for name, test := range map[string]struct {
		call client.Call
		want string
	}{
		"GET":     {client.Call{Method: "get", Path: "/v1/me", Query: url.Values{"a": {"1 2"}}}, "GET acme/v1/me a=1+2"},
		"POST":    {client.Call{Method: "POST", Path: "track.love", Body: []byte("track=x"), ContentType: "application/x-www-form-urlencoded"}, "POST acme/track.love track=x"},
		"escaped": {client.Call{Method: "GET", Path: "/a%2Fb/c%20d"}, "GET acme/a%2Fb/c%20d "},
	} {
		t.Run(name, func(t *testing.T) {
			test.call.Provider = "acme"
			res, err := c.Call(t.Context(), secret.New(handle), test.call)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			if data, err := io.ReadAll(res.Body); err != nil || string(data) != test.want {
				t.Errorf("got %q, %v, want %q", data, err, test.want)
			}
		})
	}
	for _, path := range []string{"", "/", "/a?b", "/a#b", "/a b", "/../session", "/a/%2e%2e/b", "/a/./b", "/a\r\nb", "/%zz", "/a\\b"} {
		if _, err := c.Call(t.Context(), secret.New(handle), client.Call{Provider: "acme", Method: "GET", Path: path}); !errors.Is(err, client.ErrPath) {
			t.Errorf("%q: got %v, want ErrPath", path, err)
		}
	}
	if _, err := c.Call(t.Context(), secret.New("another"), client.Call{Provider: "acme", Method: "GET", Path: "/v1/me"}); !client.NeedsLogin(err) {
		t.Errorf("with another handle: %v", err)
	}
}

// What the provider refuses is its answer, and no error of the broker.
func TestACallThatTheProviderRefuses(t *testing.T) {
	t.Parallel()
	broker := newStandIn(t)
	broker.instead = func(w http.ResponseWriter, r *http.Request) bool {
		reply(w, 404, map[string]any{"error": 6, "message": "no such track"})
		return true
	}
	res, err := broker.client(client.Options{}).Call(t.Context(), secret.New(handle), client.Call{Provider: "acme", Method: "GET", Path: "/v1/me"})
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if data, err := io.ReadAll(res.Body); err != nil || res.StatusCode != 404 || !strings.Contains(string(data), "no such track") {
		t.Errorf("got %d %s, %v", res.StatusCode, data, err)
	}
}

func TestTheAnswerOfACallIsBounded(t *testing.T) {
	t.Parallel()
	for size, want := range map[int]error{client.MaxCallAnswer: nil, client.MaxCallAnswer + 1: client.ErrTooLarge} {
		broker := newStandIn(t)
		broker.instead = func(w http.ResponseWriter, r *http.Request) bool {
			_, _ = io.CopyN(w, strings.NewReader(strings.Repeat("x", size)), int64(size))
			return true
		}
		res, err := broker.client(client.Options{}).Call(t.Context(), secret.New(handle), client.Call{Provider: "acme", Method: "GET", Path: "/v1/me"})
		if err != nil {
			t.Fatal(err)
		}
		n, err := io.Copy(io.Discard, res.Body)
		if !errors.Is(err, want) || n != client.MaxCallAnswer {
			t.Errorf("%d bytes: read %d, %v", size, n, err)
		}
		if _, again := res.Body.Read(make([]byte, 1)); want != nil && !errors.Is(again, want) {
			t.Errorf("after the end: %v", again)
		}
		res.Body.Close()
	}
}
