package provider

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"gatehouse/core/strictjson"
)

// answer is what a provider said to a request of the broker's own.
type answer struct {
	status int
	header http.Header
	// members is nil when the body is neither a JSON object nor a form.
	members strictjson.Object
	// secrets must not be repeated.
	secrets []string
}

// do sends r and reads the answer whole. The error is an [*Error] of kind Unavailable.
func (p *Provider) do(ctx context.Context, r *http.Request, secrets []string) (*answer, error) {
	a, err := p.egress.Do(ctx, r)
	if err != nil {
		return nil, wrap(Unavailable, err)
	}
	members, err := readMembers(a.Header, a.Body)
	if err != nil {
		members = nil
	}
	return &answer{a.Status, a.Header, members, append(secrets, p.s.ClientSecret.Reveal())}, nil
}

// readMembers reads a JSON object, or the form that GitHub answers with unless asked
// otherwise, whose values are then texts.
func readMembers(header http.Header, body []byte) (strictjson.Object, error) {
	if !isForm(header.Get("Content-Type")) {
		return strictjson.Parse(body)
	}
	form, err := url.ParseQuery(strings.TrimSpace(string(body)))
	if err != nil {
		return nil, err
	}
	members := strictjson.Object{}
	for name, values := range form {
		if len(values) != 1 {
			return nil, strictjson.ErrObject
		}
		if members[name], err = json.Marshal(values[0]); err != nil {
			return nil, err
		}
	}
	return members, nil
}

// failure is what an answer without the expected members means by its status.
func (a *answer) failure(where string) error {
	reason := where + ": status " + strconv.Itoa(a.status)
	switch {
	case a.status == http.StatusTooManyRequests:
		return &Error{Kind: Busy, RetryAfter: a.retryAfter(), Reason: reason}
	case a.status >= 500:
		return &Error{Kind: Unavailable, RetryAfter: retryAfter(a.header, 0), Reason: reason}
	case a.status == http.StatusUnauthorized || a.status == http.StatusForbidden:
		return fail(Configuration, reason)
	}
	return fail(Malformed, reason)
}

func (a *answer) retryAfter() time.Duration { return retryAfter(a.header, busyFor) }

// Bounds of Retry-After, which providers mean in seconds.
const (
	busyFor    = 10 * time.Second
	maxBusyFor = time.Hour
)

// retryAfter reads Retry-After, at least a second and at most an hour; standard when
// there is none that can be read.
func retryAfter(header http.Header, standard time.Duration) time.Duration {
	n, err := strconv.ParseUint(header.Get("Retry-After"), 10, 32)
	if err != nil {
		return standard
	}
	return min(max(time.Duration(n)*time.Second, time.Second), maxBusyFor)
}

func isForm(contentType string) bool { return isType(contentType, "application/x-www-form-urlencoded") }

// isType compares a media type, without its parameters.
func isType(contentType, want string) bool {
	kind, _, _ := strings.Cut(contentType, ";")
	return strings.EqualFold(strings.TrimSpace(kind), want)
}
