// Package login keeps login transactions: what has to be remembered between the
// redirect to the provider (RFC 6749, section 4.1.1) and its answer. A transaction
// lives in a sealed cookie of the browser that started it, so that it needs no
// store, and no other browser can complete it (RFC 9700, section 4.7).
package login

import (
	"bytes"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"time"

	"gatehouse/core/cookie"
	"gatehouse/core/pkce"
	"gatehouse/core/seal"
	"gatehouse/core/stepup"
)

const (
	// Timeout is how long a login may take.
	Timeout = 600 * time.Second
	// MaxOpen is how many logins one browser may have under way; the oldest gives
	// way to the next.
	MaxOpen = 5
	// maxCookie bounds a sealed transaction in bytes.
	maxCookie = 1024
)

// ErrNone says that this browser has no such transaction: never had, completed,
// evicted or expired.
var ErrNone = errors.New("login: no such transaction")

// Transaction is one login under way.
type Transaction struct {
	State    string
	Nonce    string
	Verifier pkce.Verifier
	// Origin is the public origin that the login began on.
	Origin string
	// ReturnPath is where it returns to, checked.
	ReturnPath string
	// Demand is what was demanded of the login.
	Demand  stepup.Demand
	Started time.Time
}

// sealed is a transaction's stored form; short names, because the cookie is small.
type sealed struct {
	State    string `json:"s"` // what is drawn of it; the cookie's name goes by all of it
	Nonce    string `json:"n"`
	Verifier string `json:"v"`
	Origin   string `json:"o"`
	Return   string `json:"r"`
	Demand   string `json:"d,omitempty"` // stepup.Demand.Text
	Started  int64  `json:"t"`           // Unix milliseconds
}

// Transactions starts and completes logins. It is safe for concurrent use.
type Transactions struct {
	keys  *seal.Keyring
	names cookie.Names
	now   func() time.Time
}

// New returns transactions sealed by keys.
func New(keys *seal.Keyring, names cookie.Names, now func() time.Time) *Transactions {
	return &Transactions{keys: keys, names: names, now: now}
}

// draw returns 32 random octets in base64url.
func draw() string {
	var b [32]byte
	rand.Read(b[:])
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// Start begins a login. lines are the request's Cookie headers; cookies are the
// Set-Cookie values for the answer: the new transaction, and removals of those
// that are over or too many.
func (t *Transactions) Start(lines []string, origin, returnPath string, demand stepup.Demand) (x Transaction, cookies []string) {
	x = Transaction{State: t.newState(returnPath), Nonce: draw(), Verifier: pkce.NewVerifier(), Origin: origin, ReturnPath: returnPath, Demand: demand, Started: t.now()}
	value := t.seal(x)
	if len(value) > maxCookie {
		x.ReturnPath = "/"
		value = t.seal(x)
	}
	name := t.name(x.State)
	cookies = t.names.MakeRoom(lines, t.evict(lines, name), name, value)
	return x, append(cookies, t.names.Set(name, value, Timeout))
}

// Find returns the transaction of state, or ErrNone. It compares in constant time.
func (t *Transactions) Find(lines []string, state string) (Transaction, error) {
	if !validState(state) {
		return Transaction{}, ErrNone
	}
	name := t.name(state)
	value, count := cookie.Find(lines, name)
	if count != 1 {
		return Transaction{}, ErrNone
	}
	x, ok := t.open(name, value)
	if !ok || !t.live(x) || subtle.ConstantTimeCompare([]byte(x.State), []byte(state[:stateSize])) != 1 {
		return Transaction{}, ErrNone
	}
	x.State = state
	return x, nil
}

// Finish is the Set-Cookie value that consumes the transaction of state.
func (t *Transactions) Finish(state string) string { return t.names.Clear(t.name(state)) }

// name is the cookie of a state.
func (t *Transactions) name(state string) string { return t.names.LoginPrefix + cookie.Tag(state) }

func (t *Transactions) live(x Transaction) bool {
	age := t.now().Sub(x.Started)
	return age < Timeout && age > -time.Minute
}

func (t *Transactions) seal(x Transaction) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	// Paths hold ampersands, which the default would make six times as long.
	e.SetEscapeHTML(false)
	if err := e.Encode(sealed{x.State[:stateSize], x.Nonce, x.Verifier.Reveal(), x.Origin, x.ReturnPath, x.Demand.Text(), x.Started.UnixMilli()}); err != nil {
		panic("login: " + err.Error())
	}
	return t.keys.SealText(seal.LoginCookie, t.name(x.State), bytes.TrimSuffix(b.Bytes(), []byte("\n")))
}

func (t *Transactions) open(name, value string) (Transaction, bool) {
	if len(value) > maxCookie {
		return Transaction{}, false
	}
	b, _, err := t.keys.OpenText(seal.LoginCookie, name, value)
	if err != nil {
		return Transaction{}, false
	}
	var s sealed
	if json.Unmarshal(b, &s) != nil {
		return Transaction{}, false
	}
	demand, ok := stepup.Parse(s.Demand)
	verifier, err := pkce.ParseVerifier(s.Verifier)
	if err != nil || !ok {
		return Transaction{}, false
	}
	return Transaction{State: s.State, Nonce: s.Nonce, Verifier: verifier, Origin: s.Origin,
		ReturnPath: s.Return, Demand: demand, Started: time.UnixMilli(s.Started)}, true
}
