package cookie_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"gatehouse/core/cookie"
)

func TestSetCookieTexts(t *testing.T) {
	production, dev := cookie.NewNames("gatehouse", false), cookie.NewNames("gatehouse", true)
	for _, test := range []struct{ name, got, want string }{
		{"until the browser closes", production.Set(production.Session, "v", 0),
			"__Host-gatehouse=v; Path=/; HttpOnly; Secure; SameSite=Lax"},
		{"two minutes", production.Set(production.Handover, "v", 2*time.Minute),
			"__Host-gatehouse-handover=v; Path=/; Max-Age=120; HttpOnly; Secure; SameSite=Lax"},
		{"part of a second is not a removal", production.Set(production.Session, "v", time.Millisecond),
			"__Host-gatehouse=v; Path=/; Max-Age=1; HttpOnly; Secure; SameSite=Lax"},
		{"rounded up", production.Set(production.Session, "v", 1500*time.Millisecond),
			"__Host-gatehouse=v; Path=/; Max-Age=2; HttpOnly; Secure; SameSite=Lax"},
		{"removal", production.Clear(production.LoginPrefix + "tag"),
			"__Host-gatehouse-login-tag=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax"},
		{"development", dev.Set(dev.Session, "v", time.Hour),
			"gatehouse-dev=v; Path=/; Max-Age=3600; HttpOnly; SameSite=Lax"},
		{"removal in development", dev.Clear(dev.Handover),
			"gatehouse-dev-handover=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if test.got != test.want {
				t.Errorf("got  %s\nwant %s", test.got, test.want)
			}
			c, err := http.ParseSetCookie(test.got)
			if err != nil || c.Path != "/" || c.Domain != "" || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || len(c.Unparsed) != 0 {
				t.Errorf("parsed as %+v, %v", c, err)
			}
		})
	}
}

func TestOwn(t *testing.T) {
	names := cookie.NewNames("gatehouse", false)
	for name, want := range map[string]bool{
		"__Host-gatehouse": true, "__Host-gatehouse-handover": true, "__Host-gatehouse-login-abc": true,
		"gatehouse": false, "__host-gatehouse": false, "__Host-gatehouse2": false, "__Host-gatehouse-other": false,
		"gatehouse-dev": false, "": false, "__Host-": false,
	} {
		if got := names.Own(name); got != want {
			t.Errorf("%q is own: %v", name, got)
		}
	}
}

func TestFind(t *testing.T) {
	for _, test := range []struct {
		name  string
		lines []string
		value string
		count int
	}{
		{"no header", nil, "", 0},
		{"empty header", []string{""}, "", 0},
		{"alone", []string{"a=1"}, "1", 1},
		{"among others", []string{"b=2; a=1; c=3"}, "1", 1},
		{"no blank after the semicolon", []string{"b=2;a=1;c=3"}, "1", 1},
		{"blanks and tabs around", []string{"b=2; \t a \t=\t 1 \t;c"}, "1", 1},
		{"equals signs in the value", []string{"a=1=2=="}, "1=2==", 1},
		{"quotes stay", []string{`a="1"`}, `"1"`, 1},
		{"empty value", []string{"a="}, "", 1},
		{"no equals sign", []string{"a; b"}, "", 0},
		{"twice", []string{"a=1; a=2"}, "1", 2},
		{"in two lines", []string{"a=1", "a=2"}, "1", 2},
		{"part of a name", []string{"aa=1; a2=1; xa=1; A=1"}, "", 0},
		{"name in a value", []string{"b=a=1"}, "", 0},
		{"a comma does not separate", []string{"b=2, a=1"}, "", 0},
		{"only semicolons", []string{";;;;; ;"}, "", 0},
		{"attributes are no cookies of ours", []string{"$Version=1; a=1; $Path=/"}, "1", 1},
		{"line breaks do not separate", []string{"b=2\r\na=1"}, "", 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			if value, count := cookie.Find(test.lines, "a"); value != test.value || count != test.count {
				t.Errorf("got %q, %d, want %q, %d", value, count, test.value, test.count)
			}
		})
	}
}

// What is set is found again, whatever stands around it; reading invents nothing.
func FuzzEach(f *testing.F) {
	f.Add("a=1; b=2", "c=3")
	f.Add("", ";;")
	f.Add("=;=;a", "a==;\x00\xff=\t")
	f.Add(strings.Repeat("a=1;", 3000), " a = b ")
	f.Fuzz(func(t *testing.T, before, after string) {
		type pair struct{ name, value string }
		var all []pair
		cookie.Each([]string{before, after}, func(name, value string) {
			if strings.ContainsAny(name, ";=") || strings.Contains(value, ";") || strings.Trim(name, " \t") != name || strings.Trim(value, " \t") != value {
				t.Errorf("got %q=%q", name, value)
			}
			if !strings.Contains(before, name) && !strings.Contains(after, name) || !strings.Contains(before, value) && !strings.Contains(after, value) {
				t.Errorf("%q=%q is not there", name, value)
			}
			all = append(all, pair{name, value})
		})
		const name = "__Host-gatehouse"
		others := 0
		for _, p := range all {
			if p.name == name {
				others++
			}
		}
		line := before + ";" + name + "=value;" + after
		value, count := cookie.Find([]string{line}, name)
		if count != others+1 || others == 0 && value != "value" {
			t.Errorf("%q: got %q, %d times", line, value, count)
		}
		joined := 0
		cookie.Each([]string{before + ";" + after}, func(string, string) { joined++ })
		if joined != len(all) {
			t.Errorf("%d cookies in two lines, %d in one", len(all), joined)
		}
	})
}

func BenchmarkFind(b *testing.B) {
	lines := []string{"theme=dark; __Host-gatehouse=" + strings.Repeat("A", 114) + "; other=" + strings.Repeat("x", 200)}
	b.ReportAllocs()
	for b.Loop() {
		if _, n := cookie.Find(lines, "__Host-gatehouse"); n != 1 {
			b.Fatal(n)
		}
	}
}
