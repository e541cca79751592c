package session_test

import (
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"gatehouse/core/seal"
	"gatehouse/core/session"
)

func TestARequestWithoutACookieCostsNothing(t *testing.T) {
	r := newRig(t, session.Browser, false)
	for _, header := range []http.Header{
		{}, {"Cookie": nil}, {"Cookie": {""}}, {"Cookie": {"other=1; __host-gatehouse=x; gatehouse=y"}},
		{"Cookie": {r.names.Handover + "=x"}},
	} {
		found, cookies, _, err := r.Authenticate(t.Context(), &http.Request{Header: header})
		if found != nil || cookies != nil || err != nil {
			t.Errorf("%v: got %v, %q, %v", header, found, cookies, err)
		}
	}
	if n := r.driver.operations(); n != 0 {
		t.Errorf("%d store operations", n)
	}
}

func TestACookieThatDoesNotOpenIsClearedAndCostsNothing(t *testing.T) {
	r := newRig(t, session.Browser, false)
	b, _ := r.login()
	value := b[r.names.Session]
	raw, err := base64.RawURLEncoding.DecodeString(value)
	if err != nil {
		t.Fatal(err)
	}
	hostile := map[string]string{
		"empty": "", "not base64": "!", "quoted": `"` + value + `"`, "long": strings.Repeat("A", 5000),
		"id in the clear":      base64.RawURLEncoding.EncodeToString(make([]byte, 40)),
		"sealed as a handover": b[r.names.Handover],
		"sealed for a login":   r.keys.SealText(seal.LoginCookie, r.names.Session, make([]byte, 40)),
		"another cookie name":  r.keys.SealText(seal.SessionCookie, "gatehouse-dev", make([]byte, 40)),
		"ticket too short":     r.keys.SealText(seal.SessionCookie, r.names.Session, make([]byte, 39)),
		"ticket too long":      r.keys.SealText(seal.SessionCookie, r.names.Session, make([]byte, 41)),
		"used in 1970":         r.keys.SealText(seal.SessionCookie, r.names.Session, make([]byte, 40)),
	}
	for i := range raw {
		changed := append([]byte(nil), raw...)
		changed[i] ^= 1
		hostile["byte changed: "+string(rune('0'+i))] = base64.RawURLEncoding.EncodeToString(changed)
		hostile["cut off: "+string(rune('0'+i))] = base64.RawURLEncoding.EncodeToString(raw[:i])
	}
	before := r.driver.operations()
	for name, value := range hostile {
		t.Run(name, func(t *testing.T) { r.refuses(browser{r.names.Session: value}, true) })
	}
	if n := r.driver.operations(); n != before {
		t.Errorf("%d store operations", n-before)
	}
}

func TestTwoCookiesOfTheNameAreBothRefused(t *testing.T) {
	r := newRig(t, session.Browser, false)
	b, _ := r.login()
	pair := r.names.Session + "=" + b[r.names.Session]
	for _, lines := range [][]string{{pair + "; " + pair}, {pair, pair}, {pair + "; " + r.names.Session + "=x"}} {
		before := r.driver.operations()
		found, cookies, _, err := r.Authenticate(t.Context(), &http.Request{Header: http.Header{"Cookie": lines}})
		if found != nil || err != nil || len(cookies) != 1 || cookies[0] != r.names.Clear(r.names.Session) || r.driver.operations() != before {
			t.Errorf("got %v, %q, %v", found, cookies, err)
		}
	}
}

func TestIdleAndAbsoluteLimits(t *testing.T) {
	for _, test := range []struct {
		name  string
		kind  session.Kind
		steps []time.Duration
		ends  bool // at the last step
	}{
		{"just within the idle limit", session.Browser, []time.Duration{idleLimit - time.Second}, false},
		{"at the idle limit", session.Browser, []time.Duration{idleLimit}, true},
		{"used in between", session.Browser, []time.Duration{8 * time.Hour, 8 * time.Hour, 8 * time.Hour}, false},
		{"idle kind, at the idle limit", session.Idle, []time.Duration{time.Hour, idleLimit}, true},
		{"fixed kind, idle all the time", session.Fixed, []time.Duration{lifetime - time.Second}, false},
		{"fixed kind, at the absolute limit", session.Fixed, []time.Duration{time.Hour, lifetime - time.Hour}, true},
		{"clock a little back", session.Browser, []time.Duration{-59 * time.Second}, false},
		{"clock far back", session.Browser, []time.Duration{-2 * time.Minute}, true},
		{"fixed kind, clock far back", session.Fixed, []time.Duration{-2 * time.Minute}, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := newRig(t, test.kind, false)
			b, _ := r.login()
			for i, d := range test.steps {
				r.pass(d)
				if test.ends && i == len(test.steps)-1 {
					r.process(firstSecret)
					before := r.driver.operations()
					r.refuses(b, true)
					if n := r.driver.operations() - before; n != 0 {
						t.Errorf("%d store operations", n)
					}
				} else {
					r.accepts(b)
				}
			}
		})
	}
}

func TestTheAbsoluteLimitHoldsHoweverMuchASessionIsUsed(t *testing.T) {
	for _, kind := range []session.Kind{session.Browser, session.Idle} {
		r := newRig(t, kind, false)
		b, _ := r.login()
		for r.now().Before(start.Add(lifetime - 6*time.Hour)) {
			r.pass(6 * time.Hour)
			r.accepts(b)
		}
		r.pass(6*time.Hour - time.Second)
		r.accepts(b)
		r.pass(time.Second)
		r.refuses(b, true)
	}
}

func TestAnOldCopyOfTheCookieIsIdleEvenIfTheSessionIsNot(t *testing.T) {
	r := newRig(t, session.Browser, false)
	b, _ := r.login()
	copied := b.only(r.names.Session)
	for range 3 {
		r.pass(6 * time.Hour)
		r.accepts(b)
	}
	r.refuses(copied, true)
}

func TestUseIsNotedInTheCookieAndNotInTheStore(t *testing.T) {
	r := newRig(t, session.Browser, false)
	b, _ := r.login()
	writes := r.driver.writes
	r.pass(idleLimit/20 - time.Second)
	if _, cookies := r.visit(b); len(cookies) != 0 {
		t.Errorf("touched early: %q", cookies)
	}
	r.pass(time.Second)
	if _, cookies := r.visit(b); len(cookies) != 1 {
		t.Errorf("at a twentieth of the idle limit: %q", cookies)
	}
	if _, cookies := r.visit(b); len(cookies) != 0 {
		t.Errorf("touched again at once: %q", cookies)
	}
	if r.driver.writes != writes {
		t.Errorf("%d writes", r.driver.writes-writes)
	}
}

func TestRetiredKeys(t *testing.T) {
	for _, kind := range []session.Kind{session.Browser, session.Fixed} {
		r := newRig(t, kind, false)
		b, _ := r.login()
		r.process(secondSecret, firstSecret)
		old := b.only(r.names.Session)
		if found, cookies := r.visit(b); found == nil || len(cookies) != 1 {
			t.Fatalf("%s: retired key: %v, %q", kind, found, cookies)
		}
		if found, cookies := r.visit(b); found == nil || len(cookies) != 0 {
			t.Errorf("%s: issued anew twice: %v, %q", kind, found, cookies)
		}
		r.process(secondSecret)
		before := r.driver.operations()
		r.refuses(old, true)
		if r.driver.operations() != before {
			t.Error("a cookie of a forgotten key reached the store")
		}
		// The record was sealed by the forgotten key, too.
		r.refuses(b, true)
	}
}

func TestAStoreThatFailsIsNotASession(t *testing.T) {
	r := newRig(t, session.Browser, false)
	b, begun := r.login()
	cause := errors.New("connection lost")
	r.process(firstSecret)
	r.driver.failing = cause
	found, cookies, _, err := r.Authenticate(t.Context(), b.request())
	if found != nil || cookies != nil || !errors.Is(err, session.ErrStore) || !errors.Is(err, cause) {
		t.Errorf("authenticate: got %v, %q, %v", found, cookies, err)
	}
	if s, cookies, err := r.Begin(t.Context(), record(), ""); s != nil || cookies != nil || !errors.Is(err, session.ErrStore) {
		t.Errorf("begin: got %v, %q, %v", s, cookies, err)
	}
	if cookies, err := r.End(t.Context(), begun.Ref); cookies != nil || !errors.Is(err, session.ErrStore) {
		t.Errorf("end: got %q, %v", cookies, err)
	}
	r.driver.failing = nil
	r.accepts(b)
}
