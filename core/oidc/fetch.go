package oidc

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// statusError is an answer with a status that carries no document.
type statusError int

// Error implements error.
func (e statusError) Error() string { return fmt.Sprintf("status %d", int(e)) }

// fetchDocument gets a published document. Only 200 is an answer: a redirect is as
// good as none, since the address is configuration or checked metadata. The error is
// ErrUnavailable.
func (p *Provider) fetchDocument(ctx context.Context, what, address string) ([]byte, error) {
	r, err := http.NewRequest(http.MethodGet, address, nil)
	if err != nil {
		return nil, unavailable(what, errAddress)
	}
	r.Header.Set("Accept", "application/json")
	// Documents are public, and so are their addresses.
	what += " at " + r.URL.Scheme + "://" + r.URL.Host + r.URL.Path
	a, err := p.o.Egress.Do(ctx, r)
	switch {
	case err != nil:
		return nil, unavailable(what, err)
	case a.Status != http.StatusOK:
		return nil, unavailable(what, statusError(a.Status))
	case isHTML(a.Header):
		return nil, unavailable(what, errHTML)
	}
	return a.Body, nil
}

var (
	errAddress = errors.New("malformed address")
	errHTML    = errors.New("an HTML page")
)

// isHTML reports whether an answer says that it is a page. Other mistakes in a
// provider's content type are tolerated: the body must parse anyway.
func isHTML(h http.Header) bool {
	return mediaType(h) == "text/html" || mediaType(h) == "application/xhtml+xml"
}

// mediaType is the answer's media type in lower case, without parameters.
func mediaType(h http.Header) string {
	t, _, _ := strings.Cut(h.Get("Content-Type"), ";")
	return strings.ToLower(strings.TrimSpace(t))
}
