package conformance

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

const (
	// stepDeadline bounds one step in real time.
	stepDeadline = 20 * time.Second
	// maxResponse bounds the body of an answer that is read.
	maxResponse = 64 << 20
)

// outcome is an answer as the client got it.
type outcome struct {
	status int
	header http.Header
	body   string
	gone   bool // the client went away
	broken bool // the body ended early
	err    error
}

// exchange sends one request and reads the answer.
func (p *play) exchange(instance Instance, r *request, s *scope, first bool) (o outcome) {
	ctx, cancel := context.WithTimeout(context.Background(), stepDeadline)
	defer cancel()
	req, err := r.build(ctx, s)
	if err != nil {
		return outcome{err: err}
	}
	if r.stream {
		body, _ := io.ReadAll(req.Body)
		req.Body = newStream(string(body), p.network.progress(true), func() {
			p.fail("the application has not received what the client sent: the request is held back")
		})
	}
	if first {
		p.transcript.message(">", req.Method+" "+req.RequestURI, req.Header, "")
	}
	path, query, _ := strings.Cut(req.RequestURI, "?")
	if strings.HasSuffix(path, "/login/callback") || strings.Contains(path, "/auth/callback") {
		p.secrets.learnForm(query)
	}
	if r.abort == abortFetch {
		fetched := p.network.firstFetch()
		go func() {
			select {
			case <-fetched:
				cancel()
			case <-ctx.Done():
			}
		}()
	}
	res, err := instance.RoundTrip(req)
	if err != nil {
		if r.abort == abortFetch && errors.Is(err, context.Canceled) {
			return outcome{gone: true}
		}
		return outcome{err: fmt.Errorf("no answer: %w", err)}
	}
	defer res.Body.Close()
	o = outcome{status: res.StatusCode, header: res.Header}
	if r.abort == abortHeader {
		cancel()
		o.gone = true
		return o
	}
	if res.StatusCode == http.StatusSwitchingProtocols {
		if o.err = echo(res.Body); o.err != nil || len(r.meanwhile) == 0 {
			return o
		}
	}
	if len(r.meanwhile) > 0 {
		// Not every answer that goes on is told that its client has left.
		defer context.AfterFunc(ctx, func() { res.Body.Close() })()
	}
	if o.err = p.meanwhile(ctx, instance, r, s); o.err != nil {
		return o
	}
	if res.StatusCode == http.StatusSwitchingProtocols {
		_, _ = io.Copy(io.Discard, res.Body)
		o.broken = ctx.Err() == nil
		return o
	}
	body, err := io.ReadAll(io.LimitReader(&counted{res.Body, p.network.progress(false)}, maxResponse))
	o.body = string(body)
	if err != nil && r.abort == abortFetch {
		o.gone = true
	} else if err != nil {
		o.broken = true
		p.transcript.printf("    the answer's body ended early: %v\n", err)
	}
	return o
}

// echo checks that an upgraded connection carries bytes both ways.
func echo(body io.ReadCloser) error {
	rw, ok := body.(io.ReadWriter)
	if !ok {
		return errors.New("the body of a 101 answer is no io.ReadWriter")
	}
	const ping = "ping over an upgraded connection\n"
	timer := time.AfterFunc(15*time.Second, func() { body.Close() })
	defer timer.Stop()
	if _, err := io.WriteString(rw, ping); err != nil {
		return fmt.Errorf("upgraded connection: %w", err)
	}
	got := make([]byte, len(ping))
	if _, err := io.ReadFull(rw, got); err != nil || string(got) != ping {
		return fmt.Errorf("upgraded connection: no echo: %q, %v", got, err)
	}
	return nil
}
