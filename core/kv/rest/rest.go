// Package rest is a [kv.Driver] over HTTP: it speaks the REST protocol of hosted
// Redis services, in which a command is a JSON array of strings that is posted to
// the service's address with a bearer token, and the answer is an object with either
// a result or an error.
//
// Only SET with PX, GET, DEL, EVAL, SCAN, INCR and PEXPIRE are used (Redis 2.8 and
// later). One operation is one request, which is never repeated; the two that count are
// one transaction, posted to the path multi-exec below the service's address as a list
// of commands. Values are kept in base64url without padding, because the protocol
// carries text.
//
// What is written is seen by the next read as far as the service promises it: a
// single Redis does, a database with replicas in several regions is eventually
// consistent, and its reads are then not linearizable with [Driver.Swap].
//
// Errors tell what went wrong, with neither key, value nor token.
package rest

import (
	"context"
	"encoding/base64"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"gatehouse/core/egress"
	"gatehouse/core/kv"
	"gatehouse/core/secret"
)

const (
	// timeout bounds one operation.
	timeout = 5 * time.Second
	// maxAnswer bounds an answer's body: the largest value takes 350 KB, a page of
	// keys 130 KB.
	maxAnswer = 1 << 20
)

// Options configure a driver. All but Now are required.
type Options struct {
	// URL is where commands are posted to; see [Config].
	URL   *url.URL
	Token secret.Text
	// Transport makes the requests, to URL's host alone. It never follows redirects.
	Transport http.RoundTripper
	// Now is the clock that expiries go by; nil means time.Now. It may differ from
	// the service's, which is only told how long a value lives.
	Now func() time.Time
}

// Driver keeps records in a Redis behind a REST service. It is safe for concurrent
// use.
type Driver struct {
	url          string
	transactions string // where they are posted to
	token        secret.Text
	egress       *egress.Client
	now          func() time.Time
}

var (
	_ kv.Driver  = (*Driver)(nil)
	_ kv.Swapper = (*Driver)(nil)
	_ kv.Lister  = (*Driver)(nil)
	_ kv.Counter = (*Driver)(nil)
)

// New makes a driver. It asks the service nothing.
func New(o Options) *Driver {
	if o.Now == nil {
		o.Now = time.Now
	}
	host := []string{egress.Host(o.URL)}
	d := &Driver{
		url: o.URL.String(), transactions: o.URL.JoinPath("multi-exec").String(), token: o.Token, now: o.Now,
		egress: &egress.Client{Transport: o.Transport, Hosts: host, Timeout: timeout, MaxBody: maxAnswer, Now: o.Now},
	}
	if o.URL.Scheme == "http" {
		d.egress.PlainHosts = host
	}
	return d
}

// Get implements [kv.Driver]. What this driver did not write is [kv.ErrCorrupt].
func (d *Driver) Get(ctx context.Context, key string) ([]byte, error) {
	result, err := d.command(ctx, "GET", key)
	if err != nil {
		return nil, err
	}
	text, ok := result.text()
	switch {
	case result.null(), ok && text == "":
		return nil, kv.ErrNotFound
	case !ok:
		return nil, unexpected("GET")
	}
	value, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return nil, kv.ErrCorrupt
	}
	return value, nil
}

// Put implements [kv.Driver].
func (d *Driver) Put(ctx context.Context, key string, value []byte, expiry time.Time) error {
	result, err := d.command(ctx, "SET", key, encode(value), "PX", d.life(expiry))
	if err != nil {
		return err
	}
	if text, ok := result.text(); !ok || text != "OK" {
		return unexpected("SET")
	}
	return nil
}

// Delete implements [kv.Driver].
func (d *Driver) Delete(ctx context.Context, key string) error {
	result, err := d.command(ctx, "DEL", key)
	if err != nil {
		return err
	}
	if _, ok := result.integer(); !ok {
		return unexpected("DEL")
	}
	return nil
}

// swapScript writes ARGV[2] for ARGV[3] milliseconds if the key holds ARGV[1], which
// is empty for a key that must not exist.
const swapScript = `if (redis.call('GET', KEYS[1]) or '') ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1`

// Swap implements [kv.Swapper]. Redis runs a script as one operation.
func (d *Driver) Swap(ctx context.Context, key string, old, value []byte, expiry time.Time) error {
	result, err := d.command(ctx, "EVAL", swapScript, "1", key, encode(old), encode(value), d.life(expiry))
	if err != nil {
		return err
	}
	switch n, ok := result.integer(); {
	case ok && n == 1:
		return nil
	case ok && n == 0:
		return kv.ErrConflict
	}
	return unexpected("EVAL")
}

// encode is a value as Redis holds it.
func encode(value []byte) string { return base64.RawURLEncoding.EncodeToString(value) }

// life is the milliseconds until expiry, rounded up, because nothing may go before it.
func (d *Driver) life(expiry time.Time) string {
	life := expiry.Sub(d.now())
	ms := life.Milliseconds()
	if life%time.Millisecond > 0 {
		ms++
	}
	// Redis refuses what is not positive.
	return strconv.FormatInt(max(ms, 1), 10)
}
