package session

import (
	"encoding/json"
	"time"

	"gatehouse/core/cookie"
	"gatehouse/core/identity"
	"gatehouse/core/seal"
)

const (
	// HandoverTime is how long after a login its identity is believed while the
	// store has not heard of the session.
	HandoverTime = 120 * time.Second
	// maxHandover bounds the sealed cookie in bytes, so that all cookies of the
	// gateway together fit into the Cookie header that it accepts; with more to say
	// about the user there is none, and a stale store costs a second login.
	maxHandover = 2048
)

// note is the content of the hand-over cookie. It holds no token.
type note struct {
	Identity *identity.Identity `json:"identity"`
	Created  int64              `json:"created"`
	Expires  int64              `json:"expires"`
	// AuthTime and ACR are the record's: without them a demand that the login met would
	// be made again.
	AuthTime int64  `json:"auth_time,omitempty"`
	ACR      string `json:"acr,omitempty"`
	// What logouts from elsewhere go by.
	Issued          int64  `json:"iat,omitempty"`
	ProviderSession string `json:"sid,omitempty"`
}

// sealHandover returns the cookie's value, or "" when it would be too large. It is
// bound to the session by ref.
func (s *Sessions) sealHandover(r *Record, ref string) string {
	n := note{Identity: r.Identity, Created: r.Created, Expires: r.Expires, AuthTime: r.AuthTime, ACR: r.ACR}
	if s.marks != nil {
		n.Issued, n.ProviderSession = r.Issued, r.ProviderSession
	}
	b, err := json.Marshal(n)
	if err != nil {
		return ""
	}
	value := s.keys.SealText(seal.HandoverCookie, ref, b)
	if len(value) > maxHandover {
		return ""
	}
	return value
}

// handover returns the session that the hand-over cookie vouches for, or nil.
func (s *Sessions) handover(lines []string, ref string, now time.Time) *Session {
	value, count := cookie.Find(lines, s.names.Handover)
	if count != 1 {
		return nil
	}
	b, _, err := s.keys.OpenText(seal.HandoverCookie, ref, value)
	if err != nil {
		return nil
	}
	var n note
	if json.Unmarshal(b, &n) != nil || n.Identity == nil || n.Identity.Subject == "" {
		return nil
	}
	if age := now.Sub(time.Unix(n.Created, 0)); age >= HandoverTime || age < -time.Minute {
		return nil
	}
	return &Session{
		Record: Record{Version: recordVersion, Identity: n.Identity, Created: n.Created, Expires: n.Expires, AuthTime: n.AuthTime, ACR: n.ACR,
			Issued: n.Issued, ProviderSession: n.ProviderSession},
		Ref:      ref,
		Handover: true,
	}
}
