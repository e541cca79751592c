package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"gatehouse/core/cookie"
	"gatehouse/core/identity"
	"gatehouse/core/kv"
	"gatehouse/core/seal"
	"gatehouse/core/session"
)

const (
	issuer       = "https://login.example.com"
	clientID     = "bench"
	clientSecret = "bench-secret-of-no-consequence"
	// appURL is where every Worker believes to be.
	appHost = "localhost:3000"
	appURL  = "http://" + appHost
	// peerSecret signs sessions of @hono/oidc-auth.
	peerSecret = "a secret of no consequence, which is long enough"
)

// world is what the Workers reach: the application and the store, both in this process,
// and sessions in it.
type world struct {
	application string // origin
	store       string // address
	key         string // COOKIE_SECRET
	// cookie is a session of the gateway's, peerCookie one of @hono/oidc-auth.
	cookie, peerCookie string

	waiting chan struct{} // one for each request that waits
	release chan struct{} // a value lets one go
}

func newWorld(ctx context.Context) (*world, error) {
	w := &world{waiting: make(chan struct{}, 4096), release: make(chan struct{})}
	driver := &kv.Memory{}
	var err error
	if w.application, err = serve(http.HandlerFunc(w.answer)); err != nil {
		return nil, err
	}
	w.application = "http://" + w.application
	if w.store, err = serve(namespace{driver}); err != nil {
		return nil, err
	}
	var key [32]byte
	rand.Read(key[:])
	w.key = base64.RawURLEncoding.EncodeToString(key[:])
	if w.cookie, err = begin(ctx, driver, key[:]); err != nil {
		return nil, err
	}
	w.peerCookie, err = peerSession()
	return w, err
}

// answer is the application's: at once, or, below /slow, when it is released.
func (w *world) answer(out http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/slow") {
		w.waiting <- struct{}{}
		<-w.release
	}
	out.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = io.WriteString(out, "application")
}

func serve(handler http.Handler) (address string, err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	go http.Serve(l, handler)
	return l.Addr().String(), nil
}

// begin stores a session as a login leaves it and returns its cookie.
func begin(ctx context.Context, driver kv.Driver, key []byte) (string, error) {
	keys, err := seal.NewKeyring(key)
	if err != nil {
		return "", err
	}
	sessions := session.New(session.Options{
		Realm: issuer + " " + clientID, Store: kv.NewStore(driver, keys, time.Now), Keys: keys,
		Names: cookie.NewNames("gatehouse", true), Kind: session.Browser,
		Idle: 12 * time.Hour, Lifetime: 24 * time.Hour, Now: time.Now, Log: slog.New(slog.DiscardHandler),
	})
	verified := true
	_, cookies, err := sessions.Begin(ctx, session.Record{Identity: &identity.Identity{
		Issuer: issuer, Subject: "100000000000000001", Name: "Alice Archer", PreferredUsername: "alice",
		Email: "alice@example.com", EmailVerified: &verified,
	}}, "")
	if err != nil {
		return "", err
	}
	pair, _, _ := strings.Cut(cookies[0], ";")
	return pair, nil
}

// peerSession is a session as @hono/oidc-auth keeps it: claims in a signed cookie.
func peerSession() (string, error) {
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.HS256, Key: []byte(peerSecret)}, (&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		return "", err
	}
	later := time.Now().Add(24 * time.Hour).Unix()
	signed, err := signer.Sign(fmt.Appendf(nil, `{"sub":"100000000000000001","email":"alice@example.com","rtk":"refresh-token-of-no-consequence","rtkexp":%d,"ssnexp":%d}`, later, later))
	if err != nil {
		return "", err
	}
	text, err := signed.CompactSerialize()
	return "oidc-auth=" + text, err
}

// namespace answers for a KV namespace as workerd asks it; nothing is written.
type namespace struct{ driver kv.Driver }

func (n namespace) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet {
		_, _ = io.Copy(io.Discard, r.Body)
		return
	}
	value, err := n.driver.Get(r.Context(), strings.TrimPrefix(r.URL.Path, "/"))
	switch {
	case errors.Is(err, kv.ErrNotFound):
		http.Error(w, "not found", http.StatusNotFound)
	case err != nil:
		http.Error(w, "failed", http.StatusInternalServerError)
	default:
		_, _ = w.Write(value)
	}
}
