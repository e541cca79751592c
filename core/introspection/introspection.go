// Package introspection asks an issuer about bearer tokens (RFC 7662) and remembers the
// answers for a short time.
//
// It guarantees: a token is valid only if the issuer said so and the answer satisfies
// the policy; an answer is believed no longer than the cap and never beyond the token's
// expiry; what cannot be asked is no valid token; without a token nothing is asked. A
// token that was revoked is refused after at most the cap; one that [Introspector.Forget]
// was called for, at once by that process, and so every token after [Introspector.Clear].
// No key, error or log record contains any part
// of a token; the store keeps answers sealed.
package introspection

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"gatehouse/core/bearer"
	"gatehouse/core/clientauth"
	"gatehouse/core/egress"
	"gatehouse/core/flight"
	"gatehouse/core/identity"
	"gatehouse/core/kv"
	"gatehouse/core/secret"
)

const (
	// DefaultCap is how long an answer should be believed where nothing else is
	// configured.
	DefaultCap = time.Minute
	// refusedFor is how long memory keeps that a token was refused.
	refusedFor = 5 * time.Second
	// maxFlights bounds the tokens that are asked about at the same time.
	maxFlights = 512
)

// Errors that callers tell apart with errors.Is, besides those of package bearer. Their
// texts are for the log.
var (
	// ErrUnavailable: the issuer could not be asked, or answered nonsense. Whether the
	// token is valid is unknown; trying again later may help.
	ErrUnavailable = errors.New("introspection: issuer unavailable")
	// ErrClient: the issuer does not let this client ask. It is an ErrUnavailable too;
	// somebody has to change the configuration, here or there.
	ErrClient = errors.New("introspection: the issuer refuses this client")
)

// Options configures [New]. Endpoint, ClientID, Auth, Policy.Issuer and Egress are
// required.
type Options struct {
	// Endpoint returns the address of the introspection endpoint, usually from the
	// provider's metadata. "" means that there is none.
	Endpoint func(context.Context) (string, error)
	// ClientID is who asks.
	ClientID string
	// Auth proves it to the endpoint.
	Auth clientauth.Method
	// Policy is what answers must satisfy. Without Audiences it is ClientID that a
	// token must be meant for. ClientForAudience is set in any case.
	Policy bearer.Policy
	// Mapping makes an identity from an answer.
	Mapping identity.Mapping
	// Cap is the longest time that an answer is believed; 0 means that each request
	// asks, unless one asks already.
	Cap time.Duration

	Egress *egress.Client
	// Store shares answers between processes; nil means that only memory keeps them.
	Store *kv.Store
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// Log receives warnings; nil discards them.
	Log *slog.Logger
	// Background runs what an answer need not wait for; nil runs it at once.
	Background func(func(context.Context))
}

// Result is what is known about a valid token.
type Result = bearer.Token

// Introspector asks one issuer as one client under one policy. It is safe for concurrent
// use. One that lives for a single request works: answers then come from Options.Store.
type Introspector struct {
	o      Options
	policy []byte // as part of keys
	// endpoint is the last address known, for what is cached while it cannot be found.
	endpoint atomic.Pointer[string]

	valid     *memory
	refused   *memory
	forgotten *memory
	// cleared is when Clear was last called, nil for never.
	cleared atomic.Pointer[time.Time]
	flights flight.Group[*Result]
	// era changes with Forget and Clear: who comes after one of them shares no question
	// that was put before.
	era atomic.Uint64

	complained sync.Once
}

// New makes an introspector without asking anything.
func New(o Options) *Introspector {
	if len(o.Policy.Audiences) == 0 {
		o.Policy.Audiences = []string{o.ClientID}
	}
	o.Policy.ClientForAudience = true
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Background == nil {
		o.Background = func(work func(context.Context)) { work(context.Background()) }
	}
	return &Introspector{
		o: o, policy: policyPart(o.ClientID, o.Policy),
		valid:     newMemory(maxEntries, maxBytes),
		refused:   newMemory(maxEntries, 0),
		forgotten: newMemory(maxEntries, 0),
		flights:   flight.Group[*Result]{Max: maxFlights},
	}
}

// Format implements [fmt.Formatter]: an introspector prints as its client, whatever the
// verb.
func (i *Introspector) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "introspection.Introspector(%s)", i.o.ClientID)
}

// Introspect returns what the issuer says about a token, asking it only if no answer is
// at hand. The result is shared: read-only. The error is bearer.ErrMissing for an empty
// token, bearer.ErrInvalid, bearer.ErrScope or ErrUnavailable; ctx's end is an
// ErrUnavailable.
func (i *Introspector) Introspect(ctx context.Context, token secret.Text) (*Result, error) {
	return i.IntrospectIf(ctx, token, nil)
}

// IntrospectIf is Introspect, but calls admit, unless it is nil, before the issuer is
// asked: its error is an ErrUnavailable around admit's. Of requests in parallel with one
// token, one calls it.
func (i *Introspector) IntrospectIf(ctx context.Context, token secret.Text, admit func(context.Context) error) (*Result, error) {
	raw := token.Reveal()
	switch {
	case raw == "":
		return nil, bearer.ErrMissing
	case !bearer.Valid(raw):
		return nil, bearer.Refuse("malformed")
	}
	endpoint, missing := i.address(ctx)
	if endpoint == "" {
		return nil, missing
	}
	key := i.key(endpoint, raw)
	if e := i.remembered(key); e != nil {
		return e.result, e.err
	}
	result, err := i.flights.Do(ctx, strconv.FormatUint(i.era.Load(), 36)+" "+key, func(ctx context.Context) (*Result, error) {
		return i.obtain(ctx, question{endpoint, missing, key, raw, admit})
	})
	if err != nil && !errors.Is(err, bearer.ErrInvalid) && !errors.Is(err, bearer.ErrScope) && !errors.Is(err, ErrUnavailable) {
		err = unavailable(err)
	}
	return result, err
}

// address returns the endpoint. When it cannot be found, that is the last one known, if
// any, and an ErrUnavailable.
func (i *Introspector) address(ctx context.Context) (string, error) {
	endpoint, err := i.o.Endpoint(ctx)
	switch {
	case err != nil:
		err = unavailable(err)
	case endpoint == "":
		err = unavailable(errors.New("it has no introspection endpoint"))
	default:
		if last := i.endpoint.Load(); last == nil || *last != endpoint {
			i.endpoint.Store(&endpoint)
		}
		return endpoint, nil
	}
	if last := i.endpoint.Load(); last != nil {
		return *last, err
	}
	return "", err
}

// remembered returns what memory knows of a token, or nil.
func (i *Introspector) remembered(key string) *entry {
	now := i.o.Now()
	if e := i.valid.get(key, now); e != nil {
		return e
	}
	return i.refused.get(key, now)
}

// question is what an answer about one token takes.
type question struct {
	endpoint string
	missing  error // why the issuer cannot be asked, if there is a reason
	key, raw string
	admit    func(context.Context) error // may be nil
}

// obtain finds an answer in memory, then in the store, then at the issuer.
func (i *Introspector) obtain(ctx context.Context, q question) (*Result, error) {
	key := q.key
	if e := i.remembered(key); e != nil {
		return e.result, e.err
	}
	if result := i.load(ctx, key); result != nil {
		return result, nil
	}
	if q.missing != nil {
		return nil, q.missing
	}
	if q.admit != nil {
		if err := q.admit(ctx); err != nil {
			return nil, unavailable(err)
		}
	}
	asked := i.o.Now()
	body, err := i.ask(ctx, q.endpoint, q.raw)
	var result *Result
	if err == nil {
		result, err = i.judge(body, key)
	}
	switch {
	case err == nil:
		i.keep(key, result, body, asked)
	case errors.Is(err, bearer.ErrInvalid):
		i.refuse(key, err, asked, i.o.Now().Add(refusedFor))
	case errors.Is(err, bearer.ErrScope):
		// A token without a required scope is active: cap and expiry are about it too.
		until := asked.Add(min(refusedFor, i.o.Cap))
		if claims, _, _ := parseResponse(body); claims.Has("exp") {
			if expiry, _ := claims.Instant("exp"); expiry.Before(until) {
				until = expiry
			}
		}
		i.refuse(key, err, asked, until)
	}
	return result, err
}

// refuse remembers until then why a token that was asked about at asked is refused.
func (i *Introspector) refuse(key string, err error, asked, until time.Time) {
	now := i.o.Now()
	if !now.Before(until) {
		return
	}
	i.refused.put(key, &entry{err: err, made: now, until: until}, now)
	if i.forgottenSince(key, asked) {
		i.refused.drop(key)
	}
}

// judge applies the policy to an answer.
func (i *Introspector) judge(body []byte, key string) (*Result, error) {
	claims, active, err := parseResponse(body)
	switch {
	case err != nil:
		return nil, unavailable(err)
	case !active:
		return nil, bearer.Refuse("inactive")
	}
	result, err := i.o.Policy.Check(claims, i.o.Now(), i.o.Mapping)
	if err != nil {
		return nil, err
	}
	result.Ref = key
	return result, nil
}

func unavailable(cause error) error { return fmt.Errorf("%w: %w", ErrUnavailable, cause) }
