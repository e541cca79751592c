package session_test

import (
	"log/slog"
	"testing"
	"time"

	"gatehouse/core/session"
)

func TestASessionOfAnotherRealmIsNone(t *testing.T) {
	r := newRig(t, session.Browser, false)
	b, begun := r.login()
	other := session.New(session.Options{Realm: "https://other.example client", Store: r.store, Keys: r.keys, Names: r.names,
		Kind: session.Browser, Idle: time.Hour, Lifetime: time.Hour, Now: r.now, Log: slog.New(slog.DiscardHandler)})
	before := r.driver.operations()
	found, cookies, _, err := other.Authenticate(t.Context(), b.request())
	if found != nil || len(cookies) == 0 || err != nil {
		t.Errorf("found %v, cookies %q, error %v", found, cookies, err)
	}
	if other.Ref(b.request()) != "" || r.Ref(b.request()) != begun.Ref {
		t.Error("Ref does not tell the realms apart")
	}
	if n := r.driver.operations() - before; n != 0 {
		t.Errorf("%d store operations", n)
	}
}

func TestARecordThatNoStoreCanHoldIsRefused(t *testing.T) {
	r := newRig(t, session.Browser, false)
	rec := record()
	rec.IDToken = string(make([]byte, 300<<10))
	if begun, cookies, err := r.Begin(t.Context(), rec, ""); begun != nil || cookies != nil || err != session.ErrTooLarge {
		t.Errorf("began %v, cookies %q, error %v", begun, cookies, err)
	}
}
