// Package exchange is one request under way, whichever job answers it: its id, its
// canonical path, whom it comes from, bounds on its header, what every answer carries,
// its line in the log, and an answer when a job panics.
//
// It guarantees that no job sees a path in another spelling than the canonical one, a
// header beyond the bounds, or the same request twice, and that every request is logged
// once, without its query, also when its answer breaks off.
package exchange

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"gatehouse/core/page"
	"gatehouse/core/problem"
	"gatehouse/core/proxy"
)

// Exchange is one request under way. It belongs to the goroutine that serves it.
type Exchange struct {
	W       http.ResponseWriter
	R       *http.Request
	Context context.Context
	ID      string // request id
	Path    string // canonical; empty until it is known
	Peer    proxy.Peer
	// API says that the answer is never a page.
	API     bool
	Status  int    // of the answer, for the log; 0 until it begins
	Subject string // for the log
	// NoSession is for the log: why a session's cookie stands for none.
	NoSession string
	Err       error // for the log
	// Again is where a failed login starts anew; empty means the login page.
	Again string
	// Cookies are Set-Cookie values for the answer, whoever makes it.
	Cookies []string

	started time.Time
	job     Job
}

// Errors in the log for answers that broke off after they had begun.
var (
	// ErrCut: the answer is not whole. Its text is a code that programs may look for.
	ErrCut = errors.New("answer_cut")
	// ErrLeft: because the client went away.
	ErrLeft = errors.New("client left")
)

// Cut records that the answer broke off, and why; nil means that nobody knows.
func (x *Exchange) Cut(cause error) {
	x.Err = ErrCut
	if cause != nil {
		x.Err = fmt.Errorf("%w: %w", ErrCut, cause)
	}
}

// SetCookies adds Set-Cookie values to the answer.
func (x *Exchange) SetCookies(values []string) { x.Cookies = append(x.Cookies, values...) }

// Begin prepares an answer that is made here and not by an application.
func (x *Exchange) Begin(status int) {
	x.Status = status
	h := x.W.Header()
	h.Set("X-Request-Id", x.ID)
	for _, c := range x.Cookies {
		h.Add("Set-Cookie", c)
	}
}

// Redirect answers 303 (RFC 9700, section 4.12: never 307) to location.
func (x *Exchange) Redirect(location string) {
	x.Begin(http.StatusSeeOther)
	page.SetHeaders(x.W.Header())
	x.W.Header().Set("Location", location)
	x.W.WriteHeader(http.StatusSeeOther)
}

// WriteJSON answers with v.
func (x *Exchange) WriteJSON(status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		x.job.Refuse(x, problem.Internal.With(err))
		return
	}
	x.Write(status, "application/json", body)
}

// Write answers with body.
func (x *Exchange) Write(status int, contentType string, body []byte) {
	x.Begin(status)
	h := x.W.Header()
	page.SetHeaders(h)
	h.Set("Content-Type", contentType)
	x.W.WriteHeader(status)
	_, _ = x.W.Write(body)
}
