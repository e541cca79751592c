package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"gatehouse/core/identity"
	"gatehouse/core/kv"
	"gatehouse/core/session"
)

const (
	lifetime = 14 * 24 * time.Hour
	// probes is the number of sessions with a known cookie, which are looked up.
	probes = 2000
	// together is how many writes are under way at once: a batch of the driver's.
	together = 1000
	// refSize is the size of a session's key before its encoding.
	refSize = 32
)

// record is a session as a login at a provider with opaque access tokens leaves it.
func record() session.Record {
	verified := true
	return session.Record{
		Identity: &identity.Identity{
			Issuer: "https://login.example.com", Subject: "100000000000000001", Name: "Alice Archer",
			GivenName: "Alice", FamilyName: "Archer", PreferredUsername: "alice", Email: "alice@example.com",
			EmailVerified: &verified, Locale: "en", Groups: []string{"admin", "staff"},
		},
		AccessToken:  randomText(48),
		RefreshToken: randomText(48),
		IDToken:      randomText(600),
	}
}

func randomText(size int) string {
	b := make([]byte, size)
	rand.Read(b)
	return base64.RawURLEncoding.EncodeToString(b)
}

// logIn begins count sessions and returns requests that belong to them.
func (d *deployment) logIn(ctx context.Context, count int) ([]*http.Request, error) {
	requests := make([]*http.Request, count)
	sessions := d.sessions()
	return requests, atOnce(count, func(i int) error {
		_, cookies, err := sessions.Begin(ctx, record(), "")
		if err != nil {
			return err
		}
		value, _, _ := strings.Cut(cookies[0], ";")
		requests[i] = &http.Request{Header: http.Header{"Cookie": {value}}}
		return nil
	})
}

// fill stores count sessions whose cookies nobody has.
func (d *deployment) fill(ctx context.Context, count int) error {
	refs := make([][refSize]byte, count)
	for i := range refs {
		rand.Read(refs[i][:])
	}
	text := func(ref [refSize]byte) string { return base64.RawURLEncoding.EncodeToString(ref[:]) }
	slices.SortFunc(refs, func(a, b [refSize]byte) int { return strings.Compare(text(a), text(b)) })
	now := time.Now()
	r := record()
	r.Version, r.Created, r.Expires = 1, now.Unix(), now.Add(lifetime).Unix()
	value, err := json.Marshal(r)
	if err != nil {
		return err
	}
	return atOnce(count, func(i int) error {
		return d.store.Put(ctx, kv.Sessions, text(refs[i]), value, now.Add(lifetime))
	})
}

// atOnce calls work for 0 to count-1, roughly in that order and together at a time. It
// returns the first error, after which it begins nothing more.
func atOnce(count int, work func(i int) error) error {
	var (
		mu     sync.Mutex
		next   int
		failed error
		all    sync.WaitGroup
	)
	take := func(err error) (int, bool) {
		mu.Lock()
		defer mu.Unlock()
		if err != nil && failed == nil {
			failed = fmt.Errorf("store session: %w", err)
		}
		next++
		return next - 1, failed == nil && next <= count
	}
	for range min(together, count) {
		all.Go(func() {
			for i, ok := take(nil); ok; {
				i, ok = take(work(i))
			}
		})
	}
	all.Wait()
	return failed
}
