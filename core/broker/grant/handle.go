package grant

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"

	"gatehouse/core/seal"
)

// id is what a handle holds.
type id [32]byte

func newID() (i id) {
	rand.Read(i[:])
	return i
}

// ref is the id's key in the store: its SHA-256, so that what is listed there opens
// nothing.
func (i id) ref() string { return hash(i[:]) }

func hash(b []byte) string {
	sum := sha256.Sum256(b)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// sealHandle makes the text that a client keeps. It is sealed so that others than this
// deployment's cost nothing to refuse.
func (g *Grants) sealHandle(i id) string { return g.keys.SealText(seal.BrokerHandle, "", i[:]) }

func (g *Grants) openHandle(text string) (i id, ok bool) {
	b, _, err := g.keys.OpenText(seal.BrokerHandle, "", text)
	if err != nil || len(b) != len(i) {
		return id{}, false
	}
	copy(i[:], b)
	return i, true
}
