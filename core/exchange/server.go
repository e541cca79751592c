package exchange

import (
	"errors"
	"log/slog"
	"net/http"
	"time"

	"gatehouse/core/problem"
	"gatehouse/core/proxy"
)

// Limits on what a client may send in headers, in bytes.
const (
	maxHeader       = 32 << 10
	maxCookieHeader = 8 << 10
)

// Job answers requests.
type Job interface {
	// Owns reports whether path, which is canonical, is one of the job's own.
	Owns(path string) bool
	// Serve answers.
	Serve(x *Exchange)
	// Refuse answers with p, in the form that the job's clients know.
	Refuse(x *Exchange, p *problem.Problem)
}

// Server hands each request to the first of its jobs that owns the path, or else to the
// last one. It is safe for concurrent use.
type Server struct {
	Rules *proxy.Rules
	Now   func() time.Time
	Log   *slog.Logger
	Jobs  []Job // at least one
}

// ServeHTTP implements [http.Handler].
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := s.Open(w, r, s.Jobs[len(s.Jobs)-1])
	defer s.Close(x)
	if p := s.Check(x); p != nil {
		x.job.Refuse(x, p)
		return
	}
	for _, j := range s.Jobs {
		if j.Owns(x.Path) {
			x.job = j
			break
		}
	}
	x.job.Serve(x)
}

// Open begins the exchange of r, which job answers. It must be closed.
func (s *Server) Open(w http.ResponseWriter, r *http.Request, job Job) *Exchange {
	return &Exchange{W: w, R: r, Context: r.Context(), ID: proxy.RequestID(r), started: s.Now(), job: job}
}

// Check sets x's peer and path. It returns why the request cannot be served, nil when it can.
func (s *Server) Check(x *Exchange) *problem.Problem {
	x.Peer = s.Rules.Peer(x.R)
	if tooLarge(x.R.Header) {
		return problem.HeaderTooLarge
	}
	path, err := s.Rules.Path(x.R)
	if err != nil {
		return problem.InvalidPath.With(err)
	}
	x.Path = path
	return nil
}

// tooLarge reports whether the header exceeds what is accepted on every platform.
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

// Close turns a panic into an answer, as far as that is possible, and logs the
// request. It must be deferred itself. It panics with [http.ErrAbortHandler] when the
// client must see that the answer is incomplete.
func (s *Server) Close(x *Exchange) {
	e := recover()
	if e != nil && e != http.ErrAbortHandler {
		s.Log.ErrorContext(x.Context, "panic", "request_id", x.ID, "panic", e)
		if x.Status == 0 {
			x.job.Refuse(x, problem.Internal)
			e = nil
		}
	}
	if e == nil {
		s.log(x)
		return
	}
	if !errors.Is(x.Err, ErrCut) {
		cause := x.Err
		if x.R.Context().Err() != nil {
			cause = ErrLeft
		}
		x.Cut(cause)
	}
	s.log(x)
	panic(http.ErrAbortHandler)
}

// log writes the request's line.
func (s *Server) log(x *Exchange) {
	level := slog.LevelInfo
	if x.Status >= 500 {
		level = slog.LevelError
	}
	if !s.Log.Enabled(x.Context, level) {
		return
	}
	now := s.Now()
	attrs := make([]slog.Attr, 0, 8)
	attrs = append(attrs,
		slog.String("request_id", x.ID),
		slog.String("method", x.R.Method),
		slog.String("path", x.Path),
		slog.Int("status", x.Status),
		slog.Int64("duration_us", now.Sub(x.started).Microseconds()))
	if x.Peer.Addr.IsValid() {
		attrs = append(attrs, slog.String("peer", x.Peer.Addr.String()))
	}
	if x.Subject != "" {
		attrs = append(attrs, slog.String("subject", x.Subject))
	}
	if x.NoSession != "" {
		attrs = append(attrs, slog.String("no_session", x.NoSession))
	}
	if x.Err != nil {
		attrs = append(attrs, slog.String("error", x.Err.Error()))
	}
	// LogAttrs would look up the caller each time, a fourth of what the line costs.
	record := slog.NewRecord(now, level, "request", 0)
	record.AddAttrs(attrs...)
	_ = s.Log.Handler().Handle(x.Context, record)
}
