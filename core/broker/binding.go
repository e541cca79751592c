package broker

import (
	"crypto/subtle"
	"encoding/json"

	"gatehouse/core/cookie"
	"gatehouse/core/exchange"
	"gatehouse/core/pkce"
	"gatehouse/core/seal"
)

const (
	// maxOpen is how many logins one browser may have under way; the oldest gives way.
	maxOpen = 3
	// maxCookie bounds a sealed binding in bytes.
	maxCookie = 2048
	// stateSize is the length of a state: 32 octets in base64url.
	stateSize = 43
)

// binding ties a login to the browser that goes to the provider: it is a sealed cookie
// there (RFC 9700, section 4.7), so that it needs no store.
type binding struct {
	State       string      `json:"s"`
	Verifier    string      `json:"v"`
	Nonce       string      `json:"n"`
	Transaction transaction `json:"t"`
	Started     int64       `json:"b"` // Unix milliseconds
}

// bind draws state, verifier and nonce for t and gives the browser their cookie.
func (b *Broker) bind(x *exchange.Exchange, t transaction) (binding, pkce.Verifier, error) {
	verifier := pkce.NewVerifier()
	n := binding{State: drawText(), Verifier: verifier.Reveal(), Nonce: drawText(), Transaction: t, Started: b.Now().UnixMilli()}
	raw, err := json.Marshal(n)
	if err != nil {
		return n, verifier, err
	}
	name := b.cookieName(n.State)
	value := b.Keys.SealText(seal.BrokerCookie, name, raw)
	if len(value) > maxCookie {
		return n, verifier, invalidRequest.With(errTooLong)
	}
	lines := x.R.Header["Cookie"]
	x.SetCookies(b.Names.MakeRoom(lines, b.evict(lines), name, value))
	x.SetCookies([]string{b.Names.Set(name, value, timeout)})
	return n, verifier, nil
}

// bound returns the binding of state, if this browser has it. It compares in constant
// time.
func (b *Broker) bound(x *exchange.Exchange, state string) (binding, bool) {
	if len(state) != stateSize {
		return binding{}, false
	}
	name := b.cookieName(state)
	value, count := cookie.Find(x.R.Header["Cookie"], name)
	if count != 1 {
		return binding{}, false
	}
	n, ok := b.openBinding(name, value)
	return n, ok && b.live(n.Transaction) && subtle.ConstantTimeCompare([]byte(n.State), []byte(state)) == 1
}

// release removes the binding's cookie.
func (b *Broker) release(x *exchange.Exchange, state string) {
	x.SetCookies([]string{b.Names.Clear(b.cookieName(state))})
}

func (b *Broker) openBinding(name, value string) (n binding, ok bool) {
	if len(value) > maxCookie {
		return n, false
	}
	raw, _, err := b.Keys.OpenText(seal.BrokerCookie, name, value)
	return n, err == nil && json.Unmarshal(raw, &n) == nil
}

// cookieName is the cookie of a state.
func (b *Broker) cookieName(state string) string { return b.Names.BrokerPrefix + cookie.Tag(state) }

// evict returns removals for bindings that no longer open or are over, and for the
// oldest ones beyond what leaves room for one more.
func (b *Broker) evict(lines []string) (removals []string) {
	type open struct {
		name    string
		started int64
	}
	var live []open
	cookie.Each(lines, func(name, value string) {
		if !cookie.Tagged(name, b.Names.BrokerPrefix) {
			return
		}
		if n, ok := b.openBinding(name, value); ok && b.live(n.Transaction) {
			live = append(live, open{name, n.Started})
			return
		}
		removals = append(removals, b.Names.Clear(name))
	})
	for len(live) >= maxOpen {
		oldest := 0
		for i := range live {
			if live[i].started < live[oldest].started {
				oldest = i
			}
		}
		removals = append(removals, b.Names.Clear(live[oldest].name))
		live[oldest] = live[len(live)-1]
		live = live[:len(live)-1]
	}
	return removals
}
