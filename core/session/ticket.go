package session

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"net/http"
	"time"

	"gatehouse/core/seal"
)

// idSize is the size of a session id in bytes.
const idSize = 32

// Sizes of a ticket: of a session as it began, and of one that was refreshed.
const (
	ticketSize    = idSize + 8
	refreshedSize = ticketSize + 4 + 8
)

// ticket is the content of the session cookie: the id and when the session was last
// known to be used. Keeping that time in the sealed cookie instead of the store
// means that use costs no write, and that a late write cannot revive a session that
// was logged out meanwhile.
//
// Of a session that was refreshed it says which generation of tokens the browser was
// answered with, and since when, so that a store which is behind shows.
type ticket struct {
	id         [idSize]byte
	seen       time.Time
	generation int
	refreshed  time.Time
}

// newTicket draws an id.
func newTicket(now time.Time) ticket {
	t := ticket{seen: now}
	rand.Read(t.id[:])
	return t
}

// ref is the id's key in the store: its SHA-256, so that what is listed there
// opens nothing.
func (t ticket) ref() string {
	sum := sha256.Sum256(t.id[:])
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func (s *Sessions) sealTicket(t ticket) string {
	b := make([]byte, idSize, refreshedSize)
	copy(b, t.id[:])
	b = binary.BigEndian.AppendUint64(b, uint64(t.seen.UnixMilli()))
	if t.generation > 0 {
		b = binary.BigEndian.AppendUint32(b, uint32(t.generation))
		b = binary.BigEndian.AppendUint64(b, uint64(t.refreshed.UnixMilli()))
	}
	return s.keys.SealText(seal.SessionCookie, s.context, b)
}

// openTicket returns false for anything that this deployment did not seal. primary
// is false when a retired key opened it.
func (s *Sessions) openTicket(value string) (t ticket, primary, ok bool) {
	b, primary, err := s.keys.OpenText(seal.SessionCookie, s.context, value)
	if err != nil || len(b) != ticketSize && len(b) != refreshedSize {
		return ticket{}, false, false
	}
	copy(t.id[:], b)
	t.seen = time.UnixMilli(int64(binary.BigEndian.Uint64(b[idSize:])))
	if len(b) == refreshedSize {
		t.generation = int(binary.BigEndian.Uint32(b[ticketSize:]))
		t.refreshed = time.UnixMilli(int64(binary.BigEndian.Uint64(b[ticketSize+4:])))
	}
	return t, primary, true
}

// Ref returns the Ref of the session that r's cookie names, "" when there is no
// single cookie that opens. Whether the session exists or is over is not asked.
func (s *Sessions) Ref(r *http.Request) string {
	t, ok := s.ticketOf(r)
	if !ok {
		return ""
	}
	return t.ref()
}
