package broker_test

import (
	"context"
	"errors"
	"net/url"
	"testing"
	"time"

	"gatehouse/core/broker/grant"
	"gatehouse/core/broker/provider"
	"gatehouse/core/kv"
	"gatehouse/core/pkce"
	"gatehouse/core/seal"
)

// A program that asks too often slows down itself, and no other login.
func TestThePollLimitCountsPerLogin(t *testing.T) {
	r := newRig(t)
	v := pkce.NewVerifier()
	begin := func() (poll func() any) {
		begun := r.object(r.do("POST", "/auth/start", `{"provider":"odd","flow":"poll","code_challenge":"`+v.Challenge()+`","code_challenge_method":"S256"}`))
		return func() any {
			return r.object(r.do("POST", "/auth/getSession", `{"poll_token":"`+begun["poll_token"].(string)+`","code_verifier":"`+v.Reveal()+`"}`))["code"]
		}
	}
	one, other := begin(), begin()
	for n, want := range []string{"authorization_pending", "authorization_pending", "authorization_pending", "authorization_pending", "slow_down", "slow_down"} {
		if got := one(); got != want {
			t.Errorf("poll %d: %v, want %s", n+1, got, want)
		}
	}
	if got := other(); got != "authorization_pending" {
		t.Errorf("the other login: %v", got)
	}
}

// revoking is the odd provider that is told what ends.
type revoking struct {
	odd
	revoked *[]string
}

func (p revoking) Revoke(_ context.Context, _ *provider.Provider, g *provider.Grant) error {
	*p.revoked = append(*p.revoked, g.Access.Reveal())
	return nil
}

// full is a store that takes nothing.
type full struct{ *kv.Memory }

func (full) Put(context.Context, string, []byte, time.Time) error { return errors.New("full") }

func (full) Swap(context.Context, string, []byte, []byte, time.Time) error {
	return errors.New("full")
}

// Nobody could ever use a grant whose collection is not stored.
func TestAGrantEndsWhenItsCollectionCannotBeStored(t *testing.T) {
	for _, stored := range []bool{true, false} {
		var revoked []string
		r := newRigOf(t, revoking{revoked: &revoked})
		v := pkce.NewVerifier()
		begun := r.object(r.do("POST", "/auth/start", `{"provider":"odd","flow":"loopback","redirect_uri":"http://127.0.0.1:1/callback","state":"s","code_challenge":"`+v.Challenge()+`","code_challenge_method":"S256"}`))
		at, err := url.Parse(begun["auth_url"].(string))
		if err != nil {
			t.Fatal(err)
		}
		back, err := url.Parse(location(t, r.do("GET", at.RequestURI(), "")).Query().Get("back"))
		if err != nil {
			t.Fatal(err)
		}
		if !stored {
			keys, err := seal.NewKeyring([]byte("0123456789abcdefghijklmnopqrstuv"))
			if err != nil {
				t.Fatal(err)
			}
			r.broker.Collections = grant.NewCollections(kv.NewStore(full{&kv.Memory{Now: r.broker.Now}}, keys, r.broker.Now), r.broker.Now)
		}
		home := location(t, r.do("GET", back.RequestURI()+"&edoc=xyz", ""))
		if got := home.Query().Get("code") != ""; got != stored {
			t.Errorf("stored %v: came home to %s", stored, home)
		}
		if got := len(revoked) == 1 && revoked[0] == "odd-xyz"; got == stored || len(revoked) > 1 {
			t.Errorf("stored %v: revoked %v", stored, revoked)
		}
	}
}
