package oidc

import (
	"context"
	"crypto"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"slices"

	"gatehouse/core/jwk"
	"gatehouse/core/jws"
)

// Limits of a key set.
const (
	maxKeys    = 100
	minRSABits = 2048
	maxKeyID   = 1024
)

// keySet is the keys of a JWK Set (RFC 7517, section 5) that can verify signatures.
// It may be empty: a provider that withdrew its keys is believed.
type keySet struct{ keys []publicKey }

// publicKey is a key with what its members say of it: alg may be empty.
type publicKey struct {
	id, alg string
	key     crypto.PublicKey
}

func (p *Provider) keysURL(ctx context.Context) (string, error) {
	m, err := p.Metadata(ctx)
	if err != nil {
		return "", err
	}
	return m.JWKSURI, nil
}

func (p *Provider) fetchKeys(ctx context.Context, address string) ([]byte, error) {
	return p.fetchDocument(ctx, "keys", address)
}

// parseKeySet reads a JWK Set. Keys that are malformed, unknown or unfit are left out
// one by one (RFC 7517, section 5); a set that is none, or has more than maxKeys, is
// refused. The error is ErrUnavailable.
func parseKeySet(body []byte) (*keySet, error) {
	o, err := parseObject(body)
	if err != nil {
		return nil, unavailable("keys", err)
	}
	items, ok := o.List("keys")
	if !ok {
		return nil, unavailable("keys", errors.New("not a JWK Set"))
	}
	if len(items) > maxKeys {
		return nil, unavailable("keys", errors.New("more than 100 keys"))
	}
	set := &keySet{}
	for _, item := range items {
		if k, ok := parseKey(item); ok {
			set.keys = append(set.keys, k)
		}
	}
	return set, nil
}

// privateMembers mark a key whose private part is published, or a symmetric one
// (RFC 7518, sections 6.2.2, 6.3.2 and 6.4): nothing it signs means anything.
var privateMembers = []string{"d", "p", "q", "dp", "dq", "qi", "oth", "k"}

// parseKey reads a key; certificates are not looked at.
func parseKey(raw json.RawMessage) (k publicKey, ok bool) {
	o, err := parseObject(raw)
	if err != nil {
		return k, false
	}
	for _, name := range privateMembers {
		if _, ok := o[name]; ok {
			return k, false
		}
	}
	use := "sig"
	for name, dst := range map[string]*string{"kid": &k.id, "use": &use, "alg": &k.alg} {
		if !o.Has(name) {
			continue
		}
		var ok bool
		if *dst, ok = o.Text(name); !ok {
			return k, false
		}
	}
	if use != "sig" || len(k.id) > maxKeyID {
		return k, false
	}
	if o.Has("key_ops") {
		if operations, ok := o.Texts("key_ops"); !ok || !slices.Contains(operations, "verify") {
			return k, false
		}
	}
	if k.key, err = jwk.Parse(o); err != nil {
		return k, false
	}
	if key, ok := k.key.(*rsa.PublicKey); ok && key.N.BitLen() < minRSABits {
		return k, false
	}
	return k, true
}

// fits reports whether k is of the type that alg needs and not meant for another.
func (k *publicKey) fits(alg jws.Algorithm) bool {
	return (k.alg == "" || k.alg == string(alg)) && alg.Fits(k.key)
}

// candidates returns the keys that may have made a signature by alg. A token without
// a key id has one only if the set leaves no choice (OpenID Connect Core 1.0, section
// 10.1).
func (s *keySet) candidates(kid string, named bool, alg jws.Algorithm) []*publicKey {
	var found []*publicKey
	for i := range s.keys {
		k := &s.keys[i]
		if k.fits(alg) && (!named || k.id == kid) {
			found = append(found, k)
		}
	}
	if !named && len(found) != 1 {
		return nil
	}
	return found
}
