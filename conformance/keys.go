package conformance

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"slices"
	"sync"

	"github.com/go-jose/go-jose/v4"
)

// signingKeys are the provider's keys by name, drawn once per process. foreign and
// weak are never published under their own names.
var signingKeys = map[string]func() crypto.Signer{
	"k1":      rsaKey(2048),
	"k2":      rsaKey(2048),
	"foreign": rsaKey(2048),
	"weak":    rsaKey(1024),
	"es1": sync.OnceValue(func() crypto.Signer {
		k, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		return k
	}),
	"ed1": sync.OnceValue(func() crypto.Signer {
		_, k, _ := ed25519.GenerateKey(rand.Reader)
		return k
	}),
}

func rsaKey(bits int) func() crypto.Signer {
	return sync.OnceValue(func() crypto.Signer {
		k, err := rsa.GenerateKey(rand.Reader, bits)
		if err != nil {
			panic(err)
		}
		return k
	})
}

// keyAlgorithms names the algorithm that a JWKS states for a key.
var keyAlgorithms = map[string]string{"es1": "ES256", "ed1": "EdDSA"}

// foreignCurve is a key on a curve that no accepted algorithm has, secp256k1: providers
// publish such keys beside those that they sign with. The point is the curve's base point.
const foreignCurve = "secp256k1"

// publicJWK is the JWK of the key called name, with the variants of a "jwks" line:
// "nokid" leaves the key ID out, "noalg" the algorithm, "enc" makes it a key for
// encryption, which only its use tells.
func publicJWK(name string, variants []string) json.RawMessage {
	if name == foreignCurve {
		members := map[string]string{
			"kty": "EC", "crv": "secp256k1", "kid": name, "use": "sig",
			"x": "eb5mfvncu6xVoGKVzocLBwKb_NstzijZWfKBWxb4F5g", "y": "SDradyajxGVdpPv8DhEIqP0XtEimhVQZnEfQj_sQ1Lg",
		}
		if slices.Contains(variants, "nokid") {
			delete(members, "kid")
		}
		b, _ := json.Marshal(members)
		return b
	}
	k := jose.JSONWebKey{Key: signingKeys[name]().Public(), KeyID: name, Use: "sig", Algorithm: keyAlgorithms[name]}
	if k.Algorithm == "" {
		k.Algorithm = "RS256"
	}
	for _, variant := range variants {
		switch variant {
		case "nokid":
			k.KeyID = ""
		case "noalg":
			k.Algorithm = ""
		case "enc":
			k.Use, k.Algorithm = "enc", ""
		}
	}
	b, err := k.MarshalJSON()
	if err != nil {
		panic(err)
	}
	return b
}

// sign returns the signature of input by alg. It signs whatever it is asked to,
// which is why no library does it: "hmac-of-public" is an HMAC with k1's public
// key in PEM, "none" no signature at all.
func sign(alg, key string, input []byte) ([]byte, error) {
	switch key {
	case "none":
		return nil, nil
	case "hmac-of-public":
		der, err := x509.MarshalPKIXPublicKey(signingKeys["k1"]().Public())
		if err != nil {
			return nil, err
		}
		return hmacSHA256(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), input), nil
	case "hmac-of-nothing":
		return hmacSHA256(nil, input), nil
	}
	hashes := map[string]crypto.Hash{"256": crypto.SHA256, "384": crypto.SHA384, "512": crypto.SHA512}
	hash := crypto.SHA256
	if len(alg) == 5 && hashes[alg[2:]] != 0 {
		hash = hashes[alg[2:]]
	}
	h := hash.New()
	h.Write(input)
	switch k := signingKeys[key]().(type) {
	case *rsa.PrivateKey:
		if len(alg) == 5 && alg[:2] == "PS" {
			return rsa.SignPSS(rand.Reader, k, hash, h.Sum(nil), &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash})
		}
		return rsa.SignPKCS1v15(rand.Reader, k, hash, h.Sum(nil))
	case *ecdsa.PrivateKey:
		r, s, err := ecdsa.Sign(rand.Reader, k, h.Sum(nil))
		if err != nil {
			return nil, err
		}
		out := make([]byte, 64)
		r.FillBytes(out[:32])
		s.FillBytes(out[32:])
		return out, nil
	case ed25519.PrivateKey:
		return ed25519.Sign(k, input), nil
	}
	return nil, fmt.Errorf("no key %s", key)
}

func hmacSHA256(key, input []byte) []byte {
	m := hmac.New(sha256.New, key)
	m.Write(input)
	return m.Sum(nil)
}

// compact joins the three parts of a JWS.
func compact(header, payload []byte, alg, key string) (string, error) {
	e := base64.RawURLEncoding
	input := e.EncodeToString(header) + "." + e.EncodeToString(payload)
	sig, err := sign(alg, key, []byte(input))
	return input + "." + e.EncodeToString(sig), err
}
