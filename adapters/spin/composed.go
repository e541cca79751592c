package spin

import (
	"errors"
	"fmt"
	"net/http"

	"gatehouse/adapters/spin/wasi"
	"gatehouse/core/config"
	"gatehouse/core/platform"
)

// Passer lets an application in the same component answer the request that is being
// answered: composition.Pass.
type Passer func(*wasi.Passed) (status int, answered bool, err error)

// composed passes requests on to an application that is composed with the gateway. It
// is called and returns like a function, so that no timeout of ours ends it.
type composed struct {
	pass Passer
	// ownCookies is what the names of the gateway's cookies begin with.
	ownCookies string
}

var (
	errWriter      = errors.New("spin: an answer of the application's cannot be taken here")
	errNotAnswered = errors.New("spin: the application did not answer")
)

// Forward implements [platform.Forwarder], but for edit: the application's answer is not
// seen. It is called with an empty header, and what it puts there is added to the
// answer; what it would remove is removed by rules of the exchange (wasi.Passed). It is
// called once more with the answer's status when the answer is on its way.
func (c *composed) Forward(w http.ResponseWriter, r *http.Request, edit func(int, http.Header)) error {
	own, ok := w.(*response)
	switch {
	case !ok || own.status != 0:
		return errWriter
	case r.Header["Upgrade"] != nil:
		return platform.ErrUpgradeUnsupported
	}
	additions := http.Header{}
	edit(http.StatusOK, additions)
	out := outgoing(r)
	status, answered, err := c.pass(&wasi.Passed{
		PathWithQuery: out.PathWithQuery, Fields: out.Fields, OwnCookies: c.ownCookies,
		Private: additions["Set-Cookie"] != nil, Additions: fieldsOf(additions),
	})
	switch {
	case err != nil:
		return fmt.Errorf("spin: pass: %w", err)
	case !answered:
		return errNotAnswered
	}
	if status == 0 {
		status = http.StatusInternalServerError // what hosts make of an error
	}
	edit(status, http.Header{})
	own.given(status)
	return nil
}

// proxyTarget stands for an application that has no address.
const proxyTarget = "http://application.internal"

// targetOf finds PROXY_TARGET for a composed application, which has none.
func targetOf(lookup func(string) (string, bool), mistakes *config.Errors) func(string) (string, bool) {
	return func(name string) (string, bool) {
		value, ok := lookup(name)
		if name != "PROXY_TARGET" {
			return value, ok
		}
		if value != "" {
			*mistakes = append(*mistakes, &config.Error{Name: name, Problem: "has no effect: the application is part of the component", Hint: "leave it out"})
		}
		return proxyTarget, true
	}
}
