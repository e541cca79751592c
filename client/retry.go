package client

import (
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"
)

const (
	// firstDelay is the middle of the wait before the second attempt; it doubles with
	// each further one.
	firstDelay = 500 * time.Millisecond
	maxDelay   = 8 * time.Second
	// maxRetryAfter is how long a request waits because the broker says so; if it
	// says longer, its refusal is the result.
	maxRetryAfter = 30 * time.Second
)

// putOff reports whether an answer says that the request was not carried out and may
// be sent again. A 503 can be a provider's, after it began: it counts only where once
// and twice are the same.
func putOff(status int, repeatable bool) bool {
	return status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable && repeatable
}

// delay is how long to wait after the attempt, counted from 1: what the broker said, or
// exponential backoff, in any case with jitter so that clients do not come back all at
// once. ok is false when the broker wants longer than maxRetryAfter.
func delay(attempt int, said time.Duration) (wait time.Duration, ok bool) {
	if said > maxRetryAfter {
		return 0, false
	}
	step := min(firstDelay<<(attempt-1), maxDelay)
	if said > 0 {
		return said + rand.N(firstDelay), true
	}
	return step/2 + rand.N(step), true
}

// retryAfter reads Retry-After (RFC 9110, section 10.2.3), 0 when there is none.
func retryAfter(h http.Header, now time.Time) time.Duration {
	text := h.Get("Retry-After")
	if seconds, err := strconv.ParseUint(text, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(0, at.Sub(now))
	}
	return 0
}
