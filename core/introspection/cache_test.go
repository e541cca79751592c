package introspection

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"gatehouse/core/kv"
	"gatehouse/core/secret"
)

// broken is a store that is down.
type broken struct{}

var errBroken = errors.New("store is down")

func (broken) Get(context.Context, string) ([]byte, error)          { return nil, errBroken }
func (broken) Put(context.Context, string, []byte, time.Time) error { return errBroken }
func (broken) Delete(context.Context, string) error                 { return errBroken }

// TestLifetimes asks, waits and asks again, with the same memory and with another
// process's.
func TestLifetimes(t *testing.T) {
	type change = map[string]any
	for _, c := range []struct {
		name          string
		cap           time.Duration
		answer        change
		wait          time.Duration
		memory, store int // calls in the end
	}{
		{"at once", DefaultCap, nil, 0, 1, 1},
		{"just before the cap", DefaultCap, nil, 59 * time.Second, 1, 1},
		{"at the cap", DefaultCap, nil, 60 * time.Second, 2, 2},
		{"just before an expiry below the cap", DefaultCap, change{"exp": testNow + 10}, 9 * time.Second, 1, 1},
		{"at an expiry below the cap, within the leeway", DefaultCap, change{"exp": testNow + 10}, 10 * time.Second, 2, 2},
		{"expired already, within the leeway", DefaultCap, change{"exp": testNow - 5}, 0, 2, 2},
		{"without an expiry", DefaultCap, change{"exp": nil}, 0, 2, 2},
		{"cap of a day, expiry in an hour", 24 * time.Hour, nil, time.Hour, 2, 2},
		{"no cap: every request asks", 0, nil, 0, 2, 2},
		{"negative cap", -time.Second, nil, 0, 2, 2},
		{"inactive, just before 5 s", DefaultCap, change{"active": false}, 4999 * time.Millisecond, 1, 2},
		{"inactive, at 5 s", DefaultCap, change{"active": false}, 5 * time.Second, 2, 2},
		{"inactive without a cap", 0, change{"active": false}, time.Second, 1, 2},
		{"refused by the policy, just before 5 s", DefaultCap, change{"aud": "other"}, 4999 * time.Millisecond, 1, 2},
		{"refused by the policy, at 5 s", DefaultCap, change{"aud": "other"}, 5 * time.Second, 2, 2},
		{"nonsense is never kept", DefaultCap, change{"active": "true"}, 0, 2, 2},
		{"longer than 64 KiB is not kept", DefaultCap, change{"x": strings.Repeat("x", maxAnswer)}, 0, 2, 2},
		{"the clock is set back a little", DefaultCap, nil, -time.Second, 1, 1},
		{"the clock is set back", DefaultCap, nil, -time.Hour, 2, 2},
	} {
		for where, want := range map[string]int{"memory": c.memory, "store": c.store} {
			t.Run(c.name+", "+where, func(t *testing.T) {
				f := newIssuer()
				f.change(c.answer)
				edit := func(o *Options) { o.Cap = c.cap }
				i := f.introspector(edit)
				_, first := ask(i)
				f.advance(c.wait)
				if where == "store" {
					i = f.introspector(edit)
				}
				_, second := ask(i)
				// Past its expiry and leeway a token is refused; else nothing changes.
				if f.calls() != want || kindOf(first) != kindOf(second) && kindOf(second) != "expired" {
					t.Errorf("%d calls, want %d; %v, then %v", f.calls(), want, first, second)
				}
			})
		}
	}
}

func TestWithoutAStoreMemoryKeeps(t *testing.T) {
	f := newIssuer()
	i := f.introspector(func(o *Options) { o.Store = nil })
	for range 3 {
		if _, err := ask(i); err != nil {
			t.Fatal(err)
		}
	}
	if err := i.Forget(t.Context(), token); err != nil {
		t.Error(err)
	}
	if f.calls() != 1 {
		t.Errorf("%d calls", f.calls())
	}
}

// G2: the key is a hash over all that the answer depends on.
func TestKeys(t *testing.T) {
	f := newIssuer()
	const want = "H-kAATu8wBNnIhFQyPyo6QQBCQbPEZs1jGLB1As3ntw"
	if got := f.introspector(nil).key(testEndpoint, "2YotnFZFEjr1zCsicMWpAA"); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	seen := map[string]string{}
	for name, edit := range map[string]func(*Options){
		"as it is":                   nil,
		"other client":               func(o *Options) { o.ClientID = "client2" },
		"other issuer":               func(o *Options) { o.Policy.Issuer = "https://other.example" },
		"other leeway":               func(o *Options) { o.Policy.Leeway = 0 },
		"other audience":             func(o *Options) { o.Policy.Audiences = []string{"api"} },
		"two audiences":              func(o *Options) { o.Policy.Audiences = []string{"client", "api"} },
		"two audiences run into one": func(o *Options) { o.Policy.Audiences = []string{"clientapi"} },
		"audience also a scope":      func(o *Options) { o.Policy.Scopes = []string{"client"} },
		"scope":                      func(o *Options) { o.Policy.Scopes = []string{"read"} },
		"scope, no audience but it":  func(o *Options) { o.Policy.Audiences = []string{"client", "read"} },
	} {
		key := f.introspector(edit).key(testEndpoint, token.Reveal())
		if other, twice := seen[key]; twice {
			t.Errorf("%s and %s share a key", name, other)
		}
		seen[key] = name
	}
	i := f.introspector(nil)
	for _, pair := range [][2]string{{testEndpoint, "b"}, {testEndpoint + "b", ""}, {"", testEndpoint + "b"}, {testEndpoint, "bb"}} {
		key := i.key(pair[0], pair[1])
		if other, twice := seen[key]; twice {
			t.Errorf("%q and %s share a key", pair, other)
		}
		seen[key] = pair[0] + " " + pair[1]
	}
}

func TestAnswersOfOneServerAreNotUsedForAnother(t *testing.T) {
	f := newIssuer()
	endpoint := testEndpoint
	i := f.introspector(func(o *Options) {
		o.Endpoint = func(context.Context) (string, error) { return endpoint, nil }
	})
	_, _ = ask(i)
	endpoint = "https://other.example/introspect"
	if _, err := ask(i); err != nil || f.calls() != 2 || f.last.URL.Host != "other.example" {
		t.Errorf("%d calls, the last to %s, error %v", f.calls(), f.last.URL, err)
	}
}

func TestStoreKeysHaveTheirOwnPrefixAndSize(t *testing.T) {
	f := newIssuer()
	long := secret.New(strings.Repeat("x", 3000))
	if _, err := f.introspector(nil).Introspect(t.Context(), long); err != nil {
		t.Fatal(err)
	}
	if _, err := f.introspector(nil).Introspect(t.Context(), long); err != nil {
		t.Fatal(err)
	}
	keys := f.storeKeys()
	if len(keys) != 1 || !strings.HasPrefix(keys[0], "i:v1:") || len(keys[0]) != 5+43 || f.calls() != 1 {
		t.Errorf("keys %v, %d calls", keys, f.calls())
	}
}

// G4: tokens that nobody issued fill neither memory nor the store.
func TestFloodOfRandomTokens(t *testing.T) {
	f := newIssuer()
	i := f.introspector(nil)
	if _, err := ask(i); err != nil {
		t.Fatal(err)
	}
	f.answers = map[string]any{"active": false}
	const flood = maxEntries + 1000
	for n := range flood {
		if _, err := i.Introspect(t.Context(), secret.New(fmt.Sprint("random-", n))); kindOf(err) != "inactive" {
			t.Fatal(err)
		}
	}
	if _, err := i.Introspect(t.Context(), secret.New(fmt.Sprint("random-", flood-1))); kindOf(err) != "inactive" {
		t.Fatal(err)
	}
	if f.calls() != flood+1 {
		t.Errorf("%d calls for %d tokens", f.calls(), flood+1)
	}
	if n := len(i.refused.byKey); n != maxEntries || i.refused.order.Len() != n {
		t.Errorf("memory holds %d refusals", n)
	}
	if keys := f.storeKeys(); len(keys) != 1 {
		t.Errorf("the store holds %d records", len(keys))
	}
	if _, err := ask(i); err != nil || f.calls() != flood+1 {
		t.Errorf("a good token was driven out: %v", err)
	}
	f.advance(refusedFor)
	_, _ = i.Introspect(t.Context(), secret.New("random-again"))
	if n := len(i.refused.byKey); n != 1 {
		t.Errorf("%d refusals outlive their time", n)
	}
}

func TestFloodOfValidTokensIsBoundedInMemory(t *testing.T) {
	f := newIssuer()
	f.change(map[string]any{"x": strings.Repeat("x", 60<<10)})
	i := f.introspector(func(o *Options) { o.Store = nil })
	for n := range 600 {
		if _, err := i.Introspect(t.Context(), secret.New(fmt.Sprint("valid-", n))); err != nil {
			t.Fatal(err)
		}
	}
	if i.valid.bytes > maxBytes || i.valid.bytes < maxBytes/2 || len(i.valid.byKey) != i.valid.order.Len() {
		t.Errorf("%d bytes in %d entries", i.valid.bytes, len(i.valid.byKey))
	}
	small := newMemory(3, 0)
	now := time.Unix(testNow, 0)
	for _, key := range []string{"a", "b", "a", "c", "d"} {
		small.put(key, &entry{made: now, until: now.Add(time.Minute)}, now)
	}
	var kept []string
	for _, key := range []string{"a", "b", "c", "d"} {
		if small.get(key, now) != nil {
			kept = append(kept, key)
		}
	}
	if !slices.Equal(kept, []string{"a", "c", "d"}) {
		t.Errorf("kept %v", kept)
	}
}

// S107: what is cached serves on while the issuer is down; the rest is unavailable.
func TestIssuerDown(t *testing.T) {
	for name, fail := range map[string]func(*issuer, *bool){
		"500": func(f *issuer, _ *bool) { f.answer = func(string) (int, string, string) { return 500, "", "" } },
		"no connection": func(f *issuer, _ *bool) {
			f.answer = func(string) (int, string, string) { panic("no connection") }
		},
		"metadata unavailable": func(_ *issuer, lost *bool) { *lost = true },
	} {
		t.Run(name, func(t *testing.T) {
			f := newIssuer()
			lost := false
			i := f.introspector(func(o *Options) {
				o.Endpoint = func(context.Context) (string, error) {
					if lost {
						return "", errors.New("no metadata")
					}
					return testEndpoint, nil
				}
			})
			if _, err := ask(i); err != nil {
				t.Fatal(err)
			}
			fail(f, &lost)
			f.advance(59 * time.Second)
			if result, err := ask(i); err != nil || result.Identity.Subject != "alice" {
				t.Errorf("within its time: %v", err)
			}
			if _, err := i.Introspect(t.Context(), secret.New("another")); !errors.Is(err, ErrUnavailable) {
				t.Errorf("another token: %v", err)
			}
			f.advance(time.Second)
			if result, err := ask(i); !errors.Is(err, ErrUnavailable) || result != nil {
				t.Errorf("after its time: %v", err)
			}
			f.answer, lost = nil, false
			if _, err := ask(i); err != nil {
				t.Errorf("the failure was remembered: %v", err)
			}
		})
	}
}

func TestNoEndpoint(t *testing.T) {
	f := newIssuer()
	for name, address := range map[string]string{
		"none": "", "not on the egress list": "https://evil.example/introspect", "not an address": "https://op.example.com:x/",
		"http": "http://op.example.com/introspect",
	} {
		i := f.introspector(func(o *Options) {
			o.Endpoint = func(context.Context) (string, error) { return address, nil }
		})
		if _, err := ask(i); !errors.Is(err, ErrUnavailable) || f.calls() != 0 {
			t.Errorf("%s: %v, %d calls", name, err, f.calls())
		}
	}
}

func TestStoreDown(t *testing.T) {
	f := newIssuer()
	f.driver = broken{}
	i := f.introspector(nil)
	for range 3 {
		if _, err := ask(i); err != nil {
			t.Fatal(err)
		}
		if _, err := i.Introspect(t.Context(), secret.New("another")); err != nil {
			t.Fatal(err)
		}
	}
	if f.calls() != 2 || strings.Count(f.log.String(), "\n") != 1 {
		t.Errorf("%d calls, log %q", f.calls(), f.log.String())
	}
	if err := i.Forget(t.Context(), token); !errors.Is(err, errBroken) {
		t.Errorf("Forget says %v", err)
	}
}

func TestRecordsAreJudgedAnew(t *testing.T) {
	put := func(f *issuer, i *Introspector, value string, expiry time.Duration) {
		store := f.options(nil).Store
		if err := store.Put(context.Background(), kv.Introspections, i.key(testEndpoint, token.Reveal()), []byte(value), f.Now().Add(expiry)); err != nil {
			panic(err)
		}
	}
	const good = `{"active":true,"sub":"bob","aud":"client","exp":1800003600}`
	record := func(asked time.Duration, answer string) string {
		return fmt.Sprintf(`{"asked":%d,"answer":%s}`, time.Unix(testNow, 0).Add(asked).UnixMilli(), answer)
	}
	for _, c := range []struct {
		name, value string
		want        string // whose token it is
	}{
		{"good", record(0, good), "bob"},
		{"from another process whose clock is ahead", record(30*time.Second, good), "bob"},
		{"from further in the future", record(2*time.Minute, good), "alice"},
		{"of a process with a longer cap", record(-2*time.Minute, good), "alice"},
		{"inactive", record(0, `{"active":false}`), "alice"},
		{"other audience", record(0, `{"active":true,"sub":"bob","aud":"other","exp":1800003600}`), "alice"},
		{"without an expiry", record(0, `{"active":true,"sub":"bob","aud":"client"}`), "alice"},
		{"not an answer", record(0, `7`), "alice"},
		{"not a record", `[]`, "alice"},
		{"not JSON", `x`, "alice"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newIssuer()
			i := f.introspector(nil)
			put(f, i, c.value, time.Hour)
			if result, err := ask(i); err != nil || result.Identity.Subject != c.want {
				t.Errorf("result %+v, error %v", result, err)
			}
		})
	}
}

// A token that only lacks a scope is an active one: what is remembered of it, too, holds
// for the cap at most, never beyond its expiry, and until it is forgotten.
func TestATokenWithoutARequiredScopeIsActiveNoLongerThanOthers(t *testing.T) {
	for _, c := range []struct {
		name   string
		cap    time.Duration
		exp    int64
		wait   time.Duration
		forget bool
		want   string
	}{
		{"within the cap", 2 * time.Second, testNow + 3600, time.Second, false, "insufficient scope"},
		{"after the cap", 2 * time.Second, testNow + 3600, 2 * time.Second, false, "inactive"},
		{"after its time", DefaultCap, testNow + 3600, refusedFor, false, "inactive"},
		{"after its expiry", DefaultCap, testNow + 2, 2 * time.Second, false, "inactive"},
		{"after Forget", DefaultCap, testNow + 3600, time.Second, true, "inactive"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newIssuer()
			f.change(map[string]any{"exp": c.exp})
			i := f.introspector(func(o *Options) { o.Cap, o.Policy.Scopes = c.cap, []string{"write"} })
			if _, err := ask(i); kindOf(err) != "insufficient scope" {
				t.Fatal(err)
			}
			f.change(map[string]any{"active": false})
			f.advance(c.wait)
			if c.forget {
				if err := i.Forget(t.Context(), token); err != nil {
					t.Error(err)
				}
			}
			if _, err := ask(i); kindOf(err) != c.want {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}
