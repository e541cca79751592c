package rotation

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptrace"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// landing is where the login ends, without a session being asked for.
const landing = "/public"

// patience is when an answer counts as one that never comes.
const patience = 2 * time.Minute

// Application answers with the access token that it was given.
func Application(w http.ResponseWriter, r *http.Request) {
	_, _ = io.WriteString(w, r.Header.Get("X-Forwarded-Access-Token"))
}

// Figures are measured times of rounds: from the first request to the last answer, and
// of each answer.
type Figures struct{ Rounds, Answers []time.Duration }

func (f *Figures) String() string {
	middle := func(d []time.Duration, share float64) time.Duration {
		if len(d) == 0 {
			return 0
		}
		return d[int(share*float64(len(d)-1))].Round(time.Millisecond)
	}
	slices.Sort(f.Rounds)
	slices.Sort(f.Answers)
	return fmt.Sprintf("%d rounds: median %v, longest %v; %d answers: median %v, 99 of 100 within %v, longest %v",
		len(f.Rounds), middle(f.Rounds, 0.5), middle(f.Rounds, 1),
		len(f.Answers), middle(f.Answers, 0.5), middle(f.Answers, 0.99), middle(f.Answers, 1))
}

// Load is what is done to a gateway.
type Load struct {
	// App is the address that the gateway has for browsers.
	App string
	// At are the addresses, as host and port, that connections are made to, in turn;
	// none: App's. They are those of processes that share a store.
	At []string
	// Rounds is the number of sessions, one after the other, and Requests that of the
	// requests of each at once.
	Rounds, Requests int
}

// Bear logs in at the gateway once a round. The session's access token has expired when
// requests ask for the application at once, each on a connection of its own, and the
// refresh is answered when all of them are on their way. Exactly one of them redeems the
// refresh token, every answer is the application's with the new access token, and the
// session goes on.
func (p *Provider) Bear(t testing.TB, l Load) *Figures {
	t.Helper()
	f := &Figures{}
	for n := range l.Rounds {
		p.round(t, l, f)
		if t.Failed() {
			t.Fatalf("in round %d", n+1)
		}
	}
	return f
}

func (p *Provider) round(t testing.TB, l Load, f *Figures) {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{MaxIdleConnsPerHost: l.Requests}
	if len(l.At) > 0 {
		var connections atomic.Uint64
		transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
			if address == strings.TrimPrefix(l.App, "http://") {
				address = l.At[connections.Add(1)%uint64(len(l.At))]
			}
			return new(net.Dialer).DialContext(ctx, network, address)
		}
	}
	defer transport.CloseIdleConnections()
	browser := &http.Client{Jar: jar, Transport: transport, Timeout: patience}
	get := func(ctx context.Context, path string) (string, error) {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, l.App+path, nil)
		if err != nil {
			return "", err
		}
		res, err := browser.Do(r)
		if err != nil {
			return "", err
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		if err == nil && res.StatusCode != http.StatusOK {
			err = fmt.Errorf("%s: %s %.300q", path, res.Status, body)
		}
		return string(body), err
	}
	if _, err := get(t.Context(), "/login/authorize?return_to="+landing); err != nil {
		t.Fatal(err)
	}
	before := p.Counts()
	var written atomic.Int64
	sent := make(chan struct{})
	all := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{WroteRequest: func(httptrace.WroteRequestInfo) {
		if written.Add(1) == int64(l.Requests) {
			close(sent)
		}
	}})
	p.hold(sent)
	var wg sync.WaitGroup
	tokens, times := make([]string, l.Requests), make([]time.Duration, l.Requests)
	errs, start := make([]error, l.Requests), make(chan struct{})
	for i := range tokens {
		wg.Go(func() {
			<-start
			began := time.Now()
			tokens[i], errs[i] = get(all, "/x")
			times[i] = time.Since(began)
		})
	}
	began := time.Now()
	close(start)
	wg.Wait()
	f.Rounds, f.Answers = append(f.Rounds, time.Since(began)), append(f.Answers, times...)
	if failed := slices.DeleteFunc(errs, func(err error) bool { return err == nil }); len(failed) > 0 {
		t.Errorf("%d requests failed, the first one with %v", len(failed), failed[0])
	}
	later, err := get(t.Context(), "/x")
	if err != nil {
		t.Errorf("after the refresh: %v", err)
	}
	latest, after := p.Latest(), p.Counts()
	if redeemed, reused := after.Redeemed-before.Redeemed, after.Reused-before.Reused; redeemed != 1 || reused != 0 {
		t.Errorf("%d redemptions, and %d of a refresh token that was used", redeemed, reused)
	}
	other := 0
	for _, token := range append(tokens, later) {
		if token != latest {
			other++
		}
	}
	if other > 0 {
		t.Errorf("%d answers with another access token than the latest", other)
	}
}
