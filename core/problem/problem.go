// Package problem is the gateway's one error type and its one mapping to the wire:
// problem details (RFC 9457) for programs, a page for people. The texts are fixed;
// causes go to the log.
package problem

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"gatehouse/core/page"
)

// Problem is an answer that says why a request was not served. The values in this
// package are templates: copy before changing, as [Problem.With] does.
type Problem struct {
	Status int
	Code   string // stable; programs act on it
	Title  string // for people, one short sentence
	Detail string // for people: what to do about it
	// Challenge is the WWW-Authenticate value of a 401.
	Challenge  string
	RetryAfter time.Duration
	Allow      string // of a 405
	// Restart says that a new login may help.
	Restart bool
	// Cause is logged and never sent.
	Cause error
}

// Error implements error.
func (p *Problem) Error() string {
	if p.Cause != nil {
		return p.Code + ": " + p.Cause.Error()
	}
	return p.Code
}

// Unwrap returns the cause.
func (p *Problem) Unwrap() error { return p.Cause }

// With returns a copy of p that carries cause.
func (p *Problem) With(cause error) *Problem {
	q := *p
	q.Cause = cause
	return &q
}

// After returns a copy of p that asks to be retried after d, at least a second.
func (p *Problem) After(d time.Duration) *Problem {
	q := *p
	q.RetryAfter = max(d, time.Second)
	return &q
}

// Write answers with p: a page that offers action when html, else
// application/problem+json.
func (p *Problem) Write(w http.ResponseWriter, html bool, requestID string, action *page.Action) {
	h := w.Header()
	if p.Challenge != "" {
		h.Set("WWW-Authenticate", p.Challenge)
	}
	if p.Allow != "" {
		h.Set("Allow", p.Allow)
	}
	if p.RetryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(int((p.RetryAfter+time.Second-1)/time.Second)))
	}
	if html {
		page.Write(w, p.Status, page.Page{Title: p.Title, Text: p.Detail, Action: action, Reference: requestID})
		return
	}
	page.SetHeaders(h)
	h.Set("Content-Type", "application/problem+json")
	body, _ := json.Marshal(struct {
		Type   string `json:"type"`
		Title  string `json:"title"`
		Status int    `json:"status"`
		Code   string `json:"code"`
		Detail string `json:"detail,omitempty"`
		ID     string `json:"request_id,omitempty"`
	}{"about:blank", p.Title, p.Status, p.Code, p.Detail, requestID})
	w.WriteHeader(p.Status)
	_, _ = w.Write(body)
}
