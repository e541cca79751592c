package login_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"gatehouse/core/login"
	"gatehouse/core/stepup"
)

func TestTabsInParallel(t *testing.T) {
	r, b := newRig(t, false), &browser{}
	var all []login.Transaction
	for i := range login.MaxOpen {
		r.time = r.time.Add(time.Second)
		all = append(all, r.start(b, fmt.Sprint("/", i)))
	}
	if len(b.names) != login.MaxOpen {
		t.Fatalf("%d cookies", len(b.names))
	}
	for _, x := range all {
		x.Started = time.UnixMilli(x.Started.UnixMilli())
		r.has(t, b, x, true)
	}
	for i := range 3 {
		r.time = r.time.Add(time.Second)
		r.start(b, "/more")
		if len(b.names) != login.MaxOpen {
			t.Errorf("%d cookies after one more", len(b.names))
		}
		r.has(t, b, all[i], false)
	}
	for _, x := range []login.Transaction{all[4], all[3]} {
		x.Started = time.UnixMilli(x.Started.UnixMilli())
		r.has(t, b, x, true)
		b.take(r.Finish(x.State))
		r.has(t, b, x, false)
	}
}

func TestStartRemovesWhatIsOverOrBroken(t *testing.T) {
	r, b := newRig(t, false), &browser{}
	expired := r.start(b, "/")
	r.time = r.time.Add(login.Timeout)
	fresh := r.start(&browser{}, "/")
	tag := func(s string) string { return r.names.LoginPrefix + s }
	b.take(tag("ABCDEFGHIJK")+"=garbage; Path=/", tag("aaaaaaaaaaa")+"=; Path=/", tag("bbbbbbbbbbb")+"="+b.values[0]+"; Path=/",
		"app=1; Path=/", r.names.Session+"=x; Path=/", r.names.Handover+"=x; Path=/")
	_, cookies := r.Start(b.lines(), origin, "/", stepup.Demand{})
	var removed []string
	for _, c := range cookies[:len(cookies)-1] {
		name, rest, _ := strings.Cut(c, "=")
		if rest != "; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax" {
			t.Errorf("not a removal: %q", c)
		}
		removed = append(removed, name)
	}
	want := []string{b.names[0], tag("ABCDEFGHIJK"), tag("aaaaaaaaaaa"), tag("bbbbbbbbbbb")}
	if !slices.Equal(removed, want) {
		t.Errorf("removed %q, want %q", removed, want)
	}
	r.has(t, b, expired, false)
	r.has(t, b, fresh, false)
}

func TestNamesThatWereNotMadeHereAreNotEchoed(t *testing.T) {
	r := newRig(t, false)
	p := r.names.LoginPrefix
	for _, name := range []string{p, p + "short", p + "toolongtoolong", p + "€€€12", p + "abc\x01defghij", p + "abc def ghi", p + "abc,def,ghi", p + `abc"def"ghi`, p + "abcdefghij\xff"} {
		if _, cookies := r.Start([]string{name + "=x"}, origin, "/", stepup.Demand{}); len(cookies) != 1 {
			t.Errorf("%q: %q", name, cookies)
		}
	}
}

func TestEvictionIsByAgeAndNotByOrder(t *testing.T) {
	r, b := newRig(t, false), &browser{}
	var all []login.Transaction
	for range login.MaxOpen {
		r.time = r.time.Add(time.Second)
		all = append(all, r.start(b, "/"))
	}
	slices.Reverse(b.names)
	slices.Reverse(b.values)
	r.start(b, "/")
	r.has(t, b, all[0], false)
	all[1].Started = time.UnixMilli(all[1].Started.UnixMilli())
	r.has(t, b, all[1], true)
}
