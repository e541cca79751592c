package session

import (
	"encoding/json"
	"errors"
	"time"

	"gatehouse/core/identity"
	"gatehouse/core/refresh"
)

// recordVersion is the format in the store; other versions are no session.
const recordVersion = 1

// Record is what the store keeps of a session, sealed. STORAGE.md shows it.
type Record struct {
	Version int `json:"v"`
	// Ended marks a session that was logged out; the other fields are then empty.
	Ended    bool               `json:"ended,omitempty"`
	Identity *identity.Identity `json:"identity,omitempty"`
	Created  int64              `json:"created,omitempty"` // Unix seconds
	Expires  int64              `json:"expires,omitempty"` // Unix seconds; the absolute limit
	// AuthTime and ACR are how the user was authenticated at the login.
	AuthTime int64  `json:"auth_time,omitempty"` // Unix seconds
	ACR      string `json:"acr,omitempty"`
	// Issued is the iat of the ID token that the session began with, by the provider's
	// clock; 0 in records that do not say.
	Issued int64 `json:"iat,omitempty"`
	// ProviderSession is the provider's sid claim.
	ProviderSession   string `json:"sid,omitempty"`
	AccessToken       string `json:"access_token,omitempty"`
	AccessTokenExpiry int64  `json:"access_token_expiry,omitempty"`
	RefreshToken      string `json:"refresh_token,omitempty"`
	IDToken           string `json:"id_token,omitempty"`
}

var errRecord = errors.New("session: not a record")

func (r *Record) encode() []byte {
	b, err := json.Marshal(r)
	if err != nil {
		// A Record holds nothing that JSON cannot express.
		panic("session: " + err.Error())
	}
	return b
}

// decodeRecord refuses other versions and records without an owner.
func decodeRecord(b []byte) (*Record, error) {
	var r Record
	if err := json.Unmarshal(b, &r); err != nil {
		return nil, errRecord
	}
	if r.Version != recordVersion || (!r.Ended && (r.Identity == nil || r.Identity.Subject == "")) {
		return nil, errRecord
	}
	return &r, nil
}

// Session is a session in use. It is shared between requests: read-only.
type Session struct {
	Record
	// Ref is the session's key in the store, a hash of its id. It may be shown to
	// administrators and logged; it opens nothing.
	Ref string
	// Handover says that the store did not know the session yet: there are no
	// tokens.
	Handover bool
	// Generation counts how often its tokens were refreshed.
	Generation int
	// login is the session as it began, nil for that itself; tokens are what it was
	// refreshed to.
	login  *Session
	tokens *refresh.Record
	// Derived keeps what callers compute from the session, as long as the process
	// keeps the session.
	Derived Derived
}

// Expiry is the session's absolute end.
func (s *Session) Expiry() time.Time { return time.Unix(s.Expires, 0) }
