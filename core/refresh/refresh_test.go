package refresh_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"gatehouse/core/kv"
	"gatehouse/core/refresh"
	"gatehouse/core/secret"
)

func TestAFreshTokenIsLeftAlone(t *testing.T) {
	stores(t, func(t *testing.T, driver kv.Driver) {
		r := newRig(t, driver)
		r.has(r.one, "access-0")
		r.clock.pass(58 * time.Minute)
		r.has(r.process(), "access-0")
		r.redeemed(0)
	})
}

func TestATokenIsRefreshedBeforeItExpires(t *testing.T) {
	stores(t, func(t *testing.T, driver kv.Driver) {
		r := newRig(t, driver)
		for n, want := range []string{"access-1", "access-2", "access-3"} {
			r.clock.pass(59 * time.Minute)
			if found := r.has(r.process(), want); found.Generation != n+1 || found.Refresh.Reveal() != "refresh-"+want[7:] {
				t.Errorf("got %+v", found)
			}
			r.has(r.one, want)
			r.has(r.process(), want)
		}
		r.clock.pass(24 * time.Hour)
		r.has(r.one, "access-4")
		r.redeemed(4)
	})
}

func TestAShortLifeHasAShortMargin(t *testing.T) {
	r := newRig(t, &kv.Memory{Now: epoch})
	r.issuer.life = 10 * time.Second
	r.clock.pass(time.Hour)
	r.has(r.one, "access-1")
	r.clock.pass(7 * time.Second)
	r.has(r.one, "access-1")
	r.clock.pass(time.Second)
	r.has(r.one, "access-2")
	r.redeemed(2)
}

func TestTokensThatCannotBeRefreshed(t *testing.T) {
	stores(t, func(t *testing.T, driver kv.Driver) {
		r := newRig(t, driver)
		end := r.clock.now.Add(24 * time.Hour)
		for name, c := range map[string]struct {
			tokens    refresh.Tokens
			now, dead error
		}{
			"no-expiry":        {refresh.Tokens{Access: secret.New("a")}, nil, nil},
			"no-refresh-token": {refresh.Tokens{Access: secret.New("a"), Expiry: r.clock.now.Add(time.Hour)}, nil, refresh.ErrEnded},
		} {
			begun, err := r.one.Begin(t.Context(), name, c.tokens, end)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := r.one.Fresh(t.Context(), begun, r.issuer); !errors.Is(err, c.now) {
				t.Errorf("%s: %v", name, err)
			}
			if _, err := r.one.Renew(t.Context(), begun, r.issuer); !errors.Is(err, refresh.ErrEnded) {
				t.Errorf("%s, refused by the provider: %v", name, err)
			}
			r.clock.pass(59*time.Minute + 30*time.Second)
			if _, err := r.one.Fresh(t.Context(), begun, r.issuer); err != nil {
				t.Errorf("%s, soon over: %v", name, err)
			}
			r.clock.pass(time.Hour)
			if _, err := r.one.Fresh(t.Context(), begun, r.issuer); !errors.Is(err, c.dead) {
				t.Errorf("%s, later: %v", name, err)
			}
			r.clock.pass(-2 * time.Hour)
		}
		r.redeemed(0)
	})
}

// A refusal by the resource asks for a later generation, whatever the clock says.
func TestARefusedTokenIsRenewedOnce(t *testing.T) {
	stores(t, func(t *testing.T, driver kv.Driver) {
		r := newRig(t, driver)
		old := r.has(r.one, "access-0")
		for _, k := range []*refresh.Keeper{r.one, r.one, r.process()} {
			newer, err := k.Renew(t.Context(), old, r.issuer)
			if err != nil || newer.Access.Reveal() != "access-1" {
				t.Errorf("got %+v, %v", newer, err)
			}
		}
		r.redeemed(1)
	})
}

func TestARefusalForGoodEndsTheRecord(t *testing.T) {
	stores(t, func(t *testing.T, driver kv.Driver) {
		r := newRig(t, driver)
		r.issuer.revoked = true
		r.clock.pass(59*time.Minute + 30*time.Second)
		r.fails(r.one, refresh.ErrEnded)
		for range 3 {
			r.fails(r.one, refresh.ErrEnded)
			r.fails(r.process(), refresh.ErrEnded)
			r.clock.pass(time.Hour)
		}
		r.redeemed(1)
	})
}

func TestAnOutageEndsNothing(t *testing.T) {
	stores(t, func(t *testing.T, driver kv.Driver) {
		r := newRig(t, driver)
		outage := errors.New("connection refused")
		asked := 0
		r.issuer.before = func() error { asked++; return outage }
		r.clock.pass(59 * time.Minute)
		r.has(r.one, "access-0")
		r.has(r.one, "access-0")
		if asked != 1 {
			t.Errorf("asked %d times within the pause", asked)
		}
		r.clock.pass(31 * time.Second)
		r.has(r.one, "access-0")
		if asked != 2 {
			t.Errorf("asked %d times after the pause", asked)
		}
		r.clock.pass(time.Minute)
		r.fails(r.one, outage)
		r.fails(r.one, refresh.ErrPaused)
		r.clock.pass(3 * time.Second)
		r.fails(r.one, outage)
		if asked != 4 {
			t.Errorf("asked %d times in all", asked)
		}
		r.issuer.before = nil
		r.clock.pass(3 * time.Second)
		r.has(r.one, "access-1")
		r.has(r.process(), "access-1")
		r.redeemed(1)
	})
}

func TestTheEndIsTheEnd(t *testing.T) {
	stores(t, func(t *testing.T, driver kv.Driver) {
		r := newRig(t, driver)
		ended, err := r.one.End(t.Context(), ref)
		if err != nil || ended.Refresh.Reveal() != "refresh-0" {
			t.Errorf("got %+v, %v", ended, err)
		}
		if _, err := r.one.End(t.Context(), ref); !errors.Is(err, refresh.ErrEnded) {
			t.Errorf("a second time: %v", err)
		}
		r.fails(r.one, refresh.ErrEnded)
		r.fails(r.process(), refresh.ErrEnded)
		r.clock.pass(time.Hour)
		r.fails(r.process(), refresh.ErrEnded)
		if _, err := r.one.Load(t.Context(), "another"); !errors.Is(err, refresh.ErrEnded) {
			t.Errorf("never begun: %v", err)
		}
		r.redeemed(0)
	})
}

func TestARecordEndsInAnyCase(t *testing.T) {
	stores(t, func(t *testing.T, driver kv.Driver) {
		r := newRig(t, driver)
		r.clock.pass(99 * 24 * time.Hour)
		r.has(r.one, "access-1")
		r.clock.pass(24*time.Hour + time.Second)
		r.fails(r.one, refresh.ErrEnded)
		r.fails(r.process(), refresh.ErrEnded)
	})
}

// Tokens that arrive after the end are nobody's: the provider hears of it.
func TestALogoutDuringARefresh(t *testing.T) {
	stores(t, func(t *testing.T, driver kv.Driver) {
		for name, elsewhere := range map[string]bool{"the same process": false, "another process": true} {
			r := newRig(t, driver)
			r.issuer.before = func() error {
				k := r.one
				if elsewhere {
					k = r.process()
				}
				_, err := k.End(t.Context(), ref)
				return err
			}
			r.clock.pass(time.Hour)
			r.fails(r.one, refresh.ErrEnded)
			if len(r.issuer.discarded) != 1 || r.issuer.discarded[0] != "refresh-1" {
				t.Errorf("%s: discarded %v", name, r.issuer.discarded)
			}
			r.fails(r.one, refresh.ErrEnded)
			r.fails(r.process(), refresh.ErrEnded)
			if err := r.driver.Delete(t.Context(), string(use)+ref); err != nil {
				t.Fatal(err)
			}
			if err := r.driver.Delete(t.Context(), string(use)+ref+".1"); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// The request that began the attempt goes away in the middle of it.
func TestAClientThatGoesAwayInterruptsNothing(t *testing.T) {
	stores(t, func(t *testing.T, driver kv.Driver) {
		r := newRig(t, driver)
		ctx, leave := context.WithCancel(t.Context())
		r.issuer.before = func() error { leave(); return nil }
		found, err := r.one.Load(ctx, ref)
		if err != nil {
			t.Fatal(err)
		}
		r.clock.pass(time.Hour)
		if newer, err := r.one.Fresh(ctx, found, r.issuer); err != nil || newer.Generation != 1 {
			t.Errorf("got %+v, %v", newer, err)
		}
		r.has(r.process(), "access-1")
		r.redeemed(1)
	})
}
