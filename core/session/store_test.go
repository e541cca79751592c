package session_test

import (
	"bytes"
	"context"
	"flag"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"gatehouse/core/identity"
	"gatehouse/core/kv"
	"gatehouse/core/session"
)

var update = flag.Bool("update", false, "rewrite golden files")

func TestRecordsAreReadOncePerFiveSeconds(t *testing.T) {
	r := newRig(t, session.Browser, false)
	b, begun := r.login()
	for range 10 {
		r.accepts(b)
	}
	if r.driver.reads != 0 {
		t.Errorf("%d reads in the process that began the session", r.driver.reads)
	}
	r.process(firstSecret)
	for range 10 {
		r.accepts(b)
	}
	r.pass(session.CacheAge - time.Millisecond)
	if found := r.accepts(b); found.Ref != begun.Ref || found.AccessToken != "the-access-token" {
		t.Errorf("got %+v", found)
	}
	if r.driver.reads != 1 {
		t.Errorf("%d reads within five seconds", r.driver.reads)
	}
	r.pass(time.Millisecond)
	r.accepts(b)
	if r.driver.reads != 2 || r.driver.writes != 1 {
		t.Errorf("%d reads and %d writes after five seconds", r.driver.reads, r.driver.writes)
	}
	r.pass(-time.Second)
	r.accepts(b)
	if r.driver.reads != 3 {
		t.Errorf("%d reads after the clock went back", r.driver.reads)
	}
}

func TestAnotherProcessForgetsWithinFiveSeconds(t *testing.T) {
	r := newRig(t, session.Browser, false)
	b, begun := r.login()
	other := r.process(firstSecret)
	r.accepts(b)
	r.process(firstSecret)
	if _, err := r.End(t.Context(), begun); err != nil {
		t.Fatal(err)
	}
	r.Sessions = other
	r.pass(session.CacheAge)
	r.refuses(b, true)
}

func TestALoadThatBeganBeforeTheEndDoesNotReviveTheSession(t *testing.T) {
	for _, slow := range []time.Duration{0, time.Second, time.Minute} {
		r := newRig(t, session.Browser, false)
		b, begun := r.login()
		r.process(firstSecret)
		r.driver.beforeRead = func() {
			r.driver.beforeRead = nil
			r.pass(slow)
			if err := r.Revoke(context.Background(), begun.Ref); err != nil {
				t.Error(err)
			}
			r.pass(slow)
		}
		r.refuses(b.only(r.names.Session), true)
		r.refuses(b, true)
	}
}

func TestASlowLoadIsNotBelievedForLonger(t *testing.T) {
	r := newRig(t, session.Browser, false)
	b, _ := r.login()
	r.process(firstSecret)
	r.driver.beforeRead = func() { r.pass(4 * time.Second) }
	r.accepts(b)
	r.driver.beforeRead = nil
	r.pass(time.Second)
	r.accepts(b)
	if r.driver.reads != 2 {
		t.Errorf("%d reads: what was read five seconds ago is still believed", r.driver.reads)
	}
}

func TestAStaleStoreDoesNotReviveWhatThisProcessEnded(t *testing.T) {
	r := newRig(t, session.Browser, false)
	b, begun := r.login()
	key := string(kv.Sessions) + begun.Ref
	old, err := r.driver.Memory.Get(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.End(t.Context(), begun); err != nil {
		t.Fatal(err)
	}
	r.driver.stale = map[string][]byte{key: old}
	for range 8 {
		r.refuses(b.only(r.names.Session), true)
		r.pass(time.Minute)
	}
}

func TestRecordsThatCannotBeReadAreNoSessionAndLoggedOnce(t *testing.T) {
	put := func(value string) func(*rig, string) {
		return func(r *rig, ref string) {
			if err := r.store.Put(r.t.Context(), kv.Sessions, ref, []byte(value), start.Add(time.Hour)); err != nil {
				r.t.Fatal(err)
			}
		}
	}
	raw := func(value string) func(*rig, string) {
		return func(r *rig, ref string) {
			_ = r.driver.Memory.Put(r.t.Context(), string(kv.Sessions)+ref, []byte(value), start.Add(time.Hour))
		}
	}
	for _, test := range []struct {
		name   string
		damage func(*rig, string)
	}{
		{"not an envelope", raw("garbage")},
		{"null from the platform", raw("<null>")},
		{"not JSON", put("garbage")},
		{"JSON of another kind", put("[]")},
		{"empty object", put("{}")},
		{"version 0", put(`{"v":0,"identity":{"sub":"alice"},"expires":1873575600}`)},
		{"unknown version", put(`{"v":2,"identity":{"sub":"alice"},"expires":1873575600}`)},
		{"unknown version that ended", put(`{"v":2,"ended":true}`)},
		{"no owner", put(`{"v":1,"expires":1873575600}`)},
		{"owner without a name", put(`{"v":1,"identity":{"iss":"x"},"expires":1873575600}`)},
		{"two documents", put(`{"v":1,"ended":true}{}`)},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := newRig(t, session.Browser, false)
			b, begun := r.login()
			test.damage(r, begun.Ref)
			r.process(firstSecret)
			for range 3 {
				r.refuses(browser{r.names.Session: b[r.names.Session], r.names.Handover: b[r.names.Handover]}, true)
				r.pass(session.CacheAge)
			}
			logs := r.logs.String()
			if strings.Count(logs, "\n") != 1 || !strings.Contains(logs, "level=WARN") || !strings.Contains(logs, begun.Ref) {
				t.Errorf("log is %q", logs)
			}
			if strings.Contains(logs, "alice") || strings.Contains(logs, "garbage") {
				t.Errorf("the log quotes the record: %q", logs)
			}
		})
	}
}

func TestARecordWithoutAnEndIsOver(t *testing.T) {
	r := newRig(t, session.Browser, false)
	b, begun := r.login()
	if err := r.store.Put(t.Context(), kv.Sessions, begun.Ref, []byte(`{"v":1,"identity":{"sub":"alice"}}`), start.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	r.process(firstSecret)
	r.refuses(b, true)
}

func TestARecordFromTheFutureIsRefused(t *testing.T) {
	r := newRig(t, session.Browser, false)
	b, begun := r.login()
	if err := r.store.Put(t.Context(), kv.Sessions, begun.Ref, []byte(`{"v":1,"identity":{"sub":"alice"},"created":1873575600,"expires":1973575600}`), start.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	r.process(firstSecret)
	r.refuses(b, true)
}

// The record is part of the stored format: STORAGE.md shows the same text.
func TestRecordStaysAsItIs(t *testing.T) {
	verified := true
	r := newRig(t, session.Browser, false)
	begun, _, err := r.Begin(t.Context(), session.Record{
		Identity: &identity.Identity{Issuer: "https://issuer.example", Subject: "alice", Username: "alice", Name: "Alice A.",
			GivenName: "Alice", FamilyName: "A.", PreferredUsername: "alice", Email: "alice@example.com", EmailVerified: &verified,
			Locale: "de", Groups: []string{"staff"}, ProjectRoles: map[string]map[string]string{"admin": {"1": "example.com"}},
			Metadata: map[string]string{"k": "Value"}},
		AuthTime: 1772366390, ProviderSession: "sid", AccessToken: "at", AccessTokenExpiry: 1772370000, RefreshToken: "rt", IDToken: "it",
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	live, err := r.store.Get(t.Context(), kv.Sessions, begun.Ref)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Revoke(t.Context(), begun.Ref); err != nil {
		t.Fatal(err)
	}
	ended, err := r.store.Get(t.Context(), kv.Sessions, begun.Ref)
	if err != nil {
		t.Fatal(err)
	}
	got := append(append(append(live, '\n'), ended...), '\n')
	const file = "testdata/records.jsonl"
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("records are\n%swant\n%s%v", got, want, err)
	}
	stored, _ := r.driver.Memory.Get(t.Context(), string(kv.Sessions)+begun.Ref)
	if bytes.Contains(stored, []byte("ended")) {
		t.Error("the store sees the record in the clear")
	}
}

func TestSessionsUnderLoad(t *testing.T) {
	r := newRig(t, session.Browser, false)
	b, begun := r.login()
	r.process(firstSecret)
	var wg sync.WaitGroup
	ended := make(chan struct{})
	for i := range 8 {
		wg.Go(func() {
			for range 100 {
				after := false
				select {
				case <-ended:
					after = true
				default:
				}
				found, _, err := r.Authenticate(context.Background(), b.request())
				if err != nil || after && found != nil {
					t.Errorf("got %v, %v after the end: %v", found, err, after)
					return
				}
				if found != nil {
					_, _ = found.Derived.Get(func() (any, error) { return i, nil })
				}
			}
		})
	}
	wg.Go(func() {
		if err := r.Revoke(context.Background(), begun.Ref); err != nil {
			t.Error(err)
		}
		close(ended)
	})
	wg.Go(func() {
		for range 50 {
			if _, _, err := r.Begin(context.Background(), record(), nil); err != nil {
				t.Error(err)
			}
		}
	})
	wg.Wait()
}

func TestDerivedValuesAreComputedOnce(t *testing.T) {
	r := newRig(t, session.Browser, false)
	b, _ := r.login()
	n := 0
	for range 5 {
		got, err := r.accepts(b).Derived.Get(func() (any, error) { n++; return n, os.ErrExist })
		if got != 1 || err != os.ErrExist {
			t.Errorf("got %v, %v", got, err)
		}
	}
}

func BenchmarkAuthenticate(b *testing.B) {
	for _, warm := range []bool{true, false} {
		name := map[bool]string{true: "warm", false: "from the store"}[warm]
		b.Run(name, func(b *testing.B) {
			r := newRig(b, session.Browser, false)
			jar, _ := r.login()
			request := jar.only(r.names.Session).request()
			b.ReportAllocs()
			for b.Loop() {
				if !warm {
					r.pass(session.CacheAge)
					if r.now().Sub(start) > idleLimit/40 {
						r.pass(start.Sub(r.now()))
					}
				}
				found, _, err := r.Authenticate(context.Background(), request)
				if err != nil || found == nil {
					b.Fatal(found, err)
				}
			}
		})
	}
}
