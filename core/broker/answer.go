package broker

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"time"

	"gatehouse/core/exchange"
	"gatehouse/core/page"
	"gatehouse/core/problem"
)

// envelope is every error that a program is told.
type envelope struct {
	Error   bool   `json:"error"`
	Message string `json:"message"`
	Status  int    `json:"status"`
	Code    string `json:"code"`
}

// Refuse implements [exchange.Job]: a page for people who opened one, the envelope for
// programs. From the page that refuses a code the way leads back to the form.
func (b *Broker) Refuse(x *exchange.Exchange, p *problem.Problem) {
	x.Err = p
	if p.Code == problem.Internal.Code {
		q := *p
		q.Title, q.Detail = "Internal server error", ""
		p = &q
	}
	x.Begin(p.Status)
	h := x.W.Header()
	if p.Challenge != "" {
		h.Set("WWW-Authenticate", p.Challenge)
	}
	if p.Allow != "" {
		h.Set("Allow", p.Allow)
	}
	if p.RetryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(seconds(p.RetryAfter)))
	}
	if r, _, ok := b.find(x.Path); ok && r.page && (exchange.Navigation(x.R) || exchange.Accepts(x.R.Header["Accept"], "text/html")) {
		var again *page.Action
		if p.Code == unknownCode.Code {
			again = &page.Action{Label: "Type the code again", URL: b.BasePath + "/auth/device"}
		}
		page.Write(x.W, p.Status, page.Page{Title: p.Title, Text: p.Detail, Action: again, Reference: x.ID})
		return
	}
	page.SetHeaders(h)
	h.Set("Content-Type", "application/json")
	body, _ := json.Marshal(envelope{true, p.Title, p.Status, p.Code})
	x.W.WriteHeader(p.Status)
	_, _ = x.W.Write(body)
}

func (b *Broker) fail(x *exchange.Exchange, err error) { b.Refuse(x, problemOf(err)) }

// seconds rounds up.
func seconds(d time.Duration) int { return int((d + time.Second - 1) / time.Second) }

// show answers with a page.
func (b *Broker) show(x *exchange.Exchange, p page.Page) {
	x.Begin(http.StatusOK)
	page.Write(x.W, http.StatusOK, p)
}

// allowOrigin lets a listed origin's script read the answer (Fetch, section 3.2).
// Credentials of the browser are never included.
func (b *Broker) allowOrigin(x *exchange.Exchange) {
	if len(b.Origins) == 0 {
		return
	}
	h := x.W.Header()
	h.Add("Vary", "Origin")
	if origin := x.R.Header["Origin"]; len(origin) == 1 && slices.Contains(b.Origins, origin[0]) {
		h.Set("Access-Control-Allow-Origin", origin[0])
		h.Set("Access-Control-Expose-Headers", "Retry-After, RateLimit, RateLimit-Policy, X-Request-Id")
	}
}

// preflight answers OPTIONS.
func (b *Broker) preflight(x *exchange.Exchange, r route) {
	x.Begin(http.StatusNoContent)
	h := x.W.Header()
	page.SetHeaders(h)
	h.Set("Allow", allow(r))
	if h.Get("Access-Control-Allow-Origin") != "" {
		h.Set("Access-Control-Allow-Methods", allow(r))
		h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, X-App-Key")
		h.Set("Access-Control-Max-Age", "600")
	}
	x.W.WriteHeader(http.StatusNoContent)
}
