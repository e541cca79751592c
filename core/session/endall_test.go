package session_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"gatehouse/core/cookie"
	"gatehouse/core/kv"
	"gatehouse/core/refresh"
	"gatehouse/core/seal"
	"gatehouse/core/secret"
	"gatehouse/core/session"
)

// marked are n processes that share driver, with marks and refresh.
func (r *rig) marked(n int, driver kv.Driver) (all []*session.Sessions) {
	r.t.Helper()
	keys, err := seal.NewKeyring([]byte(firstSecret))
	if err != nil {
		r.t.Fatal(err)
	}
	for range n {
		all = append(all, session.New(session.Options{Realm: "here", Store: kv.NewStore(driver, keys, r.now), Keys: keys,
			Names: cookie.NewNames("gatehouse", false), Kind: session.Browser, Idle: idleLimit, Lifetime: lifetime, Now: r.now,
			Log: slog.New(slog.DiscardHandler), Refresh: true, Marks: true, Announce: true}))
	}
	return all
}

// logsIn begins a session of the provider's session sid.
func logsIn(t *testing.T, s *session.Sessions, sid string, issued time.Time) (browser, *session.Session) {
	t.Helper()
	rec := record()
	rec.ProviderSession, rec.Issued = sid, issued.Unix()
	begun, cookies, err := s.Begin(t.Context(), rec, "")
	if err != nil {
		t.Fatal(err)
	}
	b := browser{}
	b.take(cookies)
	return b, begun
}

// lives reports whether s accepts b.
func lives(t *testing.T, s *session.Sessions, b browser) bool {
	t.Helper()
	found, _, _, err := s.Authenticate(t.Context(), b.request())
	if err != nil {
		t.Fatal(err)
	}
	return found != nil
}

func TestWhichSessionsALogoutEnds(t *testing.T) {
	for _, test := range []struct {
		name   string
		issued time.Duration // of the ID token, from the start
		ending session.Ending
		ends   bool
	}{
		{"sid", 0, session.Ending{SessionID: "sid-1", Issued: start.Add(time.Second), Token: "j"}, true},
		{"sid and sub", 0, session.Ending{SessionID: "sid-1", Subject: "alice", Issued: start.Add(time.Second), Token: "j"}, true},
		{"sid and another sub", 0, session.Ending{SessionID: "sid-1", Subject: "bob", Issued: start.Add(time.Second), Token: "j"}, false},
		{"another sid, same sub", 0, session.Ending{SessionID: "sid-2", Subject: "alice", Issued: start.Add(time.Second), Token: "j"}, false},
		{"sub", 0, session.Ending{Subject: "alice", Issued: start.Add(time.Second), Token: "j"}, true},
		{"another sub", 0, session.Ending{Subject: "bob", Issued: start.Add(time.Second), Token: "j"}, false},
		{"a sub that is the sid", 0, session.Ending{Subject: "sid-1", Issued: start.Add(time.Second), Token: "j"}, false},
		{"the same second", 0, session.Ending{Subject: "alice", Issued: start, Token: "j"}, true},
		{"the second before", 0, session.Ending{Subject: "alice", Issued: start.Add(-time.Second), Token: "j"}, false},
		{"the provider's clock is behind", -20 * time.Second, session.Ending{Subject: "alice", Issued: start.Add(-10 * time.Second), Token: "j"}, true},
		{"here, the provider's clock is ahead", 20 * time.Second, session.Ending{Subject: "alice"}, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := newRig(t, session.Browser, false)
			all := r.marked(2, &r.driver.Memory)
			b, begun := logsIn(t, all[0], "sid-1", start.Add(test.issued))
			if err := all[0].EndAll(t.Context(), test.ending); err != nil {
				t.Fatal(err)
			}
			for i, s := range all {
				if lives(t, s, b) == test.ends {
					t.Errorf("process %d: alive is %v", i, !test.ends)
				}
			}
			if err := all[1].Lasts(t.Context(), begun); errors.Is(err, session.ErrEnded) != test.ends || !test.ends && err != nil {
				t.Errorf("Lasts is %v", err)
			}
		})
	}
}

func TestALogoutTokenIsTakenOnceAndEndsNothingThatBeganLater(t *testing.T) {
	r := newRig(t, session.Browser, false)
	all := r.marked(2, &r.driver.Memory)
	e := session.Ending{Subject: "alice", Issued: start, Token: "jti-1"}
	if err := all[0].EndAll(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	for i, s := range all {
		if err := s.EndAll(t.Context(), e); !errors.Is(err, session.ErrReplayed) {
			t.Errorf("process %d: %v", i, err)
		}
	}
	r.pass(2 * time.Second)
	b, _ := logsIn(t, all[0], "sid-2", r.now())
	// Another token came between, and the first is not known any more.
	if err := all[0].EndAll(t.Context(), session.Ending{Subject: "alice", Issued: start.Add(time.Second), Token: "jti-2"}); err != nil {
		t.Fatal(err)
	}
	if err := all[0].EndAll(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	r.pass(session.CacheAge)
	if !lives(t, all[0], b) || !lives(t, all[1], b) {
		t.Error("a token that was used again ended a later session")
	}
}

func TestWhoeverSeesALogoutTokenAgainRefusesItsSessionsAtOnce(t *testing.T) {
	r := newRig(t, session.Browser, false)
	all := r.marked(2, &r.driver.Memory)
	b, begun := logsIn(t, all[1], "sid-1", start)
	over := make(chan struct{}, 2)
	defer all[1].OnEnd(begun, func() { over <- struct{}{} })()
	// The answer to the first was lost, and the provider asks the other process.
	e := session.Ending{SessionID: "sid-1", Issued: start.Add(time.Second), Token: "jti-1"}
	if err := all[0].EndAll(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	if err := all[1].EndAll(t.Context(), e); !errors.Is(err, session.ErrReplayed) {
		t.Fatal(err)
	}
	if lives(t, all[1], b) {
		t.Fatal("its own copy is believed")
	}
	<-over
}

func TestALaterLogoutIsNotUndoneByAnEarlierOne(t *testing.T) {
	for _, conditional := range []bool{true, false} {
		r := newRig(t, session.Browser, false)
		var driver kv.Driver = &r.driver.Memory
		if !conditional {
			driver = unconditional{driver}
		}
		all := r.marked(2, driver)
		b, _ := logsIn(t, all[0], "", start)
		for i, at := range []time.Duration{5 * time.Second, -5 * time.Second} {
			if err := all[i].EndAll(t.Context(), session.Ending{Subject: "alice", Issued: start.Add(at), Token: fmt.Sprint(at)}); err != nil {
				t.Fatal(err)
			}
		}
		if fresh := r.marked(1, driver)[0]; lives(t, fresh, b) {
			t.Errorf("conditional %v: the session is back", conditional)
		}
	}
}

func TestAnotherProcessFindsOutWithinFiveSeconds(t *testing.T) {
	r := newRig(t, session.Browser, false)
	all := r.marked(2, &r.driver.Memory)
	b, begun := logsIn(t, all[0], "sid-1", start)
	if !lives(t, all[1], b) {
		t.Fatal("no session")
	}
	if err := all[0].EndAll(t.Context(), session.Ending{SessionID: "sid-1", Issued: start, Token: "j"}); err != nil {
		t.Fatal(err)
	}
	if lives(t, all[0], b) {
		t.Error("the process that took the logout accepts the session")
	}
	r.pass(session.CacheAge)
	if lives(t, all[1], b) {
		t.Error("another process accepts it after five seconds")
	}
	if err := all[1].Lasts(t.Context(), begun); !errors.Is(err, session.ErrEnded) {
		t.Errorf("Lasts is %v", err)
	}
	list, _, err := all[1].List(t.Context(), "", 10)
	if err != nil || len(list) != 0 {
		t.Errorf("listed %v, %v", list, err)
	}
}

func TestAMarkThatCannotBeReadLetsNobodyIn(t *testing.T) {
	r := newRig(t, session.Browser, false)
	all := r.marked(2, r.driver)
	b, _ := logsIn(t, all[0], "sid-1", start)
	reads := 0
	r.driver.beforeRead = func() {
		if reads++; reads == 2 { // the session itself was read
			r.driver.mu.Lock()
			r.driver.failing = errors.New("connection lost")
			r.driver.mu.Unlock()
		}
	}
	if found, _, _, err := all[1].Authenticate(t.Context(), b.request()); found != nil || !errors.Is(err, session.ErrStore) {
		t.Errorf("got %v, %v", found, err)
	}
}

func TestACorruptMarkEndsWhatBeganBeforeAndNothingLater(t *testing.T) {
	r := newRig(t, session.Browser, false)
	s := r.marked(1, &r.driver.Memory)[0]
	b, _ := logsIn(t, s, "sid-1", start)
	if err := s.EndAll(t.Context(), session.Ending{Subject: "alice", Issued: start.Add(-time.Hour), Token: "j"}); err != nil {
		t.Fatal(err)
	}
	keys, _, err := r.driver.List(t.Context(), string(kv.Ends), "", 100)
	if err != nil || len(keys) != 2 { // one of them announces the sid
		t.Fatal(keys, err)
	}
	for _, key := range keys {
		if err := r.driver.Memory.Put(t.Context(), key, []byte(strings.Repeat("x", 90)), start.Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	s = r.marked(1, &r.driver.Memory)[0]
	if lives(t, s, b) {
		t.Error("nobody knows whether it was ended, and it is accepted")
	}
	r.pass(time.Second)
	if b, _ := logsIn(t, s, "sid-1", r.now()); !lives(t, s, b) {
		t.Error("a later login is refused")
	}
}

func TestARefreshUnderWayFindsOut(t *testing.T) {
	r := newRig(t, session.Browser, false)
	s := r.marked(1, &r.driver.Memory)[0]
	rec := record()
	rec.AccessTokenExpiry = start.Unix()
	_, cookies, err := s.Begin(t.Context(), rec, "")
	if err != nil {
		t.Fatal(err)
	}
	b := browser{}
	b.take(cookies)
	found, _, _, err := s.Authenticate(t.Context(), b.request())
	if err != nil || found == nil {
		t.Fatal(found, err)
	}
	newer, err := s.Refresh(t.Context(), b.request(), found, func(ctx context.Context, _ *session.Record, _ secret.Text) (*session.Refreshed, error) {
		if err := s.EndAll(ctx, session.Ending{Subject: "alice", Issued: start, Token: "j"}); err != nil {
			t.Error(err)
		}
		return &session.Refreshed{AccessToken: secret.New("a"), Expiry: start.Add(time.Hour)}, nil
	})
	if newer != nil || !errors.Is(err, session.ErrEnded) || errors.Is(err, refresh.ErrStore) {
		t.Errorf("got %v, %v", newer, err)
	}
}

func TestOnlyWhatWasAnnouncedIsEndedBySidAlone(t *testing.T) {
	r := newRig(t, session.Browser, false)
	all := r.marked(2, unconditional{r.driver}) // whose every write is counted
	b, _ := logsIn(t, all[0], "sid-1", start)
	writes := r.driver.writes
	for i := range 100 {
		if err := all[0].EndAnnounced(t.Context(), fmt.Sprint("made-up-", i)); err != nil {
			t.Fatal(err)
		}
	}
	if r.driver.writes != writes || !lives(t, all[0], b) {
		t.Errorf("%d writes", r.driver.writes-writes)
	}
	if err := all[1].EndAnnounced(t.Context(), "sid-1"); err != nil {
		t.Fatal(err)
	}
	r.pass(session.CacheAge)
	if lives(t, all[0], b) || lives(t, all[1], b) {
		t.Error("the session is alive")
	}
}

func TestWithoutMarksThereAreNone(t *testing.T) {
	r := newRig(t, session.Browser, false)
	if err := r.EndAll(t.Context(), session.Ending{Subject: "alice"}); !errors.Is(err, session.ErrNoMarks) {
		t.Error(err)
	}
	if err := r.EndAnnounced(t.Context(), "x"); !errors.Is(err, session.ErrNoMarks) {
		t.Error(err)
	}
	b, _ := r.login()
	reads := r.driver.reads
	r.process(firstSecret)
	if r.accepts(b); r.driver.reads != reads+1 {
		t.Errorf("%d reads", r.driver.reads-reads)
	}
}

func TestWhoWaitsForTheEndHearsOfALogoutFromElsewhere(t *testing.T) {
	r := newRig(t, session.Browser, false)
	s := r.marked(1, &r.driver.Memory)[0]
	_, begun := logsIn(t, s, "sid-1", start)
	_, other := logsIn(t, s, "sid-2", start)
	heard := make(chan string, 2)
	defer s.OnEnd(begun, func() { heard <- "it" })()
	defer s.OnEnd(other, func() { heard <- "another" })()
	if err := s.EndAll(t.Context(), session.Ending{SessionID: "sid-1", Issued: start, Token: "j"}); err != nil {
		t.Fatal(err)
	}
	if got := <-heard; got != "it" {
		t.Errorf("%s was told", got)
	}
	// Who asks after that is told at once.
	defer s.OnEnd(begun, func() { heard <- "late" })()
	if got := <-heard; got != "late" {
		t.Errorf("%s was told", got)
	}
}
