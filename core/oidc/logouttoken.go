package oidc

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"gatehouse/core/identity"
)

// ErrLogoutToken: the logout token is not acceptable; errors.As finds a
// [*LogoutTokenError].
var ErrLogoutToken = errors.New("oidc: logout token refused")

// LogoutTokenError says which rule a logout token broke.
type LogoutTokenError struct {
	// Reason is a fixed text; it never contains any part of a token.
	Reason string
}

// Error implements error.
func (e *LogoutTokenError) Error() string { return ErrLogoutToken.Error() + ": " + e.Reason }

// Is makes the error an ErrLogoutToken.
func (e *LogoutTokenError) Is(target error) bool { return target == ErrLogoutToken }

// logoutEvent is the member of events that makes a token a logout token (OpenID Connect
// Back-Channel Logout 1.0, section 2.4).
const logoutEvent = "http://schemas.openid.net/event/backchannel-logout"

// LogoutToken is what the provider wants logged out: the session SessionID, of Subject if
// that is not empty, or, without SessionID, all sessions of Subject.
type LogoutToken struct {
	Subject, SessionID string
	// ID is the jti.
	ID     string
	Issued time.Time
}

// VerifyLogoutToken validates a logout token of the provider for this client (OpenID
// Connect Back-Channel Logout 1.0, section 2.6), with the algorithms of ID tokens. Claims
// are checked before the provider is asked for anything, and keys that nobody published
// make it ask once a minute. Whether the token was used before is the caller's to find
// out. The error is ErrLogoutToken, ErrUnavailable or ErrMetadata.
func (p *Provider) VerifyLogoutToken(ctx context.Context, raw string) (*LogoutToken, error) {
	t, reason := parseSigned(raw, p.o.Algorithms, logoutType)
	if reason != "" {
		return nil, &LogoutTokenError{reason}
	}
	l, reason := p.logoutClaims(t.claims)
	if reason != "" {
		return nil, &LogoutTokenError{reason}
	}
	m, err := p.Metadata(ctx)
	if err != nil {
		return nil, err
	}
	if m.IDTokenSigningAlgs != nil && !slices.Contains(m.IDTokenSigningAlgs, string(t.alg)) {
		return nil, &LogoutTokenError{"alg is not the provider's"}
	}
	switch reason, err = p.checkSignature(ctx, t); {
	case err != nil:
		return nil, err
	case reason != "":
		return nil, &LogoutTokenError{reason}
	}
	return l, nil
}

// logoutType refuses other kinds of token. The type logout+jwt is recommended only
// (section 2.4), and providers send JWT or nothing: that a token of such a type is no ID
// token shows in events and in the absence of nonce.
func logoutType(header object) string {
	if _, there := header["typ"]; !there {
		return ""
	}
	typ, _ := header.Text("typ")
	for _, known := range []string{"logout+jwt", "application/logout+jwt", "JWT"} {
		if strings.EqualFold(typ, known) {
			return ""
		}
	}
	return "typ is not logout+jwt"
}

// logoutClaims applies section 2.6, steps 3 to 8, and returns the broken rule, or "".
func (p *Provider) logoutClaims(o object) (*LogoutToken, string) {
	e := expectation{Issuer: p.o.Issuer, ClientID: p.o.ClientID, Now: p.o.Now(), Skew: p.o.ClockSkew}
	if iss, _ := o.Text("iss"); iss != e.Issuer || iss == "" {
		return nil, "iss is not the issuer"
	}
	if reason := e.checkAudience(o); reason != "" {
		return nil, reason
	}
	if reason := e.checkTimes(o); reason != "" {
		return nil, reason
	}
	if _, there := o["nonce"]; there {
		return nil, "nonce in a logout token"
	}
	events, err := parseObject(o["events"])
	if err != nil {
		return nil, "events is missing or malformed"
	}
	if _, err := parseObject(events[logoutEvent]); err != nil {
		return nil, "events is not about a logout"
	}
	l := &LogoutToken{}
	l.Issued, _ = o.Instant("iat")
	if l.ID, _ = o.Text("jti"); l.ID == "" {
		return nil, "jti is missing or malformed"
	}
	if _, there := o["sub"]; there {
		if l.Subject, _ = o.Text("sub"); !identity.ValidSubject(l.Subject) {
			return nil, "sub is malformed"
		}
	}
	if _, there := o["sid"]; there {
		// As it is read from ID tokens.
		if l.SessionID = identity.Describing(o, "sid"); l.SessionID == "" {
			return nil, "sid is malformed"
		}
	}
	if l.Subject == "" && l.SessionID == "" {
		return nil, "neither sub nor sid"
	}
	return l, ""
}
