package spin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"time"

	"gatehouse/adapters/spin/wasi"
	"gatehouse/core/platform"
)

// maxPause is how long an application's answer may pause. Hosts have a limit of their
// own unless told, which would cut streams that are well.
const maxPause = 24 * time.Hour

// forward passes requests on to the application. WASI HTTP cannot join connections,
// so that an upgrade is [platform.ErrUpgradeUnsupported].
type forward struct {
	send    Sender
	timeout time.Duration // until the answer begins
}

var (
	errUnaskedProtocol = errors.New("spin: application switched to a protocol that was not asked for")
	errStatus          = errors.New("spin: application answered with a status below 200")
)

// Forward implements [platform.Forwarder]. An answer that breaks off after its header
// ends in a panic with [http.ErrAbortHandler].
func (f *forward) Forward(w http.ResponseWriter, r *http.Request, edit func(int, http.Header)) error {
	if r.Header["Upgrade"] != nil {
		return platform.ErrUpgradeUnsupported
	}
	out := outgoing(r)
	out.HeaderTimeout = f.timeout
	out.ConnectTimeout, out.FirstByteTimeout, out.BetweenBytesTimeout = min(f.timeout, maxConnect), f.timeout, maxPause
	if out.Body != nil {
		out.FirstByteTimeout = maxPause // hosts count from the beginning of the upload
	}
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	res, err := f.send(ctx, out)
	if err != nil {
		return classify(r.Context(), err)
	}
	defer res.Body.Close()
	switch {
	case res.Status == http.StatusSwitchingProtocols:
		return errUnaskedProtocol
	case res.Status < 200:
		return errStatus
	}
	header := headerOf(res.Fields)
	edit(res.Status, header)
	maps.Copy(w.Header(), header)
	w.WriteHeader(res.Status)
	if err := copyAnswer(w, r.Method, res, header); err != nil {
		panic(http.ErrAbortHandler)
	}
	return nil
}

// copyAnswer streams the body and what follows it.
func copyAnswer(w http.ResponseWriter, method string, res *wasi.Response, header http.Header) error {
	if method == http.MethodHead || res.Status == http.StatusNoContent || res.Status == http.StatusNotModified {
		return nil
	}
	flush := http.NewResponseController(w).Flush
	if err := flush(); err != nil {
		return err
	}
	_, sized := header["Content-Length"]
	buf := make([]byte, 32<<10)
	for {
		n, err := res.Body.Read(buf)
		if n > 0 {
			if _, err := w.Write(buf[:n]); err != nil {
				return err
			}
			if !sized {
				if err := flush(); err != nil {
					return err
				}
			}
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
	}
	if sized {
		return nil
	}
	trailers, err := res.Body.Trailers()
	if t, ok := w.(*response); ok {
		t.trailers = fieldsOf(headerOf(trailers))
	}
	return err
}

// classify turns what went wrong before the answer's header into the contract's
// errors.
func classify(ctx context.Context, err error) error {
	if ended := ctx.Err(); ended != nil {
		return ended
	}
	var body *wasi.BodyError
	switch {
	case errors.As(err, &body):
		return fmt.Errorf("%w: %w", platform.ErrRequestBody, body.Err)
	case timedOut(err):
		return fmt.Errorf("%w: %w", platform.ErrTimeout, err)
	}
	return fmt.Errorf("spin: forward: %w", err)
}
