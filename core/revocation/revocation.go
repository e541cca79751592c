// Package revocation is what a client does at a revocation endpoint (RFC 7009): which
// tokens it names in which order, and what an answer means. How a request gets there, and
// which client it proves to be, is the caller's.
package revocation

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"gatehouse/core/secret"
)

// Tokens has the refresh token revoked, then the access token, each with its hint
// (section 2.1), and leaves out what is empty: once the refresh token is gone no new access
// token can follow the old one. ask sends one form. A failure does not keep the other
// token from being asked about, unless ctx has ended; the error joins them.
func Tokens(ctx context.Context, refresh, access secret.Text, ask func(context.Context, url.Values) error) error {
	var errs []error
	for _, t := range []struct {
		hint  string
		value secret.Text
	}{{"refresh_token", refresh}, {"access_token", access}} {
		if t.value.Empty() {
			continue
		}
		if err := ctx.Err(); err != nil {
			errs = append(errs, err)
			break
		}
		errs = append(errs, ask(ctx, url.Values{"token": {t.value.Reveal()}, "token_type_hint": {t.hint}}))
	}
	return errors.Join(errs...)
}

// Done reports whether an answer leaves nothing to do: the token is revoked or was
// unknown (section 2.2), or is of a type that cannot be revoked (section 2.2.1). code is
// the member error of the answer, "" when there is none.
func Done(status int, code string) bool {
	switch status {
	case http.StatusOK, http.StatusNoContent:
		return true
	case http.StatusBadRequest:
		// Google says invalid_token of one that went with the other, or is not known.
		return code == "unsupported_token_type" || code == "invalid_token"
	}
	return false
}
