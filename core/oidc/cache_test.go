package oidc

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"gatehouse/core/kv"
)

const discovery = "/.well-known/openid-configuration"

func TestDocumentsAreFetchedOncePerHour(t *testing.T) {
	f := newFake(t)
	p := f.provider(nil)
	for range 3 {
		if _, err := redeem(p); err != nil {
			t.Fatal(err)
		}
	}
	if f.count(discovery) != 1 || f.count("/keys") != 1 {
		t.Errorf("metadata %d, keys %d times; want once each", f.count(discovery), f.count("/keys"))
	}
	f.advance(freshFor - time.Second)
	_ = p.Ready(context.Background())
	if f.count(discovery) != 1 {
		t.Error("metadata was fetched before an hour was over")
	}
	f.advance(time.Second)
	if err := p.Ready(context.Background()); err != nil {
		t.Fatal(err)
	}
	if f.count(discovery) != 2 || f.count("/keys") != 2 {
		t.Errorf("after an hour: metadata %d, keys %d times; want twice each", f.count(discovery), f.count("/keys"))
	}
}

func TestOldCopyServesWhileTheProviderFails(t *testing.T) {
	for _, c := range []struct {
		name string
		edit func(*fake)
	}{
		{"500", func(f *fake) { f.fail(discovery, 500) }},
		{"404", func(f *fake) { f.fail(discovery, 404) }},
		{"other issuer", func(f *fake) { f.metadata["issuer"] = "https://evil.example" }},
		{"not JSON", func(f *fake) {
			f.override[discovery] = func(*http.Request) (*http.Response, error) {
				return answer(200, "application/json", "<html>"), nil
			}
		}},
		{"no connection", func(f *fake) {
			f.override[discovery] = func(*http.Request) (*http.Response, error) { return nil, errors.New("refused") }
		}},
	} {
		for _, memory := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, memory %v", c.name, memory), func(t *testing.T) {
				f := newFake(t)
				store := testStore(f, nil)
				p := f.provider(func(o *Options) { o.Store = store })
				ask := func() error {
					if !memory {
						p = f.provider(func(o *Options) { o.Store = store })
					}
					_, err := p.Metadata(context.Background())
					return err
				}
				if err := ask(); err != nil {
					t.Fatal(err)
				}
				c.edit(f)
				f.advance(2 * time.Hour)
				before := f.count(discovery)
				for range 10 {
					if err := ask(); err != nil {
						t.Fatalf("the old copy does not serve: %v", err)
					}
				}
				if n := f.count(discovery) - before; n != 1 {
					t.Errorf("%d attempts at one instant, want 1", n)
				}
				f.advance(retryAfter)
				_ = ask()
				if n := f.count(discovery) - before; n != 2 {
					t.Errorf("%d attempts after the pause, want 2", n)
				}
				f.advance(staleFor - 2*time.Hour - retryAfter - time.Second)
				if err := ask(); err != nil {
					t.Errorf("a copy of less than a day does not serve: %v", err)
				}
				f.advance(time.Second)
				if err := ask(); err == nil {
					t.Error("a copy of a day still serves")
				}
				clear(f.override)
				f.metadata = baseMetadata()
				if err := ask(); err != nil {
					t.Errorf("the provider is back and %v", err)
				}
			})
		}
	}
}

func TestWithoutACopyEveryCallAsks(t *testing.T) {
	f := newFake(t)
	f.fail(discovery, 503)
	p := f.provider(nil)
	for range 3 {
		if err := p.Ready(context.Background()); !errors.Is(err, ErrUnavailable) {
			t.Fatal(err)
		}
	}
	clear(f.override)
	if err := p.Ready(context.Background()); err != nil {
		t.Errorf("the provider is back and %v", err)
	}
}

func TestStoreSparesAFreshProcessTheFetch(t *testing.T) {
	f := newFake(t)
	store := testStore(f, nil)
	for range 5 {
		if _, err := redeem(f.provider(func(o *Options) { o.Store = store })); err != nil {
			t.Fatal(err)
		}
	}
	if f.count(discovery) != 1 || f.count("/keys") != 1 {
		t.Errorf("metadata %d, keys %d times; want once each", f.count(discovery), f.count("/keys"))
	}
}

func TestStoredCopyIsCheckedAgain(t *testing.T) {
	f := newFake(t)
	store := testStore(f, nil)
	delete(f.metadata, "code_challenge_methods_supported")
	if err := f.provider(func(o *Options) { o.Store = store }).Ready(context.Background()); err != nil {
		t.Fatal(err)
	}
	strict := f.provider(func(o *Options) { o.Store, o.RequirePKCE = store, true })
	if err := strict.Ready(context.Background()); !errors.Is(err, ErrMetadata) {
		t.Errorf("got %v; a stored copy escaped the configuration", err)
	}
}

func TestStoredRecord(t *testing.T) {
	f := newFake(t)
	f.metadata = map[string]any{"issuer": testIssuer, "authorization_endpoint": testIssuer + "/a", "token_endpoint": testIssuer + "/t", "jwks_uri": testIssuer + "/k"}
	const document = `{"authorization_endpoint":"https://op.example.com/a","issuer":"https://op.example.com","jwks_uri":"https://op.example.com/k","token_endpoint":"https://op.example.com/t"}`
	store := testStore(f, nil)
	ask := func() string {
		p := f.provider(func(o *Options) { o.Store = store })
		if _, err := p.Metadata(context.Background()); err != nil {
			t.Fatal(err)
		}
		return string(must(store.Get(context.Background(), kv.Metadata, shelfKey(testIssuer+discovery))))
	}
	if got, want := ask(), `{"fetched":1800000000000,"document":`+document+`}`; got != want {
		t.Errorf("stored %s\nwant   %s", got, want)
	}
	f.advance(2 * time.Hour)
	f.fail(discovery, 500)
	if got, want := ask(), `{"fetched":1800000000000,"attempted":1800007200000,"document":`+document+`}`; got != want {
		t.Errorf("stored after a failure %s\nwant %s", got, want)
	}
}

// faulty is a driver that fails, or hangs until released.
type faulty struct {
	err  error
	hang chan struct{}
}

func (d faulty) Get(context.Context, string) ([]byte, error) {
	if d.hang != nil {
		<-d.hang
	}
	return nil, d.err
}
func (d faulty) Put(context.Context, string, []byte, time.Time) error {
	if d.hang != nil {
		<-d.hang
	}
	return d.err
}
func (d faulty) Delete(context.Context, string) error { return d.err }

func TestStoreThatFailsIsOnlyACacheMiss(t *testing.T) {
	f := newFake(t)
	p := f.provider(func(o *Options) { o.Store = testStore(f, faulty{err: errors.New("store down")}) })
	for range 3 {
		if _, err := redeem(p); err != nil {
			t.Fatal(err)
		}
		f.advance(2 * time.Hour)
		f.claims["exp"], f.claims["iat"] = f.Now().Unix()+60, f.Now().Unix()
	}
	if n := strings.Count(f.log.String(), "store down"); n != 1 {
		t.Errorf("the failure was logged %d times, want once:\n%s", n, f.log.String())
	}
}

func TestStoreThatHoldsSomethingElse(t *testing.T) {
	f := newFake(t)
	driver := &kv.Memory{Now: f.Now}
	store := testStore(f, driver)
	for _, value := range []string{"x", `[]`, `{"fetched":1800000000000,"document":{"issuer":"https://evil.example"}}`, `{"fetched":1800000000000}`} {
		p := f.provider(func(o *Options) { o.Store = store })
		if err := store.Put(context.Background(), kv.Metadata, shelfKey(p.discoveryURL()), []byte(value), f.Now().Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		if _, err := p.Metadata(context.Background()); err != nil {
			t.Errorf("%s: %v", value, err)
		}
	}
}

func TestStoreThatHangsDelaysByItsBound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		hang := make(chan struct{})
		p := f.provider(func(o *Options) { o.Store = testStore(f, faulty{hang: hang, err: errors.New("late")}) })
		start := time.Now()
		if _, err := p.Metadata(context.Background()); err != nil {
			t.Error(err)
		}
		if waited := time.Since(start); waited > 2*shelfWait {
			t.Errorf("waited %v for the store", waited)
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		start = time.Now()
		_ = f.provider(func(o *Options) { o.Store = testStore(f, faulty{hang: hang, err: errors.New("late")}) }).Ready(ctx)
		if waited := time.Since(start); waited > time.Second {
			t.Errorf("waited %v, longer than the request's context", waited)
		}
		close(hang)
	})
}

func TestWritesToTheStoreGoToTheBackground(t *testing.T) {
	f := newFake(t)
	store := testStore(f, nil)
	var later []func(context.Context)
	edit := func(o *Options) {
		o.Store, o.Background = store, func(work func(context.Context)) { later = append(later, work) }
	}
	if err := f.provider(edit).Ready(context.Background()); err != nil {
		t.Fatal(err)
	}
	if len(later) != 2 {
		t.Fatalf("%d writes were handed over, want 2", len(later))
	}
	for _, work := range later {
		work(context.Background())
	}
	if err := f.provider(edit).Ready(context.Background()); err != nil || f.count(discovery) != 1 {
		t.Errorf("the copy was not stored: %v, fetched %d times", err, f.count(discovery))
	}
}

func TestOneFetchForAllCallersAtOnce(t *testing.T) {
	f := newFake(t)
	release := make(chan struct{})
	f.override[discovery] = func(*http.Request) (*http.Response, error) {
		<-release
		return jsonAnswer(baseMetadata()), nil
	}
	p := f.provider(func(o *Options) { o.Store = testStore(f, nil) })
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			if err := p.Ready(context.Background()); err != nil {
				t.Error(err)
			}
		})
	}
	time.Sleep(10 * time.Millisecond)
	close(release)
	wg.Wait()
	if f.count(discovery) != 1 || f.count("/keys") != 1 {
		t.Errorf("metadata %d, keys %d times; want once each", f.count(discovery), f.count("/keys"))
	}
}

func TestCallersOutliveTheOneThatAsks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		calls := 0
		f.override[discovery] = func(r *http.Request) (*http.Response, error) {
			f.mu.Lock()
			calls++
			first := calls == 1
			f.mu.Unlock()
			if first {
				<-r.Context().Done()
				return nil, r.Context().Err()
			}
			return jsonAnswer(baseMetadata()), nil
		}
		p := f.provider(nil)
		leader, leave := context.WithCancel(context.Background())
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := p.Metadata(leader); err == nil {
				t.Error("the caller that went away got an answer")
			}
		})
		synctest.Wait()
		for range 10 {
			wg.Go(func() {
				if _, err := p.Metadata(context.Background()); err != nil {
					t.Errorf("a caller that stayed: %v", err)
				}
			})
		}
		impatient, cancel := context.WithTimeout(context.Background(), time.Millisecond)
		defer cancel()
		wg.Go(func() {
			if _, err := p.Metadata(impatient); !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, ErrUnavailable) {
				t.Errorf("a caller whose time is over: %v", err)
			}
		})
		synctest.Wait()
		time.Sleep(2 * time.Millisecond)
		leave()
		wg.Wait()
		if calls != 2 {
			t.Errorf("asked %d times, want twice: one of those that stayed goes on", calls)
		}
	})
}

func TestClockSetBack(t *testing.T) {
	f := newFake(t)
	p := f.provider(nil)
	if err := p.Ready(context.Background()); err != nil {
		t.Fatal(err)
	}
	f.advance(-24 * time.Hour)
	if err := p.Ready(context.Background()); err != nil || f.count(discovery) != 2 {
		t.Errorf("a copy from the future: %v, asked %d times, want 2", err, f.count(discovery))
	}
	f.advance(-24 * time.Hour)
	f.fail(discovery, 500)
	if _, err := p.Metadata(context.Background()); err != nil {
		t.Errorf("a copy from the future does not serve while the provider fails: %v", err)
	}
}
