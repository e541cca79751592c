package proxy

import (
	"net/http"
	"reflect"
	"strings"
	"testing"
)

func TestOwnCookiesAreRemoved(t *testing.T) {
	tests := []struct {
		name     string
		in, want []string
	}{
		{"only our own", []string{"__Host-gatehouse=x"}, nil},
		{"none of our own", []string{`a=1;b="x, y";;  c `}, []string{`a=1;b="x, y";;  c `}},
		{"first", []string{"__Host-gatehouse=x; a=1; b=2"}, []string{"a=1; b=2"}},
		{"middle", []string{"a=1; __Host-gatehouse=x; b=2"}, []string{"a=1; b=2"}},
		{"last", []string{"a=1; b=2; __Host-gatehouse=x"}, []string{"a=1; b=2"}},
		{"several", []string{"__Host-gatehouse=x; a=1; __Host-gatehouse-login-1=y; __Host-gatehouse=z; b=2"}, []string{"a=1; b=2"}},
		{"value with an equals sign", []string{"a=b=c=; __Host-gatehouse=x=y"}, []string{"a=b=c="}},
		{"odd bytes of others", []string{"a=\xff%zz\"\\; __Host-gatehouse=x;c=,"}, []string{"a=\xff%zz\"\\;c=,"}},
		{"blanks around the name", []string{"a=1;\t __Host-gatehouse \t= x; b=2"}, []string{"a=1; b=2"}},
		{"without a value", []string{"__Host-gatehouse; a=1"}, []string{"a=1"}},
		{"nameless cookie that reads like ours", []string{"a=1; =__Host-gatehouse=x"}, []string{"a=1"}},
		{"our name as a value", []string{"a=__Host-gatehouse"}, []string{"a=__Host-gatehouse"}},
		{"semicolon at the end", []string{"a=1; __Host-gatehouse=x;"}, []string{"a=1;"}},
		{"nothing but separators left", []string{" ; __Host-gatehouse=x; "}, nil},
		{"several lines", []string{"__Host-gatehouse=x", "a=1", "b=2; __Host-gatehouse=y"}, []string{"a=1", "b=2"}},
	}
	r := testRules(t)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := forward(t, r, http.Header{"Cookie": test.in}, Additions{})["Cookie"]; !reflect.DeepEqual(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func FuzzCookieHeader(f *testing.F) {
	for _, seed := range []string{"a=1; own=x; b=2", "own=x", "; =own=1;;", "a=own; own ; b", "own=1; \t x=2;", "\xff;own=\x00"} {
		f.Add(seed)
	}
	own := func(name string) bool { return name == "own" }
	f.Fuzz(func(t *testing.T, line string) {
		got := withoutOwnCookies(line, own)
		if again := withoutOwnCookies(got, own); again != got {
			t.Fatalf("%q, then %q", got, again)
		}
		var want []string
		removed := false
		for pair := range strings.SplitSeq(line, ";") {
			if own(cookieName(pair)) {
				removed = true
			} else {
				want = append(want, pair)
			}
		}
		if !removed {
			if got != line {
				t.Fatalf("%q became %q", line, got)
			}
			return
		}
		// The line may lose blanks at its beginning, and is dropped when empty.
		joined := strings.TrimLeft(strings.Join(want, ";"), " \t;")
		if rest := strings.TrimLeft(got, " \t;"); rest != joined && !(got == "" && strings.Trim(joined, "; \t") == "") {
			t.Fatalf("%q became %q, want %q", line, got, joined)
		}
		if strings.Contains(got, "own") && !strings.Contains(joined, "own") {
			t.Fatalf("%q is left in %q", "own", got)
		}
	})
}
