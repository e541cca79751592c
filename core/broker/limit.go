package broker

import (
	"crypto/subtle"
	"fmt"
	"time"

	"gatehouse/core/exchange"
	"gatehouse/core/platform"
	"gatehouse/core/problem"
	"gatehouse/core/proxy"
)

// Names of the budgets.
const (
	limitAddress = "broker"
	limitApp     = "broker-app"
	limitCode    = "broker-code"
	limitPoll    = "broker-poll"
)

// codesPerMinute bounds how often one client address may try a user code.
const codesPerMinute = 10

// admit counts a request against its client's budget.
func (b *Broker) admit(x *exchange.Exchange) bool {
	return b.count(x, platform.Limit{Name: limitAddress, Count: b.PerMinute, Per: time.Minute}, proxy.LimitKey(x.Peer.Addr))
}

// count counts one event; when there are too many it answers and reports false
// (RFC 6585, section 4; draft-ietf-httpapi-ratelimit-headers).
func (b *Broker) count(x *exchange.Exchange, l platform.Limit, key string) bool {
	wait, ok := b.Limiter.Allow(x.Context, l, key)
	if !ok {
		h := x.W.Header()
		h.Set("RateLimit-Policy", fmt.Sprintf("%q;q=%d;w=%d", l.Name, l.Count, seconds(l.Per)))
		h.Set("RateLimit", fmt.Sprintf("%q;r=0;t=%d", l.Name, seconds(max(wait, time.Second))))
		b.Refuse(x, rateLimited.After(wait))
	}
	return ok
}

// countCode counts a try at a user code: there are few enough of them to guess.
func (b *Broker) countCode(x *exchange.Exchange) bool {
	return b.count(x, platform.Limit{Name: limitCode, Count: codesPerMinute, Per: time.Minute}, proxy.LimitKey(x.Peer.Addr))
}

// app returns the application that asks, "" where none has a key. When it reports false
// the request has been answered.
func (b *Broker) app(x *exchange.Exchange) (name string, ok bool) {
	if name, ok = b.named(x); !ok {
		b.Refuse(x, invalidApp)
		return "", false
	}
	return name, name == "" || b.count(x, platform.Limit{Name: limitApp, Count: b.AppPerMinute, Per: time.Minute}, name)
}

// named is the application whose key the request has, "" where none has a key.
func (b *Broker) named(x *exchange.Exchange) (name string, ok bool) {
	keys := x.R.Header["X-App-Key"]
	if len(keys) == 1 {
		// All are compared, so that the time does not tell which one was near.
		for _, a := range b.Apps {
			if subtle.ConstantTimeCompare([]byte(a.Key.Reveal()), []byte(keys[0])) == 1 {
				name = a.Name
			}
		}
	}
	return name, name != "" || len(b.Apps) == 0
}

// pollsPerTwo bounds how often a login is asked for in two intervals. Limiters that weigh
// windows never refuse who stays more than one below a limit: two is what programs that
// keep to the interval need.
const pollsPerTwo = 4

// tooFast reports whether a login is asked for much more often than its interval
// allows, as far as the limiter knows.
func (b *Broker) tooFast(x *exchange.Exchange, id string) *problem.Problem {
	l := platform.Limit{Name: limitPoll, Count: pollsPerTwo, Per: 2 * pollInterval}
	if _, ok := b.Limiter.Allow(x.Context, l, id); !ok {
		return slowDown
	}
	return nil
}
