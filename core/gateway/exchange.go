package gateway

import (
	"context"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"gatehouse/core/page"
	"gatehouse/core/problem"
	"gatehouse/core/proxy"
)

// Limits on what a client may send in headers, in bytes.
const (
	maxHeader       = 32 << 10
	maxCookieHeader = 8 << 10
)

// exchange is one request under way.
type exchange struct {
	w       http.ResponseWriter
	r       *http.Request
	ctx     context.Context
	id      string // request id
	path    string // canonical
	peer    proxy.Peer
	api     bool // never answer with a page
	started time.Time
	status  int    // of the answer, for the log
	subject string // for the log
	err     error  // for the log
	// again is where a failed login starts anew; empty means the login page.
	again string
	// cookies are Set-Cookie values for the answer, whoever makes it.
	cookies []string
}

// ServeHTTP implements [http.Handler].
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := &exchange{w: w, r: r, ctx: r.Context(), id: proxy.RequestID(r), started: g.Now()}
	defer g.finish(x)
	g.serve(x)
}

func (g *Gateway) serve(x *exchange) {
	x.peer = g.Rules.Peer(x.r)
	if tooLarge(x.r.Header) {
		g.refuse(x, problem.HeaderTooLarge)
		return
	}
	path, err := g.Rules.Path(x.r)
	if err != nil {
		g.refuse(x, problem.InvalidPath.With(err))
		return
	}
	x.path = path
	own, ok := g.routes[path]
	if !ok {
		g.pass(x)
		return
	}
	x.api = own.api
	if !slices.Contains(own.methods, x.r.Method) {
		p := *problem.MethodNotAllowed
		p.Allow = strings.Join(own.methods, ", ")
		g.refuse(x, &p)
		return
	}
	own.serve(x)
}

// tooLarge reports whether the header exceeds what the gateway accepts on every
// platform.
func tooLarge(h http.Header) bool {
	total, cookies := 0, 0
	for name, values := range h {
		for _, v := range values {
			total += len(name) + len(v) + 4
			if name == "Cookie" {
				cookies += len(v)
			}
		}
	}
	return total > maxHeader || cookies > maxCookieHeader
}

// finish turns a panic into an answer, as far as that is possible, and logs the
// request.
func (g *Gateway) finish(x *exchange) {
	if e := recover(); e != nil {
		if e == http.ErrAbortHandler {
			panic(e)
		}
		g.Log.ErrorContext(x.ctx, "panic", "request_id", x.id, "panic", e)
		if x.status != 0 {
			// The answer has begun; the client must see that it is incomplete.
			panic(http.ErrAbortHandler)
		}
		g.refuse(x, problem.Internal)
	}
	level := slog.LevelInfo
	if x.status >= 500 {
		level = slog.LevelError
	}
	if !g.Log.Enabled(x.ctx, level) {
		return
	}
	now := g.Now()
	attrs := make([]slog.Attr, 0, 8)
	attrs = append(attrs,
		slog.String("request_id", x.id),
		slog.String("method", x.r.Method),
		slog.String("path", x.path),
		slog.Int("status", x.status),
		slog.Int64("duration_us", now.Sub(x.started).Microseconds()))
	if x.peer.Addr.IsValid() {
		attrs = append(attrs, slog.String("peer", x.peer.Addr.String()))
	}
	if x.subject != "" {
		attrs = append(attrs, slog.String("subject", x.subject))
	}
	if x.err != nil {
		attrs = append(attrs, slog.String("error", x.err.Error()))
	}
	// LogAttrs would look up the caller each time, a fourth of what the line costs.
	record := slog.NewRecord(now, level, "request", 0)
	record.AddAttrs(attrs...)
	_ = g.Log.Handler().Handle(x.ctx, record)
}

// begin prepares an answer of the gateway itself.
func (g *Gateway) begin(x *exchange, status int) {
	x.status = status
	h := x.w.Header()
	h.Set("X-Request-Id", x.id)
	for _, c := range x.cookies {
		h.Add("Set-Cookie", c)
	}
}

// refuse answers with p: a page for people, problem details for programs. A login
// that failed can be started again from the page.
func (g *Gateway) refuse(x *exchange, p *problem.Problem) {
	var again *page.Action
	if p.Restart {
		if x.again == "" {
			x.again = g.BasePath + "/login"
		}
		again = &page.Action{Label: "Start again", URL: x.again}
	}
	if p.Code == problem.NotPermitted.Code {
		again = &page.Action{Label: "Use another account", URL: g.BasePath + "/logout"}
	}
	x.err = p
	g.begin(x, p.Status)
	// A form of ours that was posted shows its outcome to a person too.
	html := navigation(x.r) || g.own(x.path) && accepts(x.r.Header["Accept"], "text/html")
	p.Write(x.w, html && !x.api, x.id, again)
}

// redirect answers 303 (RFC 9700, section 4.12: never 307) to location.
func (g *Gateway) redirect(x *exchange, location string) {
	g.begin(x, http.StatusSeeOther)
	page.SetHeaders(x.w.Header())
	x.w.Header().Set("Location", location)
	x.w.WriteHeader(http.StatusSeeOther)
}

// setCookies adds Set-Cookie values to the answer.
func (x *exchange) setCookies(values []string) { x.cookies = append(x.cookies, values...) }
