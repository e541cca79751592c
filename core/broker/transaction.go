package broker

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strconv"
	"time"

	"gatehouse/core/seal"
)

const (
	// timeout is how long a login may take, and what comes of it waits.
	timeout = 600 * time.Second
	// pollInterval is how long programs wait between two questions.
	pollInterval = 5 * time.Second
	// maxSealed bounds a sealed transaction in bytes, so that addresses and cookies with
	// it are taken everywhere.
	maxSealed = 1800
	// settling is how long a store may take until a record that was written is read
	// everywhere. What is missing for longer is not there.
	settling = 2 * time.Minute
)

// Flows: how a program learns what came of a login.
const (
	flowLoopback = "loopback" // its own web server on the person's machine (RFC 8252, section 7.3)
	flowBrowser  = "browser"  // a redirect to an application on the web
	flowPoll     = "poll"     // it asks until the person is done (RFC 8628)
	flowPaste    = "paste"    // the person types a code
	flowDesktop  = "desktop"  // as poll, by a token of the provider's, without a callback
)

var flows = []string{flowLoopback, flowBrowser, flowPoll, flowPaste, flowDesktop}

// Contexts of sealed transactions: a text that was sealed as one of them opens as no other.
const (
	asStart = "start" // in the address of the broker's own page
	asState = "state" // in the provider's address, of flow paste
	asPoll  = "poll"  // in the program's hands
	asCode  = "code"  // in a redirect
)

// transaction is a login under way, in its sealed form; short names, because it travels.
type transaction struct {
	ID        string   `json:"i"` // names what comes of it; secret
	Provider  string   `json:"p"`
	App       string   `json:"a,omitempty"`
	Flow      string   `json:"f"`
	Challenge string   `json:"c,omitempty"` // empty in compatibility only
	Redirect  string   `json:"r,omitempty"`
	State     string   `json:"s,omitempty"` // the program's
	Scopes    []string `json:"o,omitempty"`
	UserCode  string   `json:"u,omitempty"`
	Callback  string   `json:"b"` // the redirect URI that the provider is told
	Expires   int64    `json:"e"`
	// Verifier and Nonce are for the provider; in flow paste, which has no cookie.
	Verifier string `json:"v,omitempty"`
	Nonce    string `json:"n,omitempty"`
	// Token of flow desktop.
	Token string `json:"t,omitempty"`
}

// random returns n random octets.
func random(n int) []byte {
	b := make([]byte, n)
	rand.Read(b)
	return b
}

// drawText returns 32 random octets in base64url.
func drawText() string { return base64.RawURLEncoding.EncodeToString(random(32)) }

var errTooLong = errors.New("redirect_uri, state and scope are too long together")

// seal returns t as a text. The error is for texts beyond maxSealed.
func (b *Broker) seal(as string, t transaction) (string, error) {
	raw, err := json.Marshal(t)
	if err != nil {
		return "", err
	}
	text := b.Keys.SealText(seal.BrokerTransaction, as, raw)
	if len(text) > maxSealed {
		return "", invalidRequest.With(errTooLong)
	}
	return text, nil
}

// open returns the transaction that was sealed as text, however old it is.
func (b *Broker) open(as, text string) (t transaction, ok bool) {
	if len(text) > maxSealed {
		return t, false
	}
	raw, _, err := b.Keys.OpenText(seal.BrokerTransaction, as, text)
	return t, err == nil && json.Unmarshal(raw, &t) == nil
}

func (b *Broker) live(t transaction) bool { return b.Now().Before(t.expiry()) }

func (t transaction) expiry() time.Time { return time.Unix(t.Expires, 0) }

// still reports whether the configuration still has what t was begun with: who deploys
// must be able to withdraw a redirect URI or a provider.
func (b *Broker) still(t transaction) bool {
	if b.providers[t.Provider] == nil || t.Callback != b.callbackURI(t.Provider) {
		return false
	}
	return t.Redirect == "" || b.checkRedirect(t.Flow, t.Redirect)
}

// sealCode makes the code of a redirect out of the id of what is collected with it. One
// that nobody made costs no store operation; the time in it tells a record that is not
// visible yet from none.
func (b *Broker) sealCode(id string) string {
	return b.Keys.SealText(seal.BrokerTransaction, asCode, []byte(id+strconv.FormatInt(b.Now().Unix(), 10)))
}

// openCode returns the id in a code, and whether its record may not be visible yet.
func (b *Broker) openCode(code string) (id string, settles, ok bool) {
	if len(code) > maxSealed {
		return "", false, false
	}
	raw, _, err := b.Keys.OpenText(seal.BrokerTransaction, asCode, code)
	if err != nil || len(raw) < collectionLength {
		return "", false, false
	}
	made, err := strconv.ParseInt(string(raw[collectionLength:]), 10, 64)
	return string(raw[:collectionLength]), b.Now().Before(time.Unix(made, 0).Add(settling)), err == nil
}
