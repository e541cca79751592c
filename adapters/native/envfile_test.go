package native

import (
	"strings"
	"testing"
)

func TestParseEnvFile(t *testing.T) {
	for _, c := range []struct{ name, in, want, err string }{
		{"plain", "APP_URL=https://a.example", "https://a.example", ""},
		{"value with =", "A=x=y==", "x=y==", ""},
		{"export", "export A=1", "1", ""},
		{"white space around", "  A = 1 \t", "1", ""},
		{"line ends of Windows", "A=1\r", "1", ""},
		{"byte order mark", "\ufeffA=1", "1", ""},
		{"empty", "A=", "", ""},
		{"double quotes", `A="a b"`, "a b", ""},
		{"escapes", `A="l1\nl2\t\"\\\$"`, "l1\nl2\t\"\\$", ""},
		{"single quotes are literal", `A='a\n$b'`, `a\n$b`, ""},
		{"comment after a quote", `A="a" # comment`, "a", ""},
		{"# in a value", "A=a#b", "a#b", ""},
		{"nothing is expanded", "A=$HOME", "$HOME", ""},
		{"no name", "=x", "", "is not NAME=value"},
		{"no =", "SECRETTEXT", "", "is not NAME=value"},
		{"lower case", "a=x", "", "is not NAME=value"},
		{"digit first", "1A=x", "", "is not NAME=value"},
		{"comment after a bare value", "A=a # b", "", "has a # after white space"},
		{"open double quote", `A="a`, "", "has no closing quote or an unknown escape"},
		{"unknown escape", `A="\q"`, "", "has no closing quote or an unknown escape"},
		{"open single quote", `A='a`, "", "has no closing quote"},
		{"text after a quote", `A="a"b`, "", "has text after the closing quote"},
		{"control character", "A=a\x00b", "", "contains a control character"},
	} {
		t.Run(c.name, func(t *testing.T) {
			lines, errs := parseEnvFile([]byte(c.in + "\n"))
			if c.err != "" {
				if len(lines) != 0 || len(errs) != 1 || errs[0].problem != c.err || errs[0].line != 1 {
					t.Errorf("got %+v, %+v", lines, errs)
				}
				return
			}
			if len(errs) != 0 || len(lines) != 1 || lines[0].value != c.want {
				t.Errorf("got %+v, %+v", lines, errs)
			}
		})
	}
}

// Whatever is read can be written in double quotes and is then read the same.
func FuzzParseEnvFile(f *testing.F) {
	f.Add([]byte("# comment\nexport A=1\nB=\"x\\ny\" # c\nC='$'\n"))
	f.Add([]byte("\ufeffA = \"\\\\\"\r\n=\nA=a # b\nA=\"\n"))
	quoter := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", `\r`)
	f.Fuzz(func(t *testing.T, data []byte) {
		lines, errs := parseEnvFile(data)
		if most := strings.Count(string(data), "\n") + 1; len(lines)+len(errs) > most {
			t.Fatalf("%d results from %d lines", len(lines)+len(errs), most)
		}
		for _, l := range lines {
			if !settingName(l.name) {
				t.Fatalf("name %q", l.name)
			}
			again, errs := parseEnvFile([]byte(l.name + `="` + quoter.Replace(l.value) + "\"\n"))
			if len(errs) != 0 || len(again) != 1 || again[0].name != l.name || again[0].value != l.value {
				t.Fatalf("%q came back as %+v, %+v", l.value, again, errs)
			}
		}
		for _, e := range errs {
			if e.name != "" && !settingName(e.name) {
				t.Fatalf("an error quotes %q", e.name)
			}
		}
	})
}

func TestDidYouMean(t *testing.T) {
	names := []string{"APP_URL", "COOKIE_SECRET", "COOKIE_NAME"}
	for in, want := range map[string]string{
		"COOKIE_SECERT": "did you mean COOKIE_SECRET?",
		"APPURL":        "did you mean APP_URL?",
		"PATH":          "otherwise",
		"":              "otherwise",
	} {
		if got := didYouMean(in, names, "otherwise"); got != want {
			t.Errorf("%s: %q, want %q", in, got, want)
		}
	}
}
