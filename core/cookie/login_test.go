package cookie_test

import (
	"slices"
	"strings"
	"testing"

	"gatehouse/core/cookie"
)

func TestTagged(t *testing.T) {
	const prefix = "__Host-gatehouse-login-"
	if name := prefix + cookie.Tag("any state"); !cookie.Tagged(name, prefix) {
		t.Errorf("%s is not tagged", name)
	}
	for _, name := range []string{"", prefix, prefix + "0123456789", prefix + "0123456789ab", prefix + "0123456789=",
		prefix + "0123456789\n", prefix + "0123456789\xe4", "__Host-gatehouse-broker-0123456789a", "x" + prefix + "0123456789a"} {
		if cookie.Tagged(name, prefix) {
			t.Errorf("%q is tagged", name)
		}
	}
}

func TestMakeRoom(t *testing.T) {
	n := cookie.NewNames("gatehouse", false)
	login := func(tag string) string { return n.LoginPrefix + "-_34567890" + tag }
	program := func(tag string) string { return n.BrokerPrefix + "-_34567890" + tag }
	of := func(name string, size int) string { return name + "=" + strings.Repeat("v", size) }
	clear := func(names ...string) (all []string) {
		for _, name := range names {
			all = append(all, n.Clear(name))
		}
		return all
	}
	// Each name has 34 or 35 bytes; with "=" and "; " a login of 1024 takes 1061.
	five := []string{of(login("a"), 1024), of(login("b"), 1024), of(login("c"), 1024), of(login("d"), 1024)}
	for name, c := range map[string]struct {
		lines, removals []string
		size            int
		want            []string
	}{
		"nothing else":              {size: 1024},
		"the fifth login":           {lines: five, size: 1024},
		"a program beside them":     {lines: five, size: 1500, want: clear(login("a"))},
		"two give way":              {lines: five, size: 2048 + 900, want: clear(login("a"), login("b"))},
		"whichever kind":            {lines: append([]string{of(program("x"), 2000)}, five...), size: 1024, want: clear(program("x"))},
		"in one line":               {lines: []string{strings.Join(five, "; ")}, size: 1500, want: clear(login("a"))},
		"what goes anyway is gone":  {lines: five, removals: clear(login("c")), size: 1500, want: clear(login("c"))},
		"an old value of the name":  {lines: append(slices.Clone(five), of(login("n"), 1024)), size: 1024},
		"cookies of others stay":    {lines: []string{of("app", 8000), of(n.Session, 130), of(n.Handover, 2048), of(n.LoginPrefix+"x", 9000)}, size: 2048},
		"the new one is never less": {lines: five[:1], size: 6000, want: clear(login("a"))},
		"a name that occurs twice":  {lines: []string{of(login("a"), 2500), of(login("a"), 2500)}, size: 1024, want: clear(login("a"))},
	} {
		if got := n.MakeRoom(c.lines, c.removals, login("n"), strings.Repeat("v", c.size)); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
