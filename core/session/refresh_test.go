package session_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"gatehouse/core/cookie"
	"gatehouse/core/kv"
	"gatehouse/core/refresh"
	"gatehouse/core/seal"
	"gatehouse/core/secret"
	"gatehouse/core/session"
)

// issuer rotates refresh tokens and takes the second use of one for a theft.
type issuer struct {
	mu      sync.Mutex
	current int
	count   int
	stolen  bool
	during  func()
}

func (i *issuer) redeem(_ context.Context, login *session.Record, token secret.Text) (*session.Refreshed, error) {
	if i.during != nil {
		i.during()
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.count++
	if token.Reveal() != "refresh-"+strconv.Itoa(i.current) {
		i.stolen = true
	}
	if i.stolen || login.Identity == nil {
		return nil, fmt.Errorf("%w: invalid_grant", refresh.ErrRefused)
	}
	i.current++
	n := strconv.Itoa(i.current)
	who := alice()
	who.Groups = []string{"group-" + n}
	return &session.Refreshed{AccessToken: secret.New("access-" + n), RefreshToken: secret.New("refresh-" + n), Expiry: time.Now().Add(time.Hour), Identity: who}, nil
}

// unconditional is a store without conditional writes.
type unconditional struct{ kv.Driver }

func processes(t *testing.T, n int, driver kv.Driver, discard ...func(string, secret.Text, secret.Text)) (all []*session.Sessions) {
	t.Helper()
	keys, err := seal.NewKeyring([]byte(firstSecret))
	if err != nil {
		t.Fatal(err)
	}
	for range n {
		o := session.Options{Store: kv.NewStore(driver, keys, time.Now), Keys: keys, Names: cookie.NewNames("gatehouse", false),
			Kind: session.Browser, Idle: idleLimit, Lifetime: lifetime, Now: time.Now, Log: slog.New(slog.DiscardHandler), Refresh: true}
		for _, d := range discard {
			o.Discard = d
		}
		all = append(all, session.New(o))
	}
	return all
}

func begin(t *testing.T, s *session.Sessions) browser {
	t.Helper()
	_, cookies, err := s.Begin(t.Context(), session.Record{Identity: alice(), AuthTime: 1_772_000_000, ACR: "gold", AccessToken: "access-0", RefreshToken: "refresh-0", IDToken: "it",
		AccessTokenExpiry: time.Now().Add(time.Hour).Unix()}, "")
	if err != nil {
		t.Fatal(err)
	}
	b := browser{}
	b.take(cookies)
	return b
}

// use is what a request does; it updates no cookie.
func use(ctx context.Context, s *session.Sessions, q *http.Request, i *issuer) (*session.Session, []string, error) {
	found, cookies, _, err := s.Authenticate(ctx, q)
	if err != nil || found == nil {
		return found, cookies, err
	}
	found, err = s.Refresh(ctx, q, found, i.redeem)
	return found, s.Answer(q, found, cookies), err
}

// 200 requests at the moment of expiry, in one process and in ten, while a redemption
// takes its time: one redemption, 200 answers with the new token, and the session
// is refreshed on.
func TestOneRefreshForAll(t *testing.T) {
	for _, c := range []struct {
		name      string
		driver    func() kv.Driver
		processes int
	}{
		{"one process", func() kv.Driver { return &kv.Memory{} }, 1},
		{"one process, plain writes", func() kv.Driver { return unconditional{&kv.Memory{}} }, 1},
		{"ten processes", func() kv.Driver { return &kv.Memory{} }, 10},
	} {
		t.Run(c.name, func(t *testing.T) {
			for range 50 {
				synctest.Test(t, func(t *testing.T) {
					all := processes(t, c.processes, c.driver())
					b := begin(t, all[0])
					i := &issuer{during: func() { time.Sleep(3 * time.Second) }}
					for n := 1; n <= 2; n++ {
						time.Sleep(time.Hour)
						want := "access-" + strconv.Itoa(n)
						var wg sync.WaitGroup
						for _, s := range all {
							for range 200 / c.processes {
								wg.Go(func() {
									found, _, err := use(t.Context(), s, b.request(), i)
									if err != nil || found == nil || found.AccessToken != want || found.Generation != n || found.AuthTime != 1_772_000_000 || found.ACR != "gold" || found.Identity.Groups[0] != "group-"+strconv.Itoa(n) {
										t.Errorf("got %+v, %v", found, err)
									}
								})
							}
						}
						wg.Wait()
						if i.count != n || i.stolen {
							t.Fatalf("%d redemptions, want %d", i.count, n)
						}
					}
				})
			}
		})
	}
}

// A logout while the provider is asked wins, in this process and in another.
func TestALogoutDuringARefreshWins(t *testing.T) {
	for name, driver := range map[string]func() kv.Driver{
		"conditional writes": func() kv.Driver { return &kv.Memory{} },
		"plain writes":       func() kv.Driver { return unconditional{&kv.Memory{}} },
	} {
		for other := range 2 {
			t.Run(fmt.Sprint(name, other), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					var discarded []string
					all := processes(t, 3, driver(), func(_ string, refresh, access secret.Text) {
						discarded = append(discarded, refresh.Reveal(), access.Reveal())
					})
					b := begin(t, all[0])
					time.Sleep(time.Hour)
					i := &issuer{during: func() {
						if err := all[other].Revoke(t.Context(), all[0].Ref(b.request())); err != nil {
							t.Error(err)
						}
					}}
					if found, _, err := use(t.Context(), all[0], b.request(), i); !errors.Is(err, session.ErrEnded) {
						t.Errorf("got %+v, %v", found, err)
					}
					for _, wait := range []time.Duration{0, time.Minute, time.Hour} {
						time.Sleep(wait)
						for _, s := range all {
							if found, _, err := use(t.Context(), s, b.request(), i); found != nil || err != nil && !errors.Is(err, session.ErrEnded) {
								t.Errorf("revived: %+v, %v", found, err)
							}
						}
					}
					if i.count != 1 || !slices.Equal(discarded, []string{"refresh-1", "access-1"}) {
						t.Errorf("%d redemptions; discarded %q", i.count, discarded)
					}
				})
			})
		}
	}
}

// forgets shows nothing of what was refreshed.
type forgets struct{ kv.Driver }

func (f forgets) Get(ctx context.Context, key string) ([]byte, error) {
	if strings.HasPrefix(key, string(kv.Tokens)) {
		return nil, kv.ErrNotFound
	}
	return f.Driver.Get(ctx, key)
}

// A process that sees an old store and a cookie that was refreshed uses no refresh
// token; when the store has lost it for good, it is tried.
func TestACookieThatIsAheadOfTheStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		memory := &kv.Memory{}
		one := processes(t, 1, unconditional{memory})[0]
		b, i := begin(t, one), &issuer{}
		time.Sleep(time.Hour)
		found, cookies, err := use(t.Context(), one, b.request(), i)
		if err != nil || found.AccessToken != "access-1" || len(cookies) != 1 {
			t.Fatalf("got %+v, %v, %v", found, cookies, err)
		}
		b.take(cookies)
		if _, again, err := use(t.Context(), one, b.request(), i); err != nil || len(again) != 0 {
			t.Errorf("cookies again: %v, %v", again, err)
		}
		for range 3 {
			behind := processes(t, 1, unconditional{forgets{memory}})[0]
			if found, _, err := use(t.Context(), behind, b.request(), i); !errors.Is(err, session.ErrBehind) || found == nil || found.Generation != 0 {
				t.Errorf("got %+v, %v", found, err)
			}
			time.Sleep(30 * time.Second)
		}
		if i.count != 1 {
			t.Errorf("%d redemptions", i.count)
		}
		if found, _, err := use(t.Context(), processes(t, 1, unconditional{memory})[0], b.request(), i); err != nil || found.AccessToken != "access-1" {
			t.Errorf("got %+v, %v", found, err)
		}
		time.Sleep(time.Minute)
		behind := processes(t, 1, unconditional{forgets{memory}})[0]
		if _, _, err := use(t.Context(), behind, b.request(), i); !errors.Is(err, session.ErrEnded) || i.count != 2 {
			t.Errorf("after %d redemptions: %v", i.count, err)
		}
	})
}
