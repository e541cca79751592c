package session_test

import (
	"context"
	"os"
	"sync"
	"testing"
	"time"

	"gatehouse/core/kv"
	"gatehouse/core/session"
)

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
	if _, err := r.End(t.Context(), begun.Ref); err != nil {
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
	if _, err := r.End(t.Context(), begun.Ref); err != nil {
		t.Fatal(err)
	}
	r.driver.stale = map[string][]byte{key: old}
	for range 8 {
		r.refuses(b.only(r.names.Session), true)
		r.pass(time.Minute)
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
				found, _, _, err := r.Authenticate(context.Background(), b.request())
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
			if _, _, err := r.Begin(context.Background(), record(), ""); err != nil {
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
				found, _, _, err := r.Authenticate(context.Background(), request)
				if err != nil || found == nil {
					b.Fatal(found, err)
				}
			}
		})
	}
}
