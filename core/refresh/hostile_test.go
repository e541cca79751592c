package refresh_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"gatehouse/core/kv"
	"gatehouse/core/refresh"
)

// A store without conditional writes returns the old record for as long as it likes:
// no process redeems the old refresh token.
func TestAStaleRecordIsNotRedeemed(t *testing.T) {
	store := &stale{Memory: &kv.Memory{Now: epoch}}
	r := newRig(t, plain{store})
	old, err := store.Memory.Get(t.Context(), string(use)+ref)
	if err != nil {
		t.Fatal(err)
	}
	r.clock.pass(time.Hour)
	r.has(r.one, "access-1")
	store.old = map[string][]byte{string(use) + ref: old}
	for range 3 {
		r.has(r.one, "access-1")
		r.has(r.process(), "access-1")
		r.clock.pass(10 * time.Minute)
	}
	r.clock.pass(time.Hour)
	r.has(r.process(), "access-2")
	r.has(r.process(), "access-2")
	r.has(r.one, "access-2")
	r.redeemed(2)
}

// Even when nothing new is seen, a process does not go back behind what it did.
func TestAProcessDoesNotGoBack(t *testing.T) {
	for name, wrap := range map[string]func(*stale) kv.Driver{
		"plain writes":       func(s *stale) kv.Driver { return plain{s} },
		"conditional writes": func(s *stale) kv.Driver { return s },
	} {
		t.Run(name, func(t *testing.T) {
			store := &stale{Memory: &kv.Memory{Now: epoch}, all: true}
			r := newRig(t, wrap(store))
			old, err := store.Memory.Get(t.Context(), string(use)+ref)
			if err != nil {
				t.Fatal(err)
			}
			r.clock.pass(time.Hour)
			r.has(r.one, "access-1")
			store.old = map[string][]byte{string(use) + ref: old}
			r.has(r.one, "access-1")
			r.redeemed(1)
			if _, err := r.one.End(t.Context(), ref); err != nil {
				t.Fatal(err)
			}
			r.fails(r.one, refresh.ErrEnded)
		})
	}
}

// The process dies after the provider redeemed and before anything was stored.
func TestACrashBetweenRedeemingAndSaving(t *testing.T) {
	for name, lenient := range map[string]bool{"a provider that forgives": true, "a provider that does not": false} {
		t.Run(name, func(t *testing.T) {
			store := &faulty{Memory: &kv.Memory{Now: epoch}}
			r := newRig(t, store)
			r.issuer.lenient = lenient
			r.clock.pass(59*time.Minute + 10*time.Second)
			dead := errors.New("killed")
			store.write = func(n int) (bool, error) { return n <= 2, map[bool]error{false: dead}[n <= 2] }
			r.has(r.one, "access-1") // nobody sees this answer
			store.write = nil
			// The access token serves on, and the refresh token is not tried meanwhile.
			for range 4 {
				r.has(r.process(), "access-0")
				r.clock.pass(12 * time.Second)
			}
			r.redeemed(1)
			r.clock.pass(time.Minute)
			if lenient {
				r.has(r.process(), "access-2")
			} else {
				r.fails(r.process(), refresh.ErrEnded)
			}
			r.redeemed(2)
		})
	}
}

// Whoever needs a token while another process holds the lease waits for the outcome;
// when none comes the lease runs out.
func TestALeaseThatIsNotGivenBack(t *testing.T) {
	store := &faulty{Memory: &kv.Memory{Now: epoch}}
	r := newRig(t, store)
	r.clock.pass(time.Hour)
	r.issuer.before = func() error {
		r.issuer.before = nil
		before := r.clock.Now()
		r.has(r.process(), "access-1") // does not come before the lease is over
		if waited := r.clock.Now().Sub(before); waited < 25*time.Second || waited > 27*time.Second {
			t.Errorf("waited %v", waited)
		}
		return nil
	}
	// The one that held it comes back too late, with a token that was used, and serves
	// what the other stored. That the provider ended the grant shows at the next refresh.
	r.has(r.process(), "access-1")
	r.redeemed(2)
	r.clock.pass(time.Hour)
	r.fails(r.process(), refresh.ErrEnded)
}

// The refresh token was redeemed by a process whose lease was over; the refusal of the
// late one does not end what the other stored.
func TestALateRefusalEndsNothing(t *testing.T) {
	stores(t, func(t *testing.T, driver kv.Driver) {
		r := newRig(t, driver)
		r.clock.pass(time.Hour)
		r.issuer.before = func() error {
			r.issuer.before = nil
			r.clock.pass(26 * time.Second)
			r.has(r.process(), "access-1")
			return errors.Join(refresh.ErrRefused)
		}
		r.has(r.one, "access-1")
		r.has(r.process(), "access-1")
		r.redeemed(1)
	})
}

func TestWhatCannotBeStoredIsKept(t *testing.T) {
	store := &faulty{Memory: &kv.Memory{Now: epoch}}
	r := newRig(t, store)
	r.clock.pass(time.Hour)
	down := errors.New("disk full")
	store.write = func(n int) (bool, error) { return n <= 2, map[bool]error{false: down}[n <= 2] } // 1: Begin, 2: lease
	r.has(r.one, "access-1")
	r.has(r.one, "access-1")
	store.read = func() error { return down }
	r.has(r.one, "access-1")
	r.redeemed(1)
	store.write, store.read = nil, nil
	r.has(r.one, "access-1") // stores it
	r.has(r.process(), "access-1")
	r.clock.pass(time.Hour)
	r.has(r.process(), "access-2")
	r.redeemed(2)
}

// A write that reports an error may have happened.
func TestLostAcknowledgements(t *testing.T) {
	lost := errors.New("connection reset")
	for n := 2; n <= 3; n++ {
		store := &faulty{Memory: &kv.Memory{Now: epoch}}
		r := newRig(t, store)
		r.clock.pass(time.Hour)
		store.write = func(i int) (bool, error) { return true, map[bool]error{true: lost}[i == n] }
		began := r.clock.Now()
		r.has(r.one, "access-1")
		if waited := r.clock.Now().Sub(began); waited > time.Second {
			t.Errorf("write %d: waited %v", n, waited)
		}
		r.has(r.process(), "access-1")
		r.redeemed(1)
	}
}

func TestAStoreThatIsDown(t *testing.T) {
	down := errors.New("no route")
	store := &faulty{Memory: &kv.Memory{Now: epoch}}
	r := newRig(t, store)
	found := r.has(r.one, "access-0")
	store.write = func(int) (bool, error) { return false, down }
	r.clock.pass(59 * time.Minute)
	if served, err := r.one.Fresh(t.Context(), found, r.issuer); err != nil || served.Access.Reveal() != "access-0" {
		t.Errorf("a token that lives: %+v, %v", served, err)
	}
	r.clock.pass(time.Minute)
	if _, err := r.one.Fresh(t.Context(), found, r.issuer); !errors.Is(err, refresh.ErrStore) {
		t.Errorf("a token that is over: %v", err)
	}
	if _, err := r.one.End(t.Context(), ref); !errors.Is(err, refresh.ErrStore) {
		t.Errorf("the end: %v", err)
	}
	r.fails(r.one, refresh.ErrEnded) // here at least
	store.read = func() error { return down }
	r.fails(r.process(), refresh.ErrStore)
	if _, err := r.process().End(t.Context(), ref); !errors.Is(err, refresh.ErrStore) {
		t.Errorf("the end: %v", err)
	}
	if _, err := r.one.Begin(t.Context(), "new", r.issuer.first(), r.clock.now.Add(time.Hour)); !errors.Is(err, refresh.ErrStore) {
		t.Errorf("the beginning: %v", err)
	}
	r.redeemed(0)
}

// Somebody who can write to the store cannot make a record, and a clock that differs
// holds nobody up for ever.
func TestDamagedRecordsAndClocks(t *testing.T) {
	store := &kv.Memory{Now: epoch}
	r := newRig(t, store)
	key := string(use) + ref
	good, err := store.Get(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string][]byte{"garbage": []byte("{}"), "cut": good[:len(good)-1], "longer": append(append([]byte{}, good...), 0)} {
		if err := store.Put(t.Context(), key, value, r.clock.now.Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		if _, err := r.process().Load(t.Context(), ref); !errors.Is(err, refresh.ErrEnded) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := store.Put(t.Context(), key, good, r.clock.now.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	r.clock.pass(time.Hour)
	ahead := &clock{now: r.clock.now.Add(time.Hour)}
	r.issuer.before = func() error { panic("the process dies") }
	other := refresh.New(refresh.Options{Store: kv.NewStore(store, r.keys, ahead.Now), Use: use, Now: ahead.Now, Wait: ahead.wait})
	found, err := other.Load(t.Context(), ref)
	if err != nil {
		t.Fatal(err)
	}
	func() {
		defer func() { _ = recover() }()
		_, _ = other.Fresh(t.Context(), found, r.issuer)
	}()
	r.issuer.before = nil
	began := r.clock.Now()
	if r.has(r.one, "access-1"); r.clock.Now() != began {
		t.Error("waited for a lease from another time")
	}
}

// A redeemer that panics takes down its own request only.
func TestARedeemerThatPanics(t *testing.T) {
	stores(t, func(t *testing.T, driver kv.Driver) {
		r := newRig(t, driver)
		r.clock.pass(time.Hour)
		r.issuer.before = func() error { panic("bug") }
		func() {
			defer func() { _ = recover() }()
			_, _ = r.get(r.one)
		}()
		r.issuer.before = nil
		r.has(r.one, "access-1")
		r.redeemed(1)
	})
}

func TestAWaiterGoesAway(t *testing.T) {
	r := newRig(t, &kv.Memory{Now: epoch})
	r.clock.pass(time.Hour)
	r.issuer.before = func() error {
		ctx, leave := context.WithCancel(t.Context())
		k := r.process()
		found, err := k.Load(ctx, ref)
		if err != nil {
			t.Error(err)
		}
		leave()
		if _, err := k.Fresh(ctx, found, r.issuer); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		return nil
	}
	r.has(r.one, "access-1")
	r.redeemed(1)
}

// A record that was begun moments ago need not be visible yet: elsewhere it is missing,
// not ended, and here it is known.
func TestARecordThatIsNotVisibleYet(t *testing.T) {
	store := &stale{Memory: &kv.Memory{Now: epoch}, all: true}
	r := newRig(t, plain{store})
	store.old = map[string][]byte{}
	r.has(r.one, "access-0")
	other := r.process()
	r.fails(other, refresh.ErrMissing)
	r.fails(other, refresh.ErrEnded)
	store.old = nil
	r.has(other, "access-0")
	store.old = map[string][]byte{}
	r.clock.pass(3 * time.Minute)
	r.fails(r.one, refresh.ErrMissing)
	store.old = nil
	if _, err := r.one.End(t.Context(), ref); err != nil {
		t.Fatal(err)
	}
	if _, err := r.process().Load(t.Context(), ref); !errors.Is(err, refresh.ErrEnded) || errors.Is(err, refresh.ErrMissing) {
		t.Errorf("got %v", err)
	}
}
