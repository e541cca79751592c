package session_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"gatehouse/core/cookie"
	"gatehouse/core/identity"
	"gatehouse/core/session"
)

var sealedValue = regexp.MustCompile(`=[A-Za-z0-9_-]{20,}`)

// shape is cookies with their sealed values replaced.
func shape(cookies []string) []string {
	out := slices.Clone(cookies)
	for i := range out {
		out[i] = sealedValue.ReplaceAllString(out[i], "={sealed}")
	}
	return out
}

func TestSetCookieOfEachKind(t *testing.T) {
	for _, test := range []struct {
		name    string
		kind    session.Kind
		dev     bool
		begin   string
		touched string // an hour later; empty: not touched
		late    string // touched within the last hour of the lifetime
		clear   string
	}{
		{"browser", session.Browser, false,
			"__Host-gatehouse={sealed}; Path=/; HttpOnly; Secure; SameSite=Lax",
			"__Host-gatehouse={sealed}; Path=/; HttpOnly; Secure; SameSite=Lax",
			"__Host-gatehouse={sealed}; Path=/; HttpOnly; Secure; SameSite=Lax",
			"__Host-gatehouse=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax"},
		{"idle", session.Idle, false,
			"__Host-gatehouse={sealed}; Path=/; Max-Age=43200; HttpOnly; Secure; SameSite=Lax",
			"__Host-gatehouse={sealed}; Path=/; Max-Age=43200; HttpOnly; Secure; SameSite=Lax",
			"__Host-gatehouse={sealed}; Path=/; Max-Age=1800; HttpOnly; Secure; SameSite=Lax",
			"__Host-gatehouse=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax"},
		{"fixed", session.Fixed, false,
			"__Host-gatehouse={sealed}; Path=/; Max-Age=1209600; HttpOnly; Secure; SameSite=Lax",
			"", "",
			"__Host-gatehouse=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax"},
		{"browser in development", session.Browser, true,
			"gatehouse-dev={sealed}; Path=/; HttpOnly; SameSite=Lax",
			"gatehouse-dev={sealed}; Path=/; HttpOnly; SameSite=Lax",
			"gatehouse-dev={sealed}; Path=/; HttpOnly; SameSite=Lax",
			"gatehouse-dev=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax"},
		{"idle in development", session.Idle, true,
			"gatehouse-dev={sealed}; Path=/; Max-Age=43200; HttpOnly; SameSite=Lax",
			"gatehouse-dev={sealed}; Path=/; Max-Age=43200; HttpOnly; SameSite=Lax",
			"gatehouse-dev={sealed}; Path=/; Max-Age=1800; HttpOnly; SameSite=Lax",
			"gatehouse-dev=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax"},
		{"fixed in development", session.Fixed, true,
			"gatehouse-dev={sealed}; Path=/; Max-Age=1209600; HttpOnly; SameSite=Lax",
			"", "",
			"gatehouse-dev=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax"},
	} {
		t.Run(test.name, func(t *testing.T) {
			expect := func(step string, cookies []string, want ...string) {
				t.Helper()
				if want[0] == "" {
					want = nil
				}
				if got := shape(cookies); !slices.Equal(got, want) {
					t.Errorf("%s:\n got %q\nwant %q", step, got, want)
				}
			}
			r := newRig(t, test.kind, test.dev)
			begun, cookies, err := r.Begin(t.Context(), record(), "")
			if err != nil {
				t.Fatal(err)
			}
			handover := strings.Replace(strings.Split(test.begin, ";")[0], "={", "-handover={", 1) + "; Path=/; Max-Age=120" +
				test.clear[strings.Index(test.clear, "; HttpOnly"):]
			expect("begin", cookies, test.begin, handover)
			b := browser{}
			b.take(cookies)
			r.pass(time.Hour)
			_, cookies = r.visit(b)
			expect("touched", cookies, test.touched)
			for r.now().Before(start.Add(lifetime - 8*time.Hour)) {
				r.pass(7 * time.Hour)
				r.visit(b)
			}
			r.pass(start.Add(lifetime - 30*time.Minute).Sub(r.now()))
			_, cookies = r.visit(b)
			expect("late", cookies, test.late)
			cookies, err = r.End(t.Context(), begun.Ref)
			if err != nil {
				t.Fatal(err)
			}
			expect("end", cookies, test.clear, strings.Replace(test.clear, "=;", "-handover=;", 1))
		})
	}
}

// The gateway accepts 8 KiB of cookies; its own must not use that up.
func TestTheGatewaysCookiesFitIntoTheHeaderItAccepts(t *testing.T) {
	names := cookie.NewNames(strings.Repeat("n", 32), false)
	r := newRig(t, session.Browser, false)
	largest := 0
	for n := range 40 {
		rec := record()
		rec.Identity = &identity.Identity{Subject: "alice", Name: strings.Repeat("x", 50*n)}
		_, cookies, err := r.Begin(t.Context(), rec, "")
		if err != nil {
			t.Fatal(err)
		}
		b := browser{}
		b.take(cookies)
		largest = max(largest, len(b[r.names.Handover]))
		if n == 0 && len(b[r.names.Session]) != 114 {
			t.Errorf("the session cookie has %d bytes", len(b[r.names.Session]))
		}
	}
	if largest < 1900 {
		t.Fatalf("the largest hand-over cookie seen has %d bytes", largest)
	}
	const logins, login, tag, between = 5, 1024, 11, 3
	total := len(names.Session) + 114 + between + len(names.Handover) + largest + between +
		logins*(len(names.LoginPrefix)+tag+login+between)
	if total > 8<<10 {
		t.Errorf("together they have %d bytes", total)
	}
}
