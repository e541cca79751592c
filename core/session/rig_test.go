package session_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"gatehouse/core/cookie"
	"gatehouse/core/identity"
	"gatehouse/core/kv"
	"gatehouse/core/seal"
	"gatehouse/core/session"
)

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

const (
	idleLimit = 12 * time.Hour
	lifetime  = 14 * 24 * time.Hour

	firstSecret  = "test only: the first secret, 32 bytes"
	secondSecret = "test only: the second secret, 32 bytes"
)

// driver is a memory store that counts operations and misbehaves on demand.
type driver struct {
	kv.Memory
	mu         sync.Mutex
	reads      int
	writes     int
	failing    error
	fullAt     int               // writes after so many fail; 0 for none
	missing    bool              // every read misses, as from a replica that is behind
	beforeRead func()            // runs after the value was read
	stale      map[string][]byte // what reads return instead
}

func (d *driver) Get(ctx context.Context, key string) ([]byte, error) {
	d.mu.Lock()
	d.reads++
	failing, missing, hook, stale := d.failing, d.missing, d.beforeRead, d.stale[key]
	d.mu.Unlock()
	if failing != nil {
		return nil, failing
	}
	if missing {
		return nil, kv.ErrNotFound
	}
	value, err := d.Memory.Get(ctx, key)
	if stale != nil {
		value, err = bytes.Clone(stale), nil
	}
	if hook != nil {
		hook()
	}
	return value, err
}

func (d *driver) Put(ctx context.Context, key string, value []byte, expiry time.Time) error {
	d.mu.Lock()
	d.writes++
	failing := d.failing
	if d.fullAt > 0 && d.writes > d.fullAt {
		failing = errors.New("no room")
	}
	d.mu.Unlock()
	if failing != nil {
		return failing
	}
	return d.Memory.Put(ctx, key, value, expiry)
}

func (d *driver) operations() int { d.mu.Lock(); defer d.mu.Unlock(); return d.reads + d.writes }

// rig is one deployment: a store, a clock and the processes that share them.
type rig struct {
	*session.Sessions
	t      testing.TB
	names  cookie.Names
	store  *kv.Store
	driver *driver
	logs   bytes.Buffer
	mu     sync.Mutex
	time   time.Time
	keys   *seal.Keyring
	kind   session.Kind
}

func (r *rig) now() time.Time { r.mu.Lock(); defer r.mu.Unlock(); return r.time }

func (r *rig) pass(d time.Duration) { r.mu.Lock(); defer r.mu.Unlock(); r.time = r.time.Add(d) }

func newRig(t testing.TB, kind session.Kind, dev bool) *rig {
	t.Helper()
	r := &rig{t: t, names: cookie.NewNames("gatehouse", dev), time: start, kind: kind, driver: &driver{}}
	r.driver.Now = r.now
	r.process(firstSecret)
	return r
}

// process replaces the process by another one with the same store: no memory, and
// the given secrets.
func (r *rig) process(secrets ...string) *session.Sessions {
	r.t.Helper()
	var all [][]byte
	for _, s := range secrets {
		all = append(all, []byte(s))
	}
	keys, err := seal.NewKeyring(all...)
	if err != nil {
		r.t.Fatal(err)
	}
	r.keys, r.store = keys, kv.NewStore(r.driver, keys, r.now)
	r.Sessions = session.New(session.Options{Store: r.store, Keys: keys, Names: r.names, Kind: r.kind,
		Idle: idleLimit, Lifetime: lifetime, Now: r.now, Log: slog.New(slog.NewTextHandler(&r.logs, nil))})
	return r.Sessions
}

// browser is a cookie jar.
type browser map[string]string

// take applies Set-Cookie values.
func (b browser) take(cookies []string) {
	for _, c := range cookies {
		pair, attributes, _ := strings.Cut(c, ";")
		name, value, _ := strings.Cut(pair, "=")
		if strings.Contains(attributes, "Max-Age=0") {
			delete(b, name)
		} else {
			b[name] = value
		}
	}
}

// only is the browser with nothing but the cookie called name.
func (b browser) only(name string) browser { return browser{name: b[name]} }

func (b browser) request() *http.Request {
	r := &http.Request{Header: http.Header{}}
	for name, value := range b {
		r.Header.Add("Cookie", name+"="+value)
	}
	return r
}

func alice() *identity.Identity {
	return &identity.Identity{Issuer: "https://issuer.example", Subject: "alice", Email: "alice@example.com"}
}

func record() session.Record {
	return session.Record{Identity: alice(), AccessToken: "the-access-token", RefreshToken: "the-refresh-token", IDToken: "the-id-token",
		AuthTime: 1_772_300_000, ACR: "gold"}
}

// login begins a session and returns the browser that has it.
func (r *rig) login() (browser, *session.Session) {
	r.t.Helper()
	b := browser{}
	begun, cookies, err := r.Begin(r.t.Context(), record(), "")
	if err != nil {
		r.t.Fatal(err)
	}
	b.take(cookies)
	return b, begun
}

// visit authenticates and applies the answer's cookies.
func (r *rig) visit(b browser) (*session.Session, []string) {
	r.t.Helper()
	found, cookies, _, err := r.Authenticate(r.t.Context(), b.request())
	if err != nil {
		r.t.Fatal(err)
	}
	b.take(cookies)
	return found, cookies
}

// accepts and refuses say what must come of a visit.
func (r *rig) accepts(b browser) *session.Session {
	r.t.Helper()
	found, _ := r.visit(b)
	if found == nil || found.Identity == nil || found.Identity.Subject != "alice" {
		r.t.Fatalf("got %+v, want alice", found)
	}
	return found
}

// refuses also checks whether the browser was told to forget the cookie.
func (r *rig) refuses(b browser, forget bool) {
	r.t.Helper()
	found, cookies := r.visit(b)
	if found != nil {
		r.t.Fatalf("got %+v, want no session", found)
	}
	want := 0
	if forget {
		want = 1
	}
	if len(cookies) != want || forget && cookies[0] != r.names.Clear(r.names.Session) {
		r.t.Errorf("cookies are %q", cookies)
	}
}
