package login_test

import (
	"encoding/base64"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"gatehouse/core/login"
	"gatehouse/core/seal"
)

func TestWhatIsNoTransactionOfThisBrowser(t *testing.T) {
	r, b := newRig(t, false), &browser{}
	x := r.start(b, "/")
	victim, other := &browser{}, &browser{}
	r.start(victim, "/")
	y := r.start(other, "/")
	r.has(t, victim, x, false)
	r.has(t, &browser{}, x, false)
	for _, test := range []struct {
		name, state string
		lines       []string
	}{
		{"empty state", "", b.lines()},
		{"state of another browser", y.State, b.lines()},
		{"one character short", x.State[:42], b.lines()},
		{"one character more", x.State + "A", b.lines()},
		{"not canonical", x.State[:42] + "B", b.lines()},
		{"line break", x.State[:42] + "\n", b.lines()},
		{"10 kB", strings.Repeat("A", 10_000), b.lines()},
		{"another browser's cookie renamed", x.State, []string{b.names[0] + "=" + other.values[0]}},
		{"cookie twice", x.State, []string{b.lines()[0] + "; " + b.lines()[0]}},
		{"cookie twice, in two lines", x.State, append(b.lines(), b.lines()...)},
		{"cookie and a planted one", x.State, append([]string{b.names[0] + "=x"}, b.lines()...)},
		{"name in lower case", x.State, []string{strings.ToLower(b.lines()[0])}},
		{"name without the prefix", x.State, []string{strings.TrimPrefix(b.lines()[0], "__Host-")}},
		{"empty value", x.State, []string{b.names[0] + "="}},
		{"too long", x.State, []string{b.lines()[0] + strings.Repeat("A", 1024)}},
		{"sealed but not a transaction", x.State, []string{b.names[0] + "=" + r.keys.SealText(seal.LoginCookie, b.names[0], []byte("{}"))}},
		{"sealed but not JSON", x.State, []string{b.names[0] + "=" + r.keys.SealText(seal.LoginCookie, b.names[0], []byte("x"))}},
		{"sealed for something else", x.State, []string{b.names[0] + "=" + r.keys.SealText(seal.SessionCookie, b.names[0], []byte("{}"))}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got, err := r.Find(test.lines, test.state); err != login.ErrNone || (!reflect.DeepEqual(got, login.Transaction{})) {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
	raw, _ := base64.RawURLEncoding.DecodeString(b.values[0])
	for i := range raw {
		changed := slices.Clone(raw)
		changed[i] ^= 1
		line := b.names[0] + "=" + base64.RawURLEncoding.EncodeToString(changed)
		if got, err := r.Find([]string{line}, x.State); err != login.ErrNone {
			t.Fatalf("byte %d changed: %+v, %v", i, got, err)
		}
	}
}

func TestTimeLimits(t *testing.T) {
	for _, test := range []struct {
		name string
		pass time.Duration
		want bool
	}{
		{"at once", 0, true},
		{"just within", login.Timeout - time.Millisecond, true},
		{"at the limit", login.Timeout, false},
		{"clock a little back", -59 * time.Second, true},
		{"clock far back", -time.Minute, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			r, b := newRig(t, false), &browser{}
			x := r.start(b, "/")
			r.time = r.time.Add(test.pass)
			x.Started = time.UnixMilli(x.Started.UnixMilli())
			r.has(t, b, x, test.want)
		})
	}
}
