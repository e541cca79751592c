package stepup_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"gatehouse/core/stepup"
)

var now = time.Unix(1_800_000_000, 0)

func ago(d time.Duration) time.Time { return now.Add(-d) }

func TestUnmet(t *testing.T) {
	both := stepup.Demand{ACR: []string{"gold", "platinum"}, MaxAge: time.Minute}
	for name, c := range map[string]struct {
		d    stepup.Demand
		l    stepup.Login
		want string
	}{
		"nothing demanded, nothing known": {},
		"nothing known":                   {d: both, want: stepup.ReasonACR},
		"one of the values":               {d: both, l: stepup.Login{ACR: "platinum", Time: ago(time.Minute)}},
		"another value":                   {d: both, l: stepup.Login{ACR: "silver", Time: now}, want: stepup.ReasonACR},
		"another case":                    {d: both, l: stepup.Login{ACR: "Gold", Time: now}, want: stepup.ReasonACR},
		"both values in one":              {d: both, l: stepup.Login{ACR: "gold platinum", Time: now}, want: stepup.ReasonACR},
		"the empty value":                 {d: stepup.Demand{ACR: []string{""}}, want: stepup.ReasonACR},
		"no time":                         {d: both, l: stepup.Login{ACR: "gold"}, want: stepup.ReasonNoTime},
		"at the edge, with skew":          {d: both, l: stepup.Login{ACR: "gold", Time: ago(70 * time.Second)}},
		"beyond it":                       {d: both, l: stepup.Login{ACR: "gold", Time: ago(71 * time.Second)}, want: stepup.ReasonAge},
		"in the future within skew":       {d: both, l: stepup.Login{ACR: "gold", Time: ago(-10 * time.Second)}},
		"in the future":                   {d: both, l: stepup.Login{ACR: "gold", Time: ago(-11 * time.Second)}, want: stepup.ReasonNoTime},
		"only the value":                  {d: stepup.Demand{ACR: []string{"gold"}}, l: stepup.Login{ACR: "gold"}},
		"only the age":                    {d: stepup.Demand{MaxAge: time.Minute}, l: stepup.Login{Time: now}},
	} {
		if got := c.d.Unmet(c.l, now, 10*time.Second); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestAnd(t *testing.T) {
	d := func(age time.Duration, acr ...string) stepup.Demand { return stepup.Demand{ACR: acr, MaxAge: age} }
	for name, c := range map[string]struct {
		a, b, want stepup.Demand
		impossible bool
	}{
		"nothing":        {},
		"one is empty":   {a: d(60, "gold"), want: d(60, "gold")},
		"the other is":   {b: d(60, "gold"), want: d(60, "gold")},
		"the younger":    {a: d(60), b: d(30), want: d(30)},
		"the same":       {a: d(30), b: d(60), want: d(30)},
		"common values":  {a: d(0, "a", "b", "c"), b: d(5, "c", "b"), want: d(5, "b", "c")},
		"nothing common": {a: d(0, "a"), b: d(0, "b"), impossible: true},
	} {
		got, ok := c.a.And(c.b)
		if ok == c.impossible || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %+v, %v", name, got, ok)
		}
	}
}

func TestChallenge(t *testing.T) {
	for want, d := range map[string]stepup.Demand{
		`Bearer error="insufficient_user_authentication"`:                                       {},
		`Bearer error="insufficient_user_authentication", max_age="90"`:                         {MaxAge: 90 * time.Second},
		`Bearer error="insufficient_user_authentication", acr_values="a urn:b"`:                 {ACR: []string{"a", "urn:b"}},
		`Bearer error="insufficient_user_authentication", acr_values="a urn:b", max_age="3600"`: {ACR: []string{"a", "urn:b"}, MaxAge: time.Hour},
	} {
		if got := d.Challenge(); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"", "0", "0 gold", "300", "300 gold urn:x", " gold", "01 gold", "5  a", "-1 a", "5 a\"b", "99999999999", "+5"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, ok := stepup.Parse(s)
		if !ok {
			if !d.Empty() {
				t.Fatalf("%q is refused and demands %+v", s, d)
			}
			return
		}
		if d.Text() != s || len(s) > stepup.MaxText || d.Empty() != (s == "") {
			t.Fatalf("%q is %+v, which is %q", s, d, d.Text())
		}
		if strings.Count(d.Challenge(), `"`)%2 != 0 || strings.ContainsAny(d.Challenge(), "\r\n\\") {
			t.Fatalf("%q challenges %s", s, d.Challenge())
		}
	})
}
