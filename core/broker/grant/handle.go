package grant

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"time"

	"gatehouse/core/seal"
)

// id is what a handle names.
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

// handle is the text that a client keeps, opened.
type handle struct {
	id
	made time.Time
}

// newFor is how long after its making a handle's record may not be visible yet.
const newFor = 2 * time.Minute

// isNew reports whether h was made moments ago.
func (h handle) isNew(now time.Time) bool {
	age := now.Sub(h.made)
	return age < newFor && age > -newFor
}

// sealHandle makes the text. It is sealed so that others than this deployment's cost
// nothing to refuse.
func (g *Grants) sealHandle(h handle) string {
	return g.keys.SealText(seal.BrokerHandle, "", binary.BigEndian.AppendUint64(h.id[:], uint64(h.made.UnixMilli())))
}

func (g *Grants) openHandle(text string) (h handle, ok bool) {
	b, _, err := g.keys.OpenText(seal.BrokerHandle, "", text)
	if err != nil || len(b) != len(h.id)+8 {
		return handle{}, false
	}
	copy(h.id[:], b)
	h.made = time.UnixMilli(int64(binary.BigEndian.Uint64(b[len(h.id):])))
	return h, true
}
