package oidc

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"slices"

	"github.com/go-jose/go-jose/v4"
)

// Limits of a key set.
const (
	maxKeys    = 100
	minRSABits = 2048
	maxKeyID   = 1024
)

// keySet is the keys of a JWK Set (RFC 7517, section 5) that can verify signatures.
// It may be empty: a provider that withdrew its keys is believed.
type keySet struct{ keys []jose.JSONWebKey }

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

// publicMembers is all that goes into a key; certificates are not looked at.
var publicMembers = []string{"kty", "crv", "x", "y", "n", "e"}

func parseKey(raw json.RawMessage) (jose.JSONWebKey, bool) {
	var k jose.JSONWebKey
	o, err := parseObject(raw)
	if err != nil {
		return k, false
	}
	for _, name := range privateMembers {
		if _, ok := o[name]; ok {
			return k, false
		}
	}
	id, use, algorithm := "", "sig", ""
	for name, dst := range map[string]*string{"kid": &id, "use": &use, "alg": &algorithm} {
		if !o.Has(name) {
			continue
		}
		var ok bool
		if *dst, ok = o.Text(name); !ok {
			return k, false
		}
	}
	if use != "sig" || len(id) > maxKeyID {
		return k, false
	}
	if o.Has("key_ops") {
		if operations, ok := o.Texts("key_ops"); !ok || !slices.Contains(operations, "verify") {
			return k, false
		}
	}
	public := map[string]json.RawMessage{}
	for _, name := range publicMembers {
		if o.Has(name) {
			public[name] = o[name]
		}
	}
	plain, err := json.Marshal(public)
	if err != nil || k.UnmarshalJSON(plain) != nil || !k.Valid() {
		return jose.JSONWebKey{}, false
	}
	switch key := k.Key.(type) {
	case *rsa.PublicKey:
		if key.N.BitLen() < minRSABits {
			return jose.JSONWebKey{}, false
		}
	case *ecdsa.PublicKey, ed25519.PublicKey:
	default:
		return jose.JSONWebKey{}, false
	}
	k.KeyID, k.Use, k.Algorithm = id, "sig", algorithm
	return k, true
}

// curves of the ECDSA algorithms (RFC 7518, section 3.4).
var curves = map[jose.SignatureAlgorithm]string{jose.ES256: "P-256", jose.ES384: "P-384", jose.ES512: "P-521"}

// fits reports whether k is of the type that alg needs and not meant for another.
func fits(k *jose.JSONWebKey, alg jose.SignatureAlgorithm) bool {
	if k.Algorithm != "" && k.Algorithm != string(alg) {
		return false
	}
	switch key := k.Key.(type) {
	case *rsa.PublicKey:
		return alg[:2] == "RS" || alg[:2] == "PS"
	case *ecdsa.PublicKey:
		return curves[alg] == key.Curve.Params().Name
	case ed25519.PublicKey:
		return alg == jose.EdDSA
	}
	return false
}

// candidates returns the keys that may have made a signature by alg. A token without
// a key id has one only if the set leaves no choice (OpenID Connect Core 1.0, section
// 10.1).
func (s *keySet) candidates(kid string, named bool, alg jose.SignatureAlgorithm) []*jose.JSONWebKey {
	var found []*jose.JSONWebKey
	for i := range s.keys {
		k := &s.keys[i]
		if fits(k, alg) && (!named || k.KeyID == kid) {
			found = append(found, k)
		}
	}
	if !named && len(found) != 1 {
		return nil
	}
	return found
}
