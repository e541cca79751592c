package login_test

import (
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"gatehouse/core/login"
	"gatehouse/core/returnpath"
	"gatehouse/core/seal"
	"gatehouse/core/stepup"
)

// Whatever the header and state, Find returns a transaction of that state or none,
// Start answers with a bounded number of cookies that a header can hold, and ReturnPath
// tells a path on the same origin: one that was sealed here, or "/".
func FuzzFind(f *testing.F) {
	r, b := newRig(f, false), &browser{}
	x := r.start(b, "/path")
	f.Add(b.lines()[0], x.State)
	f.Add(b.lines()[0]+"; "+b.lines()[0], x.State)
	f.Add(r.names.LoginPrefix+"AAAAAAAAAAA=x", strings.Repeat("A", 43))
	f.Add("", x.State[:43])
	f.Add("", x.State+"A")
	f.Add("", x.State[:43]+r.keys.SealText(seal.LoginState, x.State[:43], []byte("/another")))
	f.Add("", "")
	f.Add(";;=;=;a=b=c;\x00\xff", "\r\n")
	f.Fuzz(func(t *testing.T, line, state string) {
		got, err := r.Find([]string{line}, state)
		switch {
		case err == nil && (got.State != state || got.Verifier.IsZero()):
			t.Errorf("got %+v for %q", got, state)
		case err != nil && (err != login.ErrNone || !reflect.DeepEqual(got, login.Transaction{})):
			t.Errorf("got %+v, %v", got, err)
		}
		if path := r.ReturnPath(state); path != "/" && (len(state) > 255 || returnpath.Parse(path, nil) != path) {
			t.Errorf("got path %q for %q", path, state)
		}
		_, cookies := r.Start([]string{line}, origin, "/", stepup.Demand{})
		for _, c := range cookies {
			if parsed, err := http.ParseSetCookie(c); err != nil || parsed.Path != "/" || !parsed.Secure || !parsed.HttpOnly || !r.names.Own(parsed.Name) {
				t.Errorf("%q: %v", c, err)
			}
		}
	})
}

func BenchmarkStart(b *testing.B) {
	for _, open := range []int{0, login.MaxOpen} {
		b.Run(fmt.Sprint(open, " open"), func(b *testing.B) {
			r, jar := newRig(b, false), &browser{}
			for range open {
				r.start(jar, "/a/return/path?q=1")
			}
			lines := jar.lines()
			b.ReportAllocs()
			for b.Loop() {
				r.Start(lines, origin, "/a/return/path?q=1", stepup.Demand{})
			}
		})
	}
}

func BenchmarkFind(b *testing.B) {
	r, jar := newRig(b, false), &browser{}
	x := r.start(jar, "/a/return/path?q=1")
	lines := jar.lines()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := r.Find(lines, x.State); err != nil {
			b.Fatal(err)
		}
	}
}
