package login

import (
	"encoding/base64"
	"strings"

	"gatehouse/core/seal"
)

const (
	// stateSize is the length of what is drawn of a state: 32 octets in base64url.
	stateSize = 43
	// maxState bounds a state in bytes. What a provider keeps of a request is often as
	// short.
	maxState = 255
)

// newState draws a state. Behind what is drawn comes returnPath, sealed, if it is not "/"
// and fits: it outlives the transaction's cookie, which gives way when there are too many.
func (t *Transactions) newState(returnPath string) string {
	drawn := draw()
	if returnPath == "/" {
		return drawn
	}
	state := drawn + t.keys.SealText(seal.LoginState, drawn, []byte(returnPath))
	if len(state) > maxState {
		return drawn
	}
	return state
}

// validState reports whether s may be a state: one that is none has no cookie.
func validState(s string) bool {
	if len(s) < stateSize || len(s) > maxState {
		return false
	}
	_, err := base64.RawURLEncoding.Strict().DecodeString(s[:stateSize])
	return err == nil && !strings.ContainsAny(s, "\r\n")
}

// ReturnPath is where the login of state was to return to, or "/" if state does not say.
// It was sealed here, but the browser that began the login may be another one: the path is
// no more than a link that somebody sent. The caller must check it like one, and tell it
// only to who is logged in.
func (t *Transactions) ReturnPath(state string) string {
	if !validState(state) {
		return "/"
	}
	path, _, err := t.keys.OpenText(seal.LoginState, state[:stateSize], state[stateSize:])
	if err != nil {
		return "/"
	}
	return string(path)
}
