package cloudflare

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strconv"
	"time"

	"gatehouse/core/platform"
)

// forward is the platform.Forwarder: the application is the service binding
// PROXY_TARGET, or whatever the URL names. Bodies and WebSockets are handed over by the
// runtime and outlive the call, unless they last.
type forward struct {
	bridge  *bridge
	timeout time.Duration // until an answer begins, once the request is sent
	service bool          // by the binding
}

var _ platform.Forwarder = (*forward)(nil)

// Request body of a forward operation: none, given by Go, or the client's own stream
// of unknown length; anything else is that stream's length.
const (
	bodyNone    = ""
	bodyGiven   = "given"
	bodyChunked = "chunked"
)

// Forward implements [platform.Forwarder].
func (f *forward) Forward(w http.ResponseWriter, out *http.Request, edit func(int, http.Header)) error {
	ctx := out.Context()
	kind, given, err := outgoingBody(out)
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return fmt.Errorf("%w: %w", platform.ErrRequestBody, err)
	}
	target := "url"
	if f.service {
		target = "service"
	}
	id, r, err := f.bridge.call(ctx, operation{
		kind: "forward", number: int(f.timeout / time.Millisecond), data: given,
		text: join([]string{out.Method, out.URL.String(), target, kind}, outgoingHeader(out)),
	})
	if err != nil {
		return classify(withoutQuery(err))
	}
	_, header := split(r.text, 0)
	if err := acceptable(r.number, out.Header); err != nil {
		f.giveUp(ctx, id)
		return err
	}
	if err := ctx.Err(); err != nil {
		f.giveUp(ctx, id)
		return err
	}
	lasts := platform.Lasts(out, r.number, header)
	edit(r.number, header)
	maps.Copy(w.Header(), header)
	if direct := writerOf(w); direct != nil && direct.request == ctx.Value(requestKey{}) && !direct.sent {
		if lasts {
			if direct.follow(ctx, r.number, direct.header, id) != nil {
				panic(http.ErrAbortHandler)
			}
			return nil
		}
		direct.pass(r.number, direct.header, id)
		return nil
	}
	f.copy(w, ctx, r.number, id)
	return nil
}

// outgoingBody decides how out's body is sent: an untouched one of the client's stays
// in the runtime.
func outgoingBody(out *http.Request) (kind string, given []byte, err error) {
	if out.Body == nil || out.Body == http.NoBody || out.Method == http.MethodGet || out.Method == http.MethodHead {
		return bodyNone, nil, nil
	}
	if b, ok := out.Body.(*body); ok && b.source == 0 && b.take() {
		if out.ContentLength >= 0 {
			return strconv.FormatInt(out.ContentLength, 10), nil, nil
		}
		return bodyChunked, nil, nil
	}
	given, err = readGiven(out.Body)
	return bodyGiven, given, err
}

// outgoingHeader is out's header without what the runtime sees to itself: it makes the
// handshake of an upgrade, and answers an expectation.
func outgoingHeader(out *http.Request) http.Header {
	if out.Header["Upgrade"] == nil && out.Header["Expect"] == nil {
		return out.Header
	}
	header := maps.Clone(out.Header)
	for _, name := range []string{"Connection", "Expect", "Sec-Websocket-Key", "Sec-Websocket-Version"} {
		delete(header, name)
	}
	return header
}

var (
	errStatus          = errors.New("cloudflare: application answered with a status that is none")
	errUnaskedProtocol = errors.New("cloudflare: application switched to a protocol that was not asked for")
)

// acceptable reports whether an answer to a request with header asked can be passed
// on.
func acceptable(status int, asked http.Header) error {
	switch {
	case status == http.StatusSwitchingProtocols:
		if asked["Upgrade"] == nil {
			return errUnaskedProtocol
		}
	case status < 200 || status > 599:
		return errStatus
	}
	return nil
}

// classify turns what went wrong before the answer's header into the contract's
// errors.
func classify(err error) error {
	var f *failure
	if errors.As(err, &f) {
		switch f.code {
		case codeTimeout:
			return fmt.Errorf("%w: %w", platform.ErrTimeout, err)
		case codeBody:
			return fmt.Errorf("%w: %w", platform.ErrRequestBody, err)
		}
	}
	return err
}

func (f *forward) giveUp(ctx context.Context, id int) {
	if r, ok := ctx.Value(requestKey{}).(*request); ok {
		f.bridge.drop(r.id, id)
	}
}

// copy sends an answer by way of Go, for a writer that is not the bridge's own.
func (f *forward) copy(w http.ResponseWriter, ctx context.Context, status, id int) {
	w.WriteHeader(status)
	if bodiless(status) {
		return
	}
	defer f.giveUp(ctx, id)
	controller := http.NewResponseController(w)
	from, buffer := &body{bridge: f.bridge, ctx: ctx, source: id}, make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		if n > 0 {
			if _, err := w.Write(buffer[:n]); err != nil {
				panic(http.ErrAbortHandler)
			}
			_ = controller.Flush()
		}
		if err == io.EOF {
			return
		}
		if err != nil {
			panic(http.ErrAbortHandler)
		}
	}
}
