package grant_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gatehouse/conformance/lookalike"
	"gatehouse/core/broker/grant"
	"gatehouse/core/broker/provider"
	"gatehouse/core/kv"
	"gatehouse/core/pkce"
	"gatehouse/core/seal"
	"gatehouse/core/secret"
)

// counting is a store that counts.
type counting struct {
	*kv.Memory
	mu  sync.Mutex
	ops int
	err error
}

func (c *counting) count() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ops++
	return c.err
}

func (c *counting) Get(ctx context.Context, key string) ([]byte, error) {
	if err := c.count(); err != nil {
		return nil, err
	}
	return c.Memory.Get(ctx, key)
}

func (c *counting) Put(ctx context.Context, key string, value []byte, expiry time.Time) error {
	if err := c.count(); err != nil {
		return err
	}
	return c.Memory.Put(ctx, key, value, expiry)
}

func (c *counting) Swap(ctx context.Context, key string, old, value []byte, expiry time.Time) error {
	if err := c.count(); err != nil {
		return err
	}
	return c.Memory.Swap(ctx, key, old, value, expiry)
}

// plain is a store without conditional writes.
type plain struct{ kv.Driver }

type rig struct {
	t       *testing.T
	clock   atomic.Int64
	store   *counting
	grants  *grant.Grants
	spotify *lookalike.Spotify
	p       *provider.Provider
	network lookalike.Network
}

func (r *rig) now() time.Time { return time.Unix(r.clock.Load(), 0) }

func (r *rig) pass(d time.Duration) { r.clock.Add(int64(d / time.Second)) }

const callback = "https://broker.example.com/auth/callback/spotify"

func keyring(t testing.TB, secret string) *seal.Keyring {
	k, err := seal.NewKeyring([]byte(strings.Repeat(secret, 32)))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{t: t}
	r.clock.Store(1_800_000_000)
	clock := r.now
	r.store = &counting{Memory: &kv.Memory{Now: clock}}
	keys := keyring(t, "k")
	r.grants = grant.New(grant.Options{Store: kv.NewStore(r.store, keys, clock), Keys: keys, Now: clock})
	r.spotify = &lookalike.Spotify{ID: "id", User: "Alice", Redirects: []string{callback}, Now: clock}
	r.network = lookalike.Network{"accounts.spotify.com": r.spotify, "api.spotify.com": r.spotify}
	var err error
	if r.p, err = provider.New(provider.Settings{Name: "spotify", ClientID: "id"}, provider.Parts{Fetch: r.network, Now: clock}); err != nil {
		t.Fatal(err)
	}
	return r
}

// allow is a person who says yes, up to the handle.
func (r *rig) allow() (handle string, e *grant.Entry) {
	r.t.Helper()
	verifier := pkce.NewVerifier()
	address, err := r.p.AuthorizationURL(r.t.Context(), provider.Authorization{State: "s", RedirectURI: callback, Challenge: verifier.Challenge()})
	if err != nil {
		r.t.Fatal(err)
	}
	landed, err := lookalike.Answer(r.network, address, "allow")
	if err != nil {
		r.t.Fatal(err)
	}
	u, err := url.Parse(landed)
	if err != nil {
		r.t.Fatal(err)
	}
	g, err := r.p.Redeem(r.t.Context(), provider.Answer{Query: u.Query(), RedirectURI: callback, Verifier: verifier.Reveal(), Scopes: []string{"x"}})
	if err != nil {
		r.t.Fatal(err)
	}
	handle, e, err = r.grants.Create(r.t.Context(), grant.About{Provider: "spotify", App: "cli"}, g)
	if err != nil {
		r.t.Fatal(err)
	}
	return handle, e
}

// call is what a client does.
func (r *rig) call(handle string) error {
	e, err := r.grants.Load(r.t.Context(), handle)
	if err != nil {
		return err
	}
	return r.grants.Use(r.t.Context(), e, r.p, func(ctx context.Context, g *provider.Grant) error {
		res, err := r.p.Call(ctx, g, provider.Call{Method: "GET", Path: "/v1/me"})
		if err == nil {
			err = res.Body.Close()
			if res.StatusCode != http.StatusOK {
				r.t.Errorf("status %d", res.StatusCode)
			}
		}
		return err
	})
}

func TestAGrantFromHandleToEnd(t *testing.T) {
	r := newRig(t)
	handle, created := r.allow()
	e, err := r.grants.Load(t.Context(), handle)
	if err != nil || e.Ref != created.Ref || e.Provider != "spotify" || e.App != "cli" || !e.Created.Equal(r.now()) || e.Access != created.Access ||
		!e.Expires.Equal(r.now().Add(grant.DefaultLifetime)) || e.TokenType != "Bearer" {
		t.Errorf("got %+v, %v", e, err)
	}
	if err := r.call(handle); err != nil {
		t.Error(err)
	}
	r.pass(59*time.Minute + time.Second)
	for range 3 {
		if err := r.call(handle); err != nil {
			t.Error(err)
		}
	}
	if r.spotify.Refreshes != 1 {
		t.Errorf("%d refreshes", r.spotify.Refreshes)
	}
	ended, err := r.grants.End(t.Context(), handle)
	if err != nil || ended.Generation != 1 {
		t.Errorf("got %+v, %v", ended, err)
	}
	if _, err := r.grants.End(t.Context(), handle); !errors.Is(err, grant.ErrEnded) {
		t.Errorf("a second time: %v", err)
	}
	if err := r.call(handle); !errors.Is(err, grant.ErrEnded) {
		t.Errorf("afterwards: %v", err)
	}
}

func TestForeignHandlesCostNothing(t *testing.T) {
	r := newRig(t)
	handle, _ := r.allow()
	other := grant.New(grant.Options{Store: kv.NewStore(r.store, keyring(t, "o"), time.Now), Keys: keyring(t, "o"), Now: time.Now})
	before := r.store.ops
	cookie := keyring(t, "k").SealText(seal.SessionCookie, "", make([]byte, 32))
	short := keyring(t, "k").SealText(seal.BrokerHandle, "", make([]byte, 32))
	for _, h := range []string{"", "x", handle + "A", handle[1:], handle[:len(handle)-1], strings.ToUpper(handle), "\n" + handle, cookie, short, strings.Repeat("A", 103)} {
		if _, err := r.grants.Load(t.Context(), h); !errors.Is(err, grant.ErrHandle) {
			t.Errorf("load %q: %v", h, err)
		}
		if _, err := r.grants.End(t.Context(), h); !errors.Is(err, grant.ErrHandle) {
			t.Errorf("end %q: %v", h, err)
		}
	}
	if _, err := other.Load(t.Context(), handle); !errors.Is(err, grant.ErrHandle) {
		t.Errorf("another deployment: %v", err)
	}
	if r.store.ops != before {
		t.Errorf("%d operations", r.store.ops-before)
	}
	if _, err := r.grants.Load(t.Context(), keyring(t, "k").SealText(seal.BrokerHandle, "", make([]byte, 40))); !errors.Is(err, grant.ErrEnded) {
		t.Errorf("never created: %v", err)
	}
	keys, _, err := r.store.List(t.Context(), "", "", 100)
	if err != nil || len(keys) != 1 || strings.Contains(keys[0], handle) || strings.Contains(handle, keys[0][len("r:v1:g:"):]) {
		t.Errorf("keys %v, %v", keys, err)
	}
}

// S28: a refused refresh token ends the grant, for good.
func TestARevokedGrantEnds(t *testing.T) {
	r := newRig(t)
	handle, _ := r.allow()
	r.pass(time.Hour)
	r.spotify.Forget()
	for range 2 {
		if err := r.call(handle); !errors.Is(err, grant.ErrEnded) {
			t.Errorf("got %v", err)
		}
	}
}

// The provider refuses the access token before its time.
func TestARefusedAccessTokenIsRefreshedOnce(t *testing.T) {
	r := newRig(t)
	handle, _ := r.allow()
	unauthorized := &provider.Error{Kind: provider.Unauthorized}
	use := func(refused int) (tokens []string, err error) {
		e, err := r.grants.Load(t.Context(), handle)
		if err != nil {
			return nil, err
		}
		err = r.grants.Use(t.Context(), e, r.p, func(_ context.Context, g *provider.Grant) error {
			if tokens = append(tokens, g.Access.Reveal()); len(tokens) <= refused {
				return unauthorized
			}
			return nil
		})
		return tokens, err
	}
	if tokens, err := use(1); !errors.Is(err, unauthorized) || len(tokens) != 1 {
		t.Errorf("a token of this moment is not at fault: %v, %v", tokens, err)
	}
	r.pass(time.Minute)
	if tokens, err := use(1); err != nil || len(tokens) != 2 || tokens[0] == tokens[1] {
		t.Errorf("got %v, %v", tokens, err)
	}
	r.pass(time.Minute)
	if tokens, err := use(9); !errors.Is(err, unauthorized) || len(tokens) != 2 {
		t.Errorf("refused twice: %v, %v", tokens, err)
	}
	if _, err := use(0); err != nil || r.spotify.Refreshes != 2 {
		t.Errorf("the grant is gone: %v, %d refreshes", err, r.spotify.Refreshes)
	}
}

func TestASessionKeyThatIsOver(t *testing.T) {
	r := newRig(t)
	handle, e, err := r.grants.Create(t.Context(), grant.About{Provider: "lastfm"}, &provider.Grant{
		Access: secret.New("k"), TokenType: "lastfm", Name: "rj", Session: []byte(`{"name":"rj","subscriber":0}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	loaded, err := r.grants.Load(t.Context(), handle)
	if err != nil || string(loaded.Session) != `{"name":"rj","subscriber":0}` || loaded.Name != "rj" {
		t.Errorf("got %+v, %v", loaded, err)
	}
	err = r.grants.Use(t.Context(), e, r.p, func(context.Context, *provider.Grant) error { return &provider.Error{Kind: provider.Ended} })
	if !errors.Is(err, grant.ErrEnded) {
		t.Errorf("got %v", err)
	}
	if _, err := r.grants.Load(t.Context(), handle); !errors.Is(err, grant.ErrEnded) {
		t.Errorf("got %v", err)
	}
}

func TestGrantsOnAStoreThatIsDown(t *testing.T) {
	r := newRig(t)
	handle, e := r.allow()
	r.store.err = errors.New("no route")
	if _, err := r.grants.Load(t.Context(), handle); !errors.Is(err, grant.ErrStore) {
		t.Errorf("load: %v", err)
	}
	if _, err := r.grants.End(t.Context(), handle); !errors.Is(err, grant.ErrStore) {
		t.Errorf("end: %v", err)
	}
	if _, _, err := r.grants.Create(t.Context(), grant.About{Provider: "x"}, e.Grant); !errors.Is(err, grant.ErrStore) {
		t.Errorf("create: %v", err)
	}
}

func TestAnOutageOfTheProvider(t *testing.T) {
	r := newRig(t)
	handle, _ := r.allow()
	accounts := r.network["accounts.spotify.com"]
	delete(r.network, "accounts.spotify.com")
	r.pass(59*time.Minute + 30*time.Second)
	if err := r.call(handle); err != nil {
		t.Errorf("while the token lives: %v", err)
	}
	r.pass(time.Minute)
	for range 2 {
		if err := r.call(handle); provider.KindOf(err) != provider.Unavailable {
			t.Errorf("afterwards: %v", err)
		}
	}
	r.network["accounts.spotify.com"] = accounts
	r.pass(time.Minute)
	if err := r.call(handle); err != nil {
		t.Errorf("when it is back: %v", err)
	}
}

// Logout while a refresh is under way: the new tokens are revoked.
func TestTokensThatArriveTooLateAreRevoked(t *testing.T) {
	r := newRig(t)
	handle, e := r.allow()
	var revoked []string
	p, err := provider.New(provider.Settings{
		Name: "acme", ClientID: "id", AuthorizationEndpoint: "https://acme.example/a", TokenEndpoint: "https://acme.example/t", RevocationEndpoint: "https://acme.example/r",
	}, provider.Parts{Now: r.now, Fetch: lookalike.Network{"acme.example": http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if q.URL.Path == "/r" {
			revoked = append(revoked, q.PostFormValue("token"))
			return
		}
		if _, err := r.grants.End(t.Context(), handle); err != nil {
			t.Error(err)
		}
		_, _ = w.Write([]byte(`{"access_token":"late-access","refresh_token":"late-refresh","token_type":"bearer"}`))
	})}})
	if err != nil {
		t.Fatal(err)
	}
	r.pass(time.Hour)
	err = r.grants.Use(t.Context(), e, p, func(context.Context, *provider.Grant) error { t.Error("used"); return nil })
	if !errors.Is(err, grant.ErrEnded) || strings.Join(revoked, " ") != "late-refresh late-access" {
		t.Errorf("got %v, revoked %v", err, revoked)
	}
}

// A handle may come before its record is to be seen in an eventually consistent store:
// that is no end.
func TestARecordThatIsNotVisibleYet(t *testing.T) {
	r := newRig(t)
	handle, _ := r.allow()
	if err := r.store.Memory.Delete(t.Context(), func() string {
		keys, _, err := r.store.List(t.Context(), "", "", 1)
		if err != nil {
			t.Fatal(err)
		}
		return keys[0]
	}()); err != nil {
		t.Fatal(err)
	}
	for _, want := range []error{grant.ErrStore, grant.ErrEnded} {
		if _, err := r.grants.Load(t.Context(), handle); !errors.Is(err, want) {
			t.Errorf("load: %v, want %v", err, want)
		}
		if _, err := r.grants.End(t.Context(), handle); !errors.Is(err, want) {
			t.Errorf("end: %v, want %v", err, want)
		}
		r.pass(2 * time.Minute)
	}
}
