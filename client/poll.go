package client

import (
	"context"
	"errors"
	"net/http"
	"time"
)

// slower is what each "slow_down" adds to the interval (RFC 8628, section 3.5).
const slower = 5 * time.Second

// Wait asks the broker until the person has confirmed the login of a Poll or Desktop
// transaction, declined it, or let it expire. While the broker cannot be reached it goes on asking,
// ever more slowly, until the transaction expires.
func (c *Client) Wait(ctx context.Context, t *Transaction) (*Session, error) {
	interval := t.Interval
	for {
		if !c.now().Add(interval).Before(t.Expires) {
			return nil, &Error{Op: "collect", Code: CodeExpiredToken, Message: "the login was not confirmed in time"}
		}
		if err := c.sleep(ctx, interval); err != nil {
			return nil, err
		}
		s, err := c.collect(ctx, t, "poll_token", t.pollToken.Reveal())
		var e *Error
		if !errors.As(err, &e) {
			return s, err
		}
		switch {
		case e.Code == CodeAuthorizationPending:
		case e.Code == CodeSlowDown:
			interval = min(interval+slower, maxInterval)
		case e.Code == CodeUnreachable, e.Status == http.StatusTooManyRequests, e.Status == http.StatusServiceUnavailable:
			interval = min(max(interval*2, e.RetryAfter), maxInterval)
		default:
			return nil, err
		}
	}
}
