package session_test

import (
	"testing"
	"time"

	"gatehouse/core/session"
)

func TestWhyThereIsNoSession(t *testing.T) {
	for _, test := range []struct {
		name string
		kind session.Kind
		then func(r *rig, ref string)
		want string
	}{
		{"in use", session.Browser, func(*rig, string) {}, ""},
		{"idle", session.Browser, func(r *rig, _ string) { r.pass(idleLimit) }, session.WhyIdle},
		{"fixed, at its end", session.Fixed, func(r *rig, _ string) { r.pass(lifetime) }, session.WhyAbsolute},
		{"clock back", session.Browser, func(r *rig, _ string) { r.pass(-time.Minute) }, session.WhyFuture},
		{"ended", session.Browser, func(r *rig, ref string) {
			if err := r.Revoke(t.Context(), ref); err != nil {
				t.Fatal(err)
			}
		}, session.WhyEnded},
		{"not in the store", session.Browser, func(r *rig, _ string) {
			r.process(firstSecret)
			r.driver.missing = true
			r.pass(session.HandoverTime)
		}, session.WhyMissing},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := newRig(t, test.kind, false)
			b, begun := r.login()
			test.then(r, begun.Ref)
			found, _, why, err := r.Authenticate(t.Context(), b.request())
			if err != nil || why != test.want || (found == nil) != (why != "") {
				t.Errorf("got %v, %q, %v; want %q", found, why, err, test.want)
			}
		})
	}
	r := newRig(t, session.Browser, false)
	b := browser{r.names.Session: "made-up"}
	if _, _, why, err := r.Authenticate(t.Context(), b.request()); why != "" || err != nil {
		t.Errorf("a cookie of somebody else: %q, %v", why, err)
	}
}

// Used until the end, and in memory there, a session is past its absolute limit.
func TestWhyAUsedSessionIsOver(t *testing.T) {
	r := newRig(t, session.Browser, false)
	b, _ := r.login()
	for r.now().Sub(start) < lifetime-10*time.Hour {
		r.accepts(b)
		r.pass(10 * time.Hour)
	}
	r.accepts(b)
	r.pass(start.Add(lifetime - time.Second).Sub(r.now()))
	r.accepts(b)
	r.pass(time.Second)
	if found, _, why, err := r.Authenticate(t.Context(), b.request()); found != nil || why != session.WhyAbsolute || err != nil {
		t.Errorf("got %v, %q, %v", found, why, err)
	}
}
