package introspection

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"gatehouse/core/kv"
	"gatehouse/core/secret"
)

// paged is a store that lists few keys at a time, now and then none, and counts.
type paged struct {
	*kv.Memory
	pages    int
	prefixes []string
}

func (p *paged) List(ctx context.Context, prefix, cursor string, limit int) ([]string, string, error) {
	p.pages++
	p.prefixes = append(p.prefixes, prefix)
	if p.pages%2 == 1 && cursor == "" {
		return nil, string(kv.Introspections), nil
	}
	return p.Memory.List(ctx, prefix, cursor, min(limit, 3))
}

func TestClearFollowsThePagesAndTouchesNothingElse(t *testing.T) {
	f := newIssuer()
	p := &paged{Memory: f.memory}
	f.driver = p
	i := f.introspector(nil)
	const tokens = 20
	askAll := func() {
		t.Helper()
		for n := range tokens {
			if _, err := i.Introspect(t.Context(), secret.New(fmt.Sprint("token-", n))); err != nil {
				t.Fatal(err)
			}
		}
	}
	askAll()
	store := f.options(nil).Store
	others := []kv.Use{kv.Sessions, kv.Metadata}
	for _, use := range others {
		if err := store.Put(t.Context(), use, "another", []byte("x"), f.Now().Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	removed, err := i.Clear(t.Context())
	if err != nil || removed != tokens {
		t.Errorf("removed %d, error %v", removed, err)
	}
	if keys := f.storeKeys(); !slices.Equal(keys, []string{"m:v1:another", "s:v1:another"}) {
		t.Errorf("the store holds %v", keys)
	}
	if p.pages < tokens/3 || slices.ContainsFunc(p.prefixes, func(s string) bool { return s != "i:v1:" }) {
		t.Errorf("%d pages of %v", p.pages, slices.Compact(p.prefixes))
	}
	f.advance(time.Second)
	askAll()
	askAll()
	if f.calls() != 2*tokens {
		t.Errorf("%d calls", f.calls())
	}
}

func TestAfterClearNothingOldIsBelieved(t *testing.T) {
	for name, driver := range map[string]func(*kv.Memory) kv.Driver{
		"store":                func(m *kv.Memory) kv.Driver { return m },
		"store that is behind": func(m *kv.Memory) kv.Driver { return stale{m} },
	} {
		t.Run(name, func(t *testing.T) {
			f := newIssuer()
			f.driver = driver(f.memory)
			i := f.introspector(nil)
			_, _ = ask(i)
			f.change(map[string]any{"active": false})
			_, _ = i.Introspect(t.Context(), secret.New("refused"))
			if _, err := i.Clear(t.Context()); err != nil {
				t.Fatal(err)
			}
			f.advance(time.Second)
			if _, err := ask(i); kindOf(err) != "inactive" {
				t.Errorf("a token that was active: %v", err)
			}
			f.change(map[string]any{"active": true})
			if _, err := i.Introspect(t.Context(), secret.New("refused")); err != nil {
				t.Errorf("a token that was refused: %v", err)
			}
		})
	}
}

// A record of a process whose clock is ahead looks younger than the clearing.
func TestAfterClearAnotherProcessesClockRevivesNothing(t *testing.T) {
	f := newIssuer()
	f.driver = stale{f.memory}
	ahead := f.introspector(func(o *Options) { o.Now = func() time.Time { return f.Now().Add(30 * time.Second) } })
	_, _ = ask(ahead)
	f.change(map[string]any{"active": false})
	i := f.introspector(nil)
	if _, err := ask(i); err != nil {
		t.Fatalf("before: %v", err)
	}
	_, _ = i.Clear(t.Context())
	f.advance(time.Second)
	if _, err := ask(i); kindOf(err) != "inactive" {
		t.Errorf("afterwards: %v", err)
	}
	f.change(map[string]any{"active": true})
	f.advance(refusedFor)
	for range 2 {
		if _, err := ask(i); err != nil {
			t.Error(err)
		}
	}
	if f.calls() != 3 {
		t.Errorf("%d calls: nothing is remembered any more", f.calls())
	}
}

func TestAnAnswerUnderWayIsNotKeptAfterClear(t *testing.T) {
	for _, active := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			f := newIssuer()
			f.change(map[string]any{"active": active})
			f.hold = func(*http.Request) error { time.Sleep(time.Second); return nil }
			i := f.introspector(nil)
			var wg sync.WaitGroup
			wg.Go(func() { _, _ = ask(i) })
			synctest.Wait()
			if _, err := i.Clear(t.Context()); err != nil {
				t.Error(err)
			}
			wg.Wait()
			if len(i.valid.byKey) != 0 || len(i.refused.byKey) != 0 || len(f.storeKeys()) != 0 {
				t.Errorf("active %v, kept: %d, %d refused, store %v", active, len(i.valid.byKey), len(i.refused.byKey), f.storeKeys())
			}
		})
	}
}

func TestClearOfAStoreThatFails(t *testing.T) {
	f := newIssuer()
	i := f.introspector(func(o *Options) { o.Store = nil })
	if n, err := i.Clear(t.Context()); n != 0 || err != nil {
		t.Errorf("without a store: %d, %v", n, err)
	}
	f.driver = broken{}
	i = f.introspector(nil)
	_, _ = ask(i)
	if _, err := i.Clear(t.Context()); !errors.Is(err, ErrNoList) {
		t.Errorf("a store that cannot list: %v", err)
	}
	if _, err := ask(i); err != nil || f.calls() != 2 {
		t.Errorf("memory was not cleared: %d calls, %v", f.calls(), err)
	}
	f = newIssuer()
	f.driver = undeletable{f.memory}
	i = f.introspector(nil)
	_, _ = ask(i)
	if n, err := i.Clear(t.Context()); n != 0 || !errors.Is(err, errBroken) || strings.Contains(err.Error(), token.Reveal()) {
		t.Errorf("a store that deletes nothing: %d, %v", n, err)
	}
	f.driver = unlistable{f.memory}
	if n, err := f.introspector(nil).Clear(t.Context()); n != 0 || !errors.Is(err, errBroken) {
		t.Errorf("a store that fails to list: %d, %v", n, err)
	}
}

type undeletable struct{ *kv.Memory }

func (undeletable) Delete(context.Context, string) error { return errBroken }

type unlistable struct{ *kv.Memory }

func (unlistable) List(context.Context, string, string, int) ([]string, string, error) {
	return nil, "", errBroken
}
