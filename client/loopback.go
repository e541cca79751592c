package client

import (
	"context"
	"crypto/subtle"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"gatehouse/core/page"
	"gatehouse/core/secret"
)

// Listener awaits the browser on a port of 127.0.0.1 that the system chose, at a fixed
// path (RFC 8252, section 7.3). It takes one answer: what does not carry the state of
// its transaction is refused and does not end the wait, so that another page or program
// on the machine can neither complete nor spoil a login.
type Listener struct {
	listener net.Listener
	server   *http.Server
	ended    sync.WaitGroup

	mu      sync.Mutex
	awaited *awaited // nil: nothing is awaited
}

// awaited is the answer to one transaction.
type awaited struct {
	state  string
	issuer string
	answer chan answered // buffered
}

type answered struct {
	code secret.Text
	err  error
}

const (
	callbackPath = "/callback"
	// farewell is how long the browser has to read the page.
	farewell = 2 * time.Second
)

// What the browser is shown.
var (
	nothing    = page.Page{Title: "Nothing is here", Text: "A program on this machine is waiting for a login at this address."}
	unexpected = page.Page{Title: "This is not the login that was awaited", Text: "Go back to the program and begin again."}
	refused    = page.Page{Title: "You are not logged in", Text: "The login did not succeed. You may close this window; the program says more."}
	taken      = page.Page{Title: "Almost done", Text: "You may close this window and go back to the program."}
)

// Listen opens a listener. The caller closes it.
func Listen() (*Listener, error) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &Listener{listener: l}
	s.server = &http.Server{
		Handler: s, ReadTimeout: 10 * time.Second, WriteTimeout: 10 * time.Second,
		IdleTimeout: time.Second, MaxHeaderBytes: 16 << 10,
	}
	s.ended.Go(func() { _ = s.server.Serve(l) })
	return s, nil
}

// RedirectURI is where the browser has to come back to.
func (l *Listener) RedirectURI() string { return "http://" + l.listener.Addr().String() + callbackPath }

// Close stops listening, once the browser has its page.
func (l *Listener) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), farewell)
	defer cancel()
	err := l.server.Shutdown(ctx)
	if err != nil {
		err = l.server.Close()
	}
	l.ended.Wait()
	return err
}

// Code waits for the browser and returns the code for [Client.Collect]. The error is
// [*Error] when the login was refused, expired, or answered by another broker, or ctx's
// own.
func (l *Listener) Code(ctx context.Context, c *Client, t *Transaction) (secret.Text, error) {
	a := &awaited{state: t.state.Reveal(), issuer: c.Broker(), answer: make(chan answered, 1)}
	l.mu.Lock()
	l.awaited = a
	l.mu.Unlock()
	expired, cancel := context.WithCancel(ctx)
	defer cancel()
	over := make(chan error, 1)
	go func() { over <- c.sleep(expired, t.Expires.Sub(c.now())) }()
	select {
	case got := <-a.answer:
		return got.code, got.err
	case err := <-over:
		if err != nil {
			return secret.Text{}, err
		}
		select {
		case got := <-a.answer: // in the last moment
			return got.code, got.err
		default:
		}
		return secret.Text{}, &Error{Op: "collect", Code: CodeExpiredToken, Message: "the browser did not come back in time"}
	}
}

// ServeHTTP implements [http.Handler] for the browser.
func (l *Listener) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Connection", "close")
	switch {
	case r.Host != l.listener.Addr().String(), r.URL.Path != callbackPath:
		page.Write(w, http.StatusNotFound, nothing)
	case r.Method != http.MethodGet:
		w.Header().Set("Allow", http.MethodGet)
		page.Write(w, http.StatusMethodNotAllowed, nothing)
	default:
		l.callback(w, r)
	}
}

func (l *Listener) callback(w http.ResponseWriter, r *http.Request) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	for _, values := range query {
		if len(values) > 1 {
			query = nil
		}
	}
	l.mu.Lock()
	a := l.awaited
	if err != nil || a == nil || a.state == "" || subtle.ConstantTimeCompare([]byte(query.Get("state")), []byte(a.state)) != 1 {
		l.mu.Unlock()
		page.Write(w, http.StatusBadRequest, unexpected)
		return
	}
	l.awaited = nil // one answer
	l.mu.Unlock()

	code, failure := query.Get("code"), query.Get("error")
	got := answered{code: secret.New(code)}
	switch issuer := strings.TrimRight(query.Get("iss"), "/"); {
	case issuer != "" && issuer != a.issuer:
		got = answered{err: &Error{Op: "collect", Code: CodeMixUp, Message: readable("the browser came back from " + issuer + " and not from " + a.issuer)}}
	case failure == string(CodeAccessDenied):
		got = answered{err: &Error{Op: "collect", Code: CodeAccessDenied, Message: "the login was declined"}}
	case failure != "":
		got = answered{err: &Error{Op: "collect", Code: Code(readable(failure)), Message: readable("the login failed: " + failure)}}
	case code == "":
		got = answered{err: &Error{Op: "collect", Code: CodeInvalidAnswer, Message: "the browser came back without a code"}}
	}
	if got.err != nil {
		page.Write(w, http.StatusOK, refused)
	} else {
		page.Write(w, http.StatusOK, taken)
	}
	a.answer <- got
}
