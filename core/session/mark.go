package session

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"sync"
	"time"
)

// markVersion is the format in the store; another one is a mark that cannot be read.
const markVersion = 1

// Kinds of mark; the byte is part of the key.
const (
	sessionMark = 's' // about the provider's session, by sid
	subjectMark = 'u' // about everything of a subject
	// announced is no mark, but says that sessions of the sid began here.
	announced = 'a'
)

// mark says that sessions are over which began until some time. Two clocks are kept
// apart: what the provider says is compared with what it said at the login, and what
// happened here with when the session began here. Clocks of our own processes have to
// agree.
// STORAGE.md shows it.
type mark struct {
	Version int `json:"v"`
	// Issued is the latest iat of a logout token, Here the latest logout here; Unix
	// seconds, 0 for none.
	Issued int64 `json:"iat,omitempty"`
	Here   int64 `json:"here,omitempty"`
	// Subject limits a mark about the provider's session to one subject, if it is not
	// empty.
	Subject string `json:"sub,omitempty"`
	// Token is the hash of the jti of the latest logout token.
	Token string `json:"jti,omitempty"`
}

// covers reports whether r's session is over. Within a second the order is not known,
// and then it is.
func (m *mark) covers(r *Record) bool {
	if m.Subject != "" && m.Subject != r.Identity.Subject {
		return false
	}
	issued := r.Issued
	if issued == 0 {
		issued = r.Created
	}
	return m.Issued != 0 && issued <= m.Issued || m.Here != 0 && r.Created <= m.Here
}

// join is a mark that covers what m and other do.
func (m mark) join(other mark) mark {
	if m.empty() {
		return other
	}
	if other.empty() {
		return m
	}
	if other.Issued > m.Issued || other.Issued == m.Issued && other.Token != "" {
		m.Token = other.Token
	}
	m.Issued, m.Here = max(m.Issued, other.Issued), max(m.Here, other.Here)
	if m.Subject != other.Subject {
		m.Subject = ""
	}
	return m
}

func (m *mark) empty() bool { return m.Issued == 0 && m.Here == 0 }

func (m mark) encode() []byte {
	m.Version = markVersion
	b, _ := json.Marshal(m) // texts and numbers
	return b
}

func decodeMark(b []byte) (mark, bool) {
	var m mark
	if json.Unmarshal(b, &m) != nil || m.Version != markVersion {
		return mark{}, false
	}
	return m, true
}

// markID is the mark's key in the store: a hash, so that keys are of one length and
// alphabet whatever providers put into sid and sub.
func (s *Sessions) markID(kind byte, value string) string {
	b := append(append(s.realm[:len(s.realm):len(s.realm)], kind), value...)
	sum := sha256.Sum256(b)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// markIDs are the keys of the marks that r's session is subject to.
func (s *Sessions) markIDs(r *Record) []string {
	ids := []string{s.markID(subjectMark, r.Identity.Subject)}
	if r.ProviderSession != "" {
		ids = append(ids, s.markID(sessionMark, r.ProviderSession))
	}
	return ids
}

// markExpiry is when a mark that is made now has nothing left to say: no session that
// began until then is accepted any more.
func (s *Sessions) markExpiry(now time.Time) time.Time { return now.Add(s.life + endedFor) }

// marks are those that were made in this process, so that they hold here at once, even
// while the store does not show them. The oldest gives way.
type marks struct {
	size int

	mu   sync.Mutex
	kept map[string]mark
	ring []string
	next int
}

func newMarks(size int) *marks { return &marks{size: size, kept: map[string]mark{}} }

// get returns the mark under id, an empty one if there is none.
func (k *marks) get(id string) mark {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.kept[id]
}

// add joins m to the mark under id.
func (k *marks) add(id string, m mark) {
	k.mu.Lock()
	defer k.mu.Unlock()
	old, known := k.kept[id]
	k.kept[id] = old.join(m)
	switch {
	case known:
	case len(k.ring) < k.size:
		k.ring = append(k.ring, id)
	default:
		delete(k.kept, k.ring[k.next])
		k.ring[k.next] = id
		k.next = (k.next + 1) % k.size
	}
}

// none reports whether no mark was made here.
func (k *marks) none() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return len(k.ring) == 0
}
