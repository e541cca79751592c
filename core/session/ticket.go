package session

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"net/http"
	"time"

	"gatehouse/core/cookie"
	"gatehouse/core/seal"
)

// idSize is the size of a session id in bytes.
const idSize = 32

// ticket is the content of the session cookie: the id and when the session was last
// known to be used. Keeping that time in the sealed cookie instead of the store
// means that use costs no write, and that a late write cannot revive a session that
// was logged out meanwhile.
type ticket struct {
	id   [idSize]byte
	seen time.Time
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
	var b [idSize + 8]byte
	copy(b[:], t.id[:])
	binary.BigEndian.PutUint64(b[idSize:], uint64(t.seen.UnixMilli()))
	return s.keys.SealText(seal.SessionCookie, s.context, b[:])
}

// openTicket returns false for anything that this deployment did not seal. primary
// is false when a retired key opened it.
func (s *Sessions) openTicket(value string) (t ticket, primary, ok bool) {
	b, primary, err := s.keys.OpenText(seal.SessionCookie, s.context, value)
	if err != nil || len(b) != idSize+8 {
		return ticket{}, false, false
	}
	copy(t.id[:], b)
	t.seen = time.UnixMilli(int64(binary.BigEndian.Uint64(b[idSize:])))
	return t, primary, true
}

// Ref returns the Ref of the session that r's cookie names, "" when there is no
// single cookie that opens. Whether the session exists or is over is not asked.
func (s *Sessions) Ref(r *http.Request) string {
	value, count := cookie.Find(r.Header["Cookie"], s.names.Session)
	t, _, ok := s.openTicket(value)
	if count != 1 || !ok {
		return ""
	}
	return t.ref()
}
