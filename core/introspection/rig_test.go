package introspection

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"gatehouse/core/bearer"
	"gatehouse/core/clientauth"
	"gatehouse/core/egress"
	"gatehouse/core/kv"
	"gatehouse/core/seal"
	"gatehouse/core/secret"
)

const (
	testIssuer   = "https://op.example.com"
	testEndpoint = testIssuer + "/introspect"
	testSecret   = "canary-client-secret"
	testNow      = 1800000000
)

var token = secret.New("canary.token-1")

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// issuer is a fake of the endpoint, its network, a clock and a store. A test changes its
// fields between calls.
type issuer struct {
	mu      sync.Mutex
	now     time.Time
	asked   map[string]int // by token
	last    *http.Request
	body    string // of the last request
	log     bytes.Buffer
	answer  func(token string) (status int, contentType, body string)
	answers map[string]any // the answer when answer is nil
	hold    func(*http.Request) error

	memory *kv.Memory
	driver kv.Driver
}

func newIssuer() *issuer {
	f := &issuer{now: time.Unix(testNow, 0), asked: map[string]int{}}
	f.answers = map[string]any{"active": true, "sub": "alice", "aud": "client", "scope": "read", "exp": testNow + 3600}
	f.memory = &kv.Memory{Now: f.Now}
	f.driver = f.memory
	return f
}

// change edits the answer; nil removes a member.
func (f *issuer) change(changes map[string]any) {
	f.answers = maps.Clone(f.answers)
	for name, value := range changes {
		if f.answers[name] = value; value == nil {
			delete(f.answers, name)
		}
	}
}

func (f *issuer) Now() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.now
}

func (f *issuer) advance(d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.now = f.now.Add(d)
}

// calls is how often the issuer was asked.
func (f *issuer) calls() (n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range f.asked {
		n += c
	}
	return n
}

// Write makes the fake the destination of the log.
func (f *issuer) Write(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.log.Write(p)
}

// RoundTrip implements http.RoundTripper.
func (f *issuer) RoundTrip(r *http.Request) (*http.Response, error) {
	body := string(must(io.ReadAll(r.Body)))
	raw := must(url.ParseQuery(body)).Get("token")
	f.mu.Lock()
	f.asked[raw]++
	f.last, f.body = r, body
	hold, answer := f.hold, f.answer
	f.mu.Unlock()
	if hold != nil {
		if err := hold(r); err != nil {
			return nil, err
		}
	}
	status, kind, text := http.StatusOK, "application/json", ""
	if answer != nil {
		status, kind, text = answer(raw)
	} else {
		text = string(must(json.Marshal(f.answers)))
	}
	return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {kind}}, Body: io.NopCloser(strings.NewReader(text))}, nil
}

func (f *issuer) options(edit func(*Options)) Options {
	o := Options{
		Endpoint: func(context.Context) (string, error) { return testEndpoint, nil },
		ClientID: "client", Auth: clientauth.Basic("client", secret.New(testSecret)),
		Policy: bearer.Policy{Issuer: testIssuer, Leeway: 30 * time.Second}, Cap: DefaultCap,
		Egress: &egress.Client{Transport: f, Hosts: []string{"op.example.com", "other.example"}, Timeout: 5 * time.Second, MaxBody: 1 << 20},
		Store:  kv.NewStore(f.driver, must(seal.NewKeyring([]byte("0123456789abcdefghijklmnopqrstuv"))), f.Now),
		Now:    f.Now, Log: slog.New(slog.NewTextHandler(f, nil)),
	}
	if edit != nil {
		edit(&o)
	}
	return o
}

func (f *issuer) introspector(edit func(*Options)) *Introspector { return New(f.options(edit)) }

// storeKeys lists what the store holds.
func (f *issuer) storeKeys() []string {
	keys, _, err := f.memory.List(context.Background(), "", "", 1<<20)
	return must(keys, err)
}

func ask(i *Introspector) (*Result, error) { return i.Introspect(context.Background(), token) }

// vectors reads a file of testdata; a field that the test does not know is fatal.
func vectors[T any](t testing.TB, name string) []T {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(must(os.ReadFile("testdata/" + name))))
	d.DisallowUnknownFields()
	var all []T
	if err := d.Decode(&all); err != nil || len(all) == 0 {
		t.Fatal(fmt.Errorf("%s: %d vectors, %w", name, len(all), err))
	}
	return all
}
