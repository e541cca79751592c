package session_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"gatehouse/core/kv"
	"gatehouse/core/session"
)

// all collects every page of at most limit sessions.
func all(t *testing.T, s *session.Sessions, limit int) (found []session.Listed) {
	t.Helper()
	cursor := ""
	for range 100 {
		page, next, err := s.List(t.Context(), cursor, limit)
		if err != nil || len(page) > limit {
			t.Fatalf("a page of %d, %v", len(page), err)
		}
		found = append(found, page...)
		if cursor = next; cursor == "" {
			return found
		}
	}
	t.Fatal("the list does not end")
	return nil
}

func TestListShowsLiveSessionsOnly(t *testing.T) {
	r := newRig(t, session.Browser, false)
	var want []string
	for range 5 {
		_, begun := r.login()
		want = append(want, begun.Ref)
	}
	_, over := r.login()
	if err := r.Revoke(t.Context(), over.Ref); err != nil {
		t.Fatal(err)
	}
	later := start.Add(time.Hour)
	for key, value := range map[string]string{"s:v1:garbage": "x", "m:v1:other": "x", "s:v1:": "x"} {
		if err := r.driver.Memory.Put(t.Context(), key, []byte(value), later); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.store.Put(t.Context(), kv.Sessions, "newer", []byte(`{"v":2}`), later); err != nil {
		t.Fatal(err)
	}
	slices.Sort(want)
	for _, limit := range []int{1, 2, 100} {
		var refs []string
		for _, l := range all(t, r.Sessions, limit) {
			refs = append(refs, l.Ref)
			if l.Identity.Subject != "alice" || !l.Created.Equal(start) || !l.Expires.Equal(start.Add(lifetime)) {
				t.Errorf("got %+v", l)
			}
		}
		slices.Sort(refs)
		if !slices.Equal(refs, want) {
			t.Errorf("limit %d: got %v, want %v", limit, refs, want)
		}
	}
	r.pass(lifetime)
	if left := all(t, r.Sessions, 100); left != nil {
		t.Errorf("over, and still listed: %v", left)
	}
}

// plain hides the optional extensions of a driver.
type plain struct{ kv.Driver }

// broken lists, and fails at what it is told to.
type broken struct {
	*driver
	list error
}

func (b broken) List(ctx context.Context, prefix, cursor string, limit int) ([]string, string, error) {
	if b.list != nil {
		return nil, "", b.list
	}
	return b.driver.List(ctx, prefix, cursor, limit)
}

func TestListFailsAsTheStoreDoes(t *testing.T) {
	r := newRig(t, session.Browser, false)
	r.login()
	over := func(d kv.Driver) *session.Sessions {
		return session.New(session.Options{Store: kv.NewStore(d, r.keys, r.now), Keys: r.keys, Names: r.names,
			Kind: session.Browser, Idle: idleLimit, Lifetime: lifetime, Now: r.now})
	}
	if _, _, err := over(plain{r.driver}).List(t.Context(), "", 10); err != session.ErrNoList {
		t.Errorf("a store without listing: %v", err)
	}
	cause := errors.New("connection lost")
	if _, _, err := over(broken{r.driver, cause}).List(t.Context(), "", 10); !errors.Is(err, session.ErrStore) || !errors.Is(err, cause) {
		t.Errorf("listing fails: %v", err)
	}
	r.driver.failing = cause
	if page, _, err := over(r.driver).List(t.Context(), "", 10); page != nil || !errors.Is(err, session.ErrStore) {
		t.Errorf("reading fails: %v, %v", page, err)
	}
}
