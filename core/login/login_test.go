package login_test

import (
	"encoding/base64"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"gatehouse/core/cookie"
	"gatehouse/core/login"
	"gatehouse/core/seal"
	"gatehouse/core/stepup"
)

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

const origin = "https://app.example.com"

// rig is a gateway's transactions and a clock.
type rig struct {
	*login.Transactions
	names cookie.Names
	keys  *seal.Keyring
	time  time.Time
}

func newRig(t testing.TB, dev bool) *rig {
	t.Helper()
	keys, err := seal.NewKeyring([]byte("test only: a secret of 32 bytes or more"))
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{names: cookie.NewNames("gatehouse", dev), keys: keys, time: start}
	r.Transactions = login.New(keys, r.names, func() time.Time { return r.time })
	return r
}

// browser is a cookie jar in order of arrival.
type browser struct{ names, values []string }

func (b *browser) take(cookies ...string) {
	for _, c := range cookies {
		pair, attributes, _ := strings.Cut(c, ";")
		name, value, _ := strings.Cut(pair, "=")
		if i := slices.Index(b.names, name); i >= 0 {
			b.names, b.values = slices.Delete(b.names, i, i+1), slices.Delete(b.values, i, i+1)
		}
		if !strings.Contains(attributes, "Max-Age=0") {
			b.names, b.values = append(b.names, name), append(b.values, value)
		}
	}
}

func (b *browser) lines() []string {
	var pairs []string
	for i, name := range b.names {
		pairs = append(pairs, name+"="+b.values[i])
	}
	return []string{strings.Join(pairs, "; ")}
}

func (r *rig) start(b *browser, path string) login.Transaction {
	x, cookies := r.Start(b.lines(), origin, path, stepup.Demand{})
	b.take(cookies...)
	return x
}

// has fails unless the browser's transaction of x is found or not, as wanted.
func (r *rig) has(t *testing.T, b *browser, x login.Transaction, want bool) {
	t.Helper()
	got, err := r.Find(b.lines(), x.State)
	if want && (err != nil || !reflect.DeepEqual(got, x)) {
		t.Errorf("got %+v, %v, want %+v", got, err, x)
	}
	if !want && (err != login.ErrNone || !reflect.DeepEqual(got, login.Transaction{})) {
		t.Errorf("got %+v, %v, want none", got, err)
	}
}

func TestATransactionIsFoundUntilItIsFinished(t *testing.T) {
	for _, dev := range []bool{false, true} {
		r, b := newRig(t, dev), &browser{}
		x := r.start(b, "/deep/link?a=1&b=2")
		if x.ReturnPath != "/deep/link?a=1&b=2" || x.Origin != origin || !x.Started.Equal(start) {
			t.Errorf("got %+v", x)
		}
		x.Started = time.UnixMilli(start.UnixMilli())
		r.has(t, b, x, true)
		replay := &browser{slices.Clone(b.names), slices.Clone(b.values)}
		b.take(r.Finish(x.State))
		if len(b.names) != 0 {
			t.Errorf("the browser keeps %v", b.names)
		}
		r.has(t, b, x, false)
		// A copy of the cookie does open, but no browser has one after the finish.
		r.has(t, replay, x, true)
	}
}

func TestSetCookie(t *testing.T) {
	shape := regexp.MustCompile(`^(__Host-gatehouse-login-|gatehouse-dev-login-)[A-Za-z0-9_-]{11}=[A-Za-z0-9_-]{300,}; Path=/; Max-Age=600; HttpOnly(; Secure)?; SameSite=Lax$`)
	for _, dev := range []bool{false, true} {
		_, cookies := newRig(t, dev).Start(nil, origin, "/", stepup.Demand{})
		if len(cookies) != 1 || !shape.MatchString(cookies[0]) || strings.Contains(cookies[0], "Secure") == dev {
			t.Errorf("got %q", cookies)
		}
	}
}

func TestStateNonceAndVerifierAreDrawnAnew(t *testing.T) {
	r := newRig(t, false)
	seen := map[string]bool{}
	for range 50 {
		x, _ := r.Start(nil, origin, "/", stepup.Demand{})
		for _, s := range []string{x.State, x.Nonce, x.Verifier.Reveal()} {
			if len(s) != 43 || seen[s] {
				t.Fatalf("%q is short or was drawn before", s)
			}
			seen[s] = true
		}
	}
}

func TestTheCookieRevealsNoState(t *testing.T) {
	r, b := newRig(t, false), &browser{}
	x := r.start(b, "/secret-path")
	for _, secret := range []string{x.State, x.Nonce, x.Verifier.Reveal(), "secret-path"} {
		if strings.Contains(b.lines()[0], secret) || strings.Contains(b.lines()[0], base64.RawURLEncoding.EncodeToString([]byte(secret))) {
			t.Errorf("%q is in %q", secret, b.lines())
		}
		for n := 6; n < len(secret); n += 6 {
			if strings.Contains(b.names[0], secret[n-6:n]) {
				t.Errorf("part of %q is in the name %q", secret, b.names[0])
			}
		}
	}
}

func TestTheDemandIsKept(t *testing.T) {
	longest := "https://" + strings.Repeat(strings.Repeat("o", 60)+".", 4) + "example:65535"
	for _, d := range []stepup.Demand{
		{}, {MaxAge: time.Minute}, {ACR: []string{"gold"}},
		{ACR: []string{strings.Repeat("x", 99), strings.Repeat("y", 100)}, MaxAge: 2160 * time.Hour},
	} {
		for origin, path := range map[string]string{origin: "/" + strings.Repeat("a", 100), longest: "/"} {
			r := newRig(t, false)
			x, cookies := r.Start(nil, origin, path, d)
			b := &browser{}
			b.take(cookies...)
			got, err := r.Find(b.lines(), x.State)
			if err != nil || !reflect.DeepEqual(got.Demand, d) || got.ReturnPath != path || len(b.values[0]) > 1024 {
				t.Errorf("%+v: %+v in %d bytes, %v", d, got, len(b.values[0]), err)
			}
		}
	}
}

func TestReturnPathsThatDoNotFit(t *testing.T) {
	longest := "https://" + strings.Repeat(strings.Repeat("o", 60)+".", 4) + "example:65535"
	for _, test := range []struct {
		name, origin, path string
		kept               bool
	}{
		{"ampersands", origin, "/?" + strings.Repeat("&", 510), true},
		{"less-than signs", origin, "/?" + strings.Repeat("<", 510), true},
		{"letters", origin, "/" + strings.Repeat("a", 511), true},
		{"quotes, which JSON makes twice as long", origin, "/" + strings.Repeat(`"`, 511), false},
		{"control characters", origin, "/" + strings.Repeat("\x01", 511), false},
		{"not UTF-8", origin, "/" + strings.Repeat("\xff", 511), false},
		{"far too long", origin, "/" + strings.Repeat("a", 100_000), false},
		{"longest host", longest, "/" + strings.Repeat("a", 511), false},
		{"longest host, short path", longest, "/a", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			r, b := newRig(t, false), &browser{}
			x, cookies := r.Start(nil, test.origin, test.path, stepup.Demand{})
			b.take(cookies...)
			want := "/"
			if test.kept {
				want = test.path
			}
			if x.ReturnPath != want || len(b.values[0]) > 1024 {
				t.Errorf("path %q in %d bytes", x.ReturnPath, len(b.values[0]))
			}
			got, err := r.Find(b.lines(), x.State)
			if err != nil || got.ReturnPath != want || got.Origin != test.origin {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}
