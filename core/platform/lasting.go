package platform

import (
	"context"
	"net/http"
	"strconv"
)

// Brief is the length in bytes up to which a body that announces it is sent without
// being watched: what is left of it is little.
const Brief = 1 << 20

type bound struct{}

// Bind marks a request to the application whose exchange, if it lasts, must end with the
// request's context.
func Bind(ctx context.Context) context.Context { return context.WithValue(ctx, bound{}, true) }

// Lasts reports whether the exchange of out, which [Bind] has marked, may go on for long
// after the answer's header: an upgrade, or a body that is long or of unknown length.
func Lasts(out *http.Request, status int, answer http.Header) bool {
	switch {
	case out.Context().Value(bound{}) == nil || out.Method == http.MethodHead,
		status == http.StatusNoContent, status == http.StatusResetContent, status == http.StatusNotModified:
		return false
	case status == http.StatusSwitchingProtocols:
		return true
	}
	n, err := strconv.ParseInt(answer.Get("Content-Length"), 10, 64)
	return err != nil || n < 0 || n > Brief
}
