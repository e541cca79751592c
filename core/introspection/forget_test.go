package introspection

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"gatehouse/core/kv"
	"gatehouse/core/secret"
)

// stale is a store whose deletions do not show yet.
type stale struct{ *kv.Memory }

func (stale) Delete(context.Context, string) error { return nil }

func TestForget(t *testing.T) {
	for name, driver := range map[string]func(*kv.Memory) kv.Driver{
		"store":                func(m *kv.Memory) kv.Driver { return m },
		"store that is behind": func(m *kv.Memory) kv.Driver { return stale{m} },
	} {
		t.Run(name, func(t *testing.T) {
			f := newIssuer()
			f.driver = driver(f.memory)
			i := f.introspector(nil)
			if _, err := ask(i); err != nil {
				t.Fatal(err)
			}
			f.change(map[string]any{"active": false})
			if _, err := ask(i); err != nil {
				t.Fatalf("before: %v", err)
			}
			if err := i.Forget(t.Context(), token); err != nil {
				t.Fatal(err)
			}
			if _, err := ask(i); kindOf(err) != "inactive" {
				t.Errorf("afterwards: %v", err)
			}
			f.advance(59 * time.Second)
			if _, err := ask(i); kindOf(err) != "inactive" {
				t.Errorf("within the time of the old answer: %v", err)
			}
		})
	}
}

func TestForgetErasesTheRecord(t *testing.T) {
	f := newIssuer()
	i := f.introspector(nil)
	_, _ = ask(i)
	_, _ = i.Introspect(t.Context(), secret.New("another"))
	if err := i.Forget(t.Context(), token); err != nil || len(f.storeKeys()) != 1 {
		t.Errorf("store holds %v, error %v", f.storeKeys(), err)
	}
	if _, err := i.Introspect(t.Context(), secret.New("another")); err != nil || f.calls() != 2 {
		t.Errorf("another token was forgotten too: %d calls, %v", f.calls(), err)
	}
}

func TestATokenThatStaysActiveIsKeptAgainAfterForget(t *testing.T) {
	f := newIssuer()
	i := f.introspector(nil)
	_, _ = ask(i)
	_ = i.Forget(t.Context(), token)
	f.advance(time.Second)
	_, _ = ask(i)
	if _, err := ask(i); err != nil || f.calls() != 2 {
		t.Errorf("%d calls, %v", f.calls(), err)
	}
}

func TestAnAnswerUnderWayIsNotKeptAfterForget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newIssuer()
		f.hold = func(*http.Request) error { time.Sleep(time.Second); return nil }
		i := f.introspector(nil)
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := i.Introspect(t.Context(), token); err != nil {
				t.Error(err)
			}
		})
		synctest.Wait()
		if err := i.Forget(t.Context(), token); err != nil {
			t.Error(err)
		}
		wg.Wait()
		if len(i.valid.byKey) != 0 || len(f.storeKeys()) != 0 {
			t.Errorf("kept: %d in memory, store %v", len(i.valid.byKey), f.storeKeys())
		}
	})
}

func TestAQuestionPutBeforeDoesNotAnswerWhoComesAfter(t *testing.T) {
	for name, forget := range map[string]func(*Introspector) error{
		"Forget": func(i *Introspector) error { return i.Forget(context.Background(), token) },
		"Clear":  func(i *Introspector) error { _, err := i.Clear(context.Background()); return err },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newIssuer()
				questions := 0
				f.answer = func(string) (int, string, string) {
					if questions++; questions > 1 {
						return http.StatusOK, "application/json", `{"active":false}`
					}
					time.Sleep(time.Second)
					return http.StatusOK, "application/json", `{"active":true,"sub":"alice","aud":"client","exp":1800003600}`
				}
				i := f.introspector(nil)
				var wg sync.WaitGroup
				wg.Go(func() {
					if _, err := ask(i); err != nil {
						t.Error(err)
					}
				})
				synctest.Wait()
				if err := forget(i); err != nil {
					t.Error(err)
				}
				if _, err := ask(i); kindOf(err) != "inactive" {
					t.Errorf("afterwards: %v", err)
				}
				wg.Wait()
				if _, err := ask(i); kindOf(err) != "inactive" {
					t.Errorf("after the first answer came: %v", err)
				}
			})
		})
	}
}

func TestARecordBeingWrittenIsErasedAfterForget(t *testing.T) {
	f := newIssuer()
	var later func(context.Context)
	i := f.introspector(func(o *Options) { o.Background = func(work func(context.Context)) { later = work } })
	_, _ = ask(i)
	_ = i.Forget(t.Context(), token)
	later(t.Context())
	if keys := f.storeKeys(); len(keys) != 0 {
		t.Errorf("the store holds %v", keys)
	}
}

func TestForgetNothing(t *testing.T) {
	f := newIssuer()
	i := f.introspector(func(o *Options) {
		o.Endpoint = func(context.Context) (string, error) { return "", errors.New("no metadata") }
	})
	if err := i.Forget(t.Context(), secret.Text{}); err != nil {
		t.Errorf("an empty token: %v", err)
	}
	if err := i.Forget(t.Context(), token); !errors.Is(err, ErrUnavailable) {
		t.Errorf("without an endpoint: %v", err)
	}
}
