package session_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"gatehouse/core/identity"
	"gatehouse/core/kv"
	"gatehouse/core/seal"
	"gatehouse/core/session"
)

func TestEveryLoginHasANewIDAndEndsTheOldSession(t *testing.T) {
	r := newRig(t, session.Browser, false)
	b, old := r.login()
	before := b.only(r.names.Session)
	begun, cookies, err := r.Begin(t.Context(), record(), r.accepts(b).Ref)
	if err != nil {
		t.Fatal(err)
	}
	b.take(cookies)
	if begun.Ref == old.Ref || b[r.names.Session] == before[r.names.Session] {
		t.Error("the id is the old one")
	}
	r.accepts(b)
	r.refuses(before, true)
	r.process(firstSecret)
	r.accepts(b)
	b2 := browser{r.names.Session: before[r.names.Session]}
	if found, _ := r.visit(b2); found != nil {
		t.Error("another process still accepts the old session")
	}
}

func TestBeginSetsWhatIsNotTheCallersToSay(t *testing.T) {
	r := newRig(t, session.Browser, false)
	rec := record()
	rec.Version, rec.Created, rec.Expires = 9, 1, 1<<40
	begun, _, err := r.Begin(t.Context(), rec, "")
	if err != nil {
		t.Fatal(err)
	}
	if begun.Version != 1 || begun.Created != start.Unix() || !begun.Expiry().Equal(start.Add(lifetime)) {
		t.Errorf("got %+v", begun.Record)
	}
}

func TestALoginStandsEvenIfTheOldSessionCannotBeEnded(t *testing.T) {
	r := newRig(t, session.Browser, false)
	b, old := r.login()
	before := b.only(r.names.Session)
	r.driver.fullAt = r.driver.writes + 1
	begun, cookies, err := r.Begin(t.Context(), record(), old.Ref)
	if err != nil || begun == nil || begun.Ref == old.Ref {
		t.Fatalf("got %v, %v", begun, err)
	}
	b.take(cookies)
	r.accepts(b)
	if log := r.logs.String(); !strings.Contains(log, "previous session not ended") || !strings.Contains(log, old.Ref) {
		t.Errorf("log is %q", log)
	}
	r.accepts(before)
	r.driver.fullAt = 0
	if err := r.Revoke(t.Context(), old.Ref); err != nil {
		t.Fatal(err)
	}
	r.refuses(before, true)
	r.accepts(b)
}

func TestEndedSessionsStayEnded(t *testing.T) {
	r := newRig(t, session.Browser, false)
	b, begun := r.login()
	stolen := browser{r.names.Session: b[r.names.Session], r.names.Handover: b[r.names.Handover]}
	cookies, err := r.End(t.Context(), begun.Ref)
	if err != nil {
		t.Fatal(err)
	}
	if b.take(cookies); len(b) != 0 {
		t.Errorf("the browser keeps %v", b)
	}
	replay := func() browser {
		return browser{r.names.Session: stolen[r.names.Session], r.names.Handover: stolen[r.names.Handover]}
	}
	r.refuses(replay(), true)
	r.process(firstSecret)
	r.refuses(replay(), true)
	// As long as the hand-over cookie could be believed, the mark is there.
	r.pass(session.HandoverTime + time.Minute)
	r.process(firstSecret)
	r.refuses(replay(), true)
	r.pass(time.Hour)
	r.process(firstSecret)
	r.refuses(replay(), false)
}

func TestRevokeNeedsOnlyTheReference(t *testing.T) {
	r := newRig(t, session.Browser, false)
	b, begun := r.login()
	admin := r.process(firstSecret)
	if err := admin.Revoke(t.Context(), begun.Ref); err != nil {
		t.Fatal(err)
	}
	r.process(firstSecret)
	r.refuses(b, true)
	if err := r.Revoke(t.Context(), "no such key!"); !errors.Is(err, session.ErrStore) || !errors.Is(err, kv.ErrKey) {
		t.Errorf("got %v", err)
	}
}

func TestHandoverWhileTheStoreMisses(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*rig, browser)
		after  time.Duration
		opens  bool
	}{
		{"at once", nil, 0, true},
		{"at 119 s", nil, 119 * time.Second, true},
		{"at 120 s", nil, 120 * time.Second, false},
		{"clock back", nil, -2 * time.Minute, false},
		{"no hand-over cookie", func(r *rig, b browser) { delete(b, r.names.Handover) }, 0, false},
		{"tampered", func(r *rig, b browser) { b[r.names.Handover] = "A" + b[r.names.Handover][1:] + "A" }, 0, false},
		{"of another session", func(r *rig, b browser) {
			other, _ := r.login()
			b[r.names.Handover] = other[r.names.Handover]
		}, 0, false},
		{"without an identity", func(r *rig, b browser) {
			found := r.accepts(b)
			b[r.names.Handover] = r.keys.SealText(seal.HandoverCookie, found.Ref, []byte(`{"created":1772366400,"expires":1873575600}`))
		}, 0, false},
		{"not JSON", func(r *rig, b browser) {
			b[r.names.Handover] = r.keys.SealText(seal.HandoverCookie, r.accepts(b).Ref, []byte(`[`))
		}, 0, false},
		{"session over by then", func(r *rig, b browser) {
			b[r.names.Handover] = r.keys.SealText(seal.HandoverCookie, r.accepts(b).Ref,
				[]byte(`{"identity":{"iss":"i","sub":"alice"},"created":1772366400,"expires":1772366400}`))
		}, 0, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := newRig(t, session.Browser, false)
			b, _ := r.login()
			if test.change != nil {
				test.change(r, b)
			}
			r.process(firstSecret)
			r.driver.missing = true
			r.pass(test.after)
			found, _ := r.visit(b)
			if (found != nil) != test.opens {
				t.Fatalf("got %+v", found)
			}
			if !test.opens {
				return
			}
			if !found.Handover || found.Identity.Subject != "alice" || found.AccessToken+found.RefreshToken+found.IDToken != "" {
				t.Errorf("got %+v", found)
			}
			if want := record(); found.AuthTime != want.AuthTime || found.ACR != want.ACR || want.ACR == "" || want.AuthTime == 0 {
				t.Errorf("authenticated as %q at %d", found.ACR, found.AuthTime)
			}
			r.driver.missing = false
			if found := r.accepts(b); found.Handover || found.AccessToken == "" {
				t.Error("the store's record does not take over")
			}
		})
	}
}

func TestTwoHandoverCookiesAreBothRefused(t *testing.T) {
	r := newRig(t, session.Browser, false)
	b, _ := r.login()
	r.process(firstSecret)
	r.driver.missing = true
	req := b.request()
	req.Header.Add("Cookie", r.names.Handover+"=x")
	if found, cookies, _, err := r.Authenticate(t.Context(), req); found != nil || cookies != nil || err != nil {
		t.Errorf("got %v, %q, %v", found, cookies, err)
	}
}

func TestAnIdentityTooLargeHasNoHandover(t *testing.T) {
	r := newRig(t, session.Browser, false)
	rec := record()
	rec.Identity = &identity.Identity{Subject: "alice", Name: strings.Repeat("x", 3000)}
	_, cookies, err := r.Begin(t.Context(), rec, "")
	if err != nil || len(cookies) != 1 {
		t.Errorf("got %q, %v", cookies, err)
	}
}

func TestNoCookieHoldsAToken(t *testing.T) {
	r := newRig(t, session.Browser, false)
	b, begun := r.login()
	plain, _, err := r.keys.OpenText(seal.HandoverCookie, begun.Ref, b[r.names.Handover])
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(plain), "token") {
		t.Errorf("the hand-over cookie holds %s", plain)
	}
}
