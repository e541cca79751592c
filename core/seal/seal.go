// Package seal encrypts and authenticates what Gatehouse stores where others can
// reach it: cookies in browsers and records in key-value stores.
//
// Each secret of a [Keyring] gives, by HKDF-SHA256 (RFC 5869), one
// XChaCha20-Poly1305 key per purpose: the cipher takes random nonces without a
// practical limit and is constant-time in portable code, which WebAssembly needs.
// What was sealed for one purpose or context does not open for another.
package seal

import (
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/chacha20poly1305"
)

// Purpose separates uses of the same secret. Values are part of the stored format.
type Purpose string

// Purposes in use.
const (
	SessionCookie  Purpose = "session cookie"
	HandoverCookie Purpose = "handover cookie"
	LoginCookie    Purpose = "login cookie"
	LogoutState    Purpose = "logout state"
	LoginDemand    Purpose = "login demand"
	LoginState     Purpose = "login state"
	Record         Purpose = "kv record"

	BrokerHandle      Purpose = "broker handle"
	BrokerTransaction Purpose = "broker transaction"
	BrokerCookie      Purpose = "broker cookie"
)

var purposes = []Purpose{SessionCookie, HandoverCookie, LoginCookie, LogoutState, LoginDemand, LoginState, Record, BrokerHandle, BrokerTransaction, BrokerCookie}

// Sizes of the format: version, key id, nonce, ciphertext, tag.
const (
	version   = 1
	keyIDSize = 4
	nonceSize = chacha20poly1305.NonceSizeX
	prefix    = 1 + keyIDSize + nonceSize
	// Overhead is how much longer a sealed value is than its plaintext, in bytes.
	Overhead = prefix + chacha20poly1305.Overhead
)

// ErrOpen says that a value was not sealed by this keyring for this purpose and
// context, or has been changed. It deliberately says no more.
var ErrOpen = errors.New("seal: cannot open")

// Keyring seals with its first secret and opens with any. It is safe for
// concurrent use.
type Keyring struct {
	keys []key
}

type key struct {
	id    [keyIDSize]byte
	aeads map[Purpose]cipher.AEAD
}

// NewKeyring makes a keyring of one or more secrets of at least 32 random bytes.
func NewKeyring(secrets ...[]byte) (*Keyring, error) {
	if len(secrets) == 0 {
		return nil, errors.New("seal: no secret")
	}
	r := &Keyring{}
	for i, s := range secrets {
		if len(s) < 32 {
			return nil, fmt.Errorf("seal: secret %d is shorter than 32 bytes", i+1)
		}
		k, err := newKey(s)
		if err != nil {
			return nil, err
		}
		for _, other := range r.keys {
			if other.id == k.id {
				return nil, fmt.Errorf("seal: secret %d has the key id of another", i+1)
			}
		}
		r.keys = append(r.keys, k)
	}
	return r, nil
}

func newKey(secret []byte) (key, error) {
	k := key{aeads: map[Purpose]cipher.AEAD{}}
	id, err := hkdf.Key(sha256.New, secret, nil, "gatehouse key id", keyIDSize)
	if err != nil {
		return k, fmt.Errorf("seal: %w", err)
	}
	copy(k.id[:], id)
	for _, p := range purposes {
		raw, err := hkdf.Key(sha256.New, secret, nil, "gatehouse "+string(p), chacha20poly1305.KeySize)
		if err != nil {
			return k, fmt.Errorf("seal: %w", err)
		}
		if k.aeads[p], err = chacha20poly1305.NewX(raw); err != nil {
			return k, fmt.Errorf("seal: %w", err)
		}
	}
	return k, nil
}

// associated is what a sealed value is bound to besides its key.
func associated(header []byte, context string) []byte {
	return append(append(make([]byte, 0, len(header)+len(context)), header...), context...)
}

// Seal encrypts plaintext under the first secret. Purpose must be one of the
// constants; context is not secret and must be given again to open.
func (r *Keyring) Seal(p Purpose, context string, plaintext []byte) []byte {
	k := r.keys[0]
	out := make([]byte, prefix, prefix+len(plaintext)+chacha20poly1305.Overhead)
	out[0] = version
	copy(out[1:], k.id[:])
	nonce := out[1+keyIDSize : prefix]
	rand.Read(nonce)
	return k.aeads[p].Seal(out, nonce, plaintext, associated(out[:1+keyIDSize], context))
}

// Open decrypts what Seal made. primary is false when a secret other than the
// first one opened it: the value should be sealed anew. The error is ErrOpen and
// plaintext then nil.
func (r *Keyring) Open(p Purpose, context string, sealed []byte) (plaintext []byte, primary bool, err error) {
	if len(sealed) < Overhead || sealed[0] != version {
		return nil, false, ErrOpen
	}
	for i, k := range r.keys {
		if string(k.id[:]) != string(sealed[1:1+keyIDSize]) {
			continue
		}
		plaintext, err := k.aeads[p].Open(nil, sealed[1+keyIDSize:prefix], sealed[prefix:], associated(sealed[:1+keyIDSize], context))
		if err != nil {
			return nil, false, ErrOpen
		}
		return plaintext, i == 0, nil
	}
	return nil, false, ErrOpen
}

// encoding is strict, so that exactly one text opens.
var encoding = base64.RawURLEncoding.Strict()

// SealText is Seal for places that take text, base64url without padding.
func (r *Keyring) SealText(p Purpose, context string, plaintext []byte) string {
	return encoding.EncodeToString(r.Seal(p, context, plaintext))
}

// OpenText is Open for what SealText made.
func (r *Keyring) OpenText(p Purpose, context, sealed string) (plaintext []byte, primary bool, err error) {
	// The decoder would skip line breaks.
	if strings.ContainsAny(sealed, "\r\n") {
		return nil, false, ErrOpen
	}
	raw, err := encoding.DecodeString(sealed)
	if err != nil {
		return nil, false, ErrOpen
	}
	return r.Open(p, context, raw)
}
