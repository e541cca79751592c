package access_test

import (
	"strings"
	"testing"

	"gatehouse/core/access"
)

func TestForms(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, text, want string }{
		{"one line", "* /* any", "* /* any\n"},
		{"semicolons", "* /a deny; * /* any", "* /a deny\n* /* any\n"},
		{"semicolon at the end", "* /* any;", "* /* any\n"},
		{"carriage returns", "* /a deny\r\n* /* any\r\n", "* /a deny\n* /* any\n"},
		{"byte order mark", "\ufeff* /* any", "* /* any\n"},
		{"tabs and blanks", "\t*\t/a  group=x&group=y |  role=z\n* /* any", "* /a group=x & group=y | role=z\n* /* any\n"},
		{"comment with a semicolon", "# one; two\n* /* any", "* /* any\n"},
		{"semicolon in quotes", `* /a group="x;y"; * /* any`, "* /a group=\"x;y\"\n* /* any\n"},
		{"slash at the end", "* /a/ deny\n* /* any", "* /a deny\n* /* any\n"},
		{"root", "* / deny\n* /* any", "* / deny\n* /* any\n"},
		{"one segment", "* /*/ deny\n* /* any", "* /*/ deny\n* /* any\n"},
		{"one segment in the middle", "* /a/*/b deny\n* /* any", "* /a/*/b deny\n* /* any\n"},
		{"path beyond ASCII", "* /caf%C3%A9/* deny\n* /* any", "* /caf%C3%A9/* deny\n* /* any\n"},
		{"domain in capitals", "* /* email-domain=EXAMPLE.com | email=Bob@Example.COM", "* /* email-domain=example.com | email=Bob@example.com\n"},
		{"quotes where none are needed", `* /* group="x"`, "* /* group=x\n"},
		{"text that looks like a number", `* /* claim:a="3"`, "* /* claim:a=\"3\"\n"},
		{"age", `* /* acr=urn:x:1 & max-age=90m | max-age="3600s"`, "* /* acr=urn:x:1 & max-age=1h30m0s | max-age=1h0m0s\n"},
		{"number", `* /* claim:a=3.0`, "* /* claim:a=3\n"},
		{"text that looks like none", `* /* claim:a=007 | claim:a=1.2.3 | claim:a=-x | claim:a=+1`, "* /* claim:a=007 | claim:a=1.2.3 | claim:a=-x | claim:a=+1\n"},
	} {
		rules, err := access.Parse(test.text)
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
		} else if got := rules.String(); got != test.want {
			t.Errorf("%s: got\n%swant\n%s", test.name, got, test.want)
		}
	}
}

func TestMistakesInALine(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, line, want string }{
		{"no path", "GET", "no path"},
		{"no requirement", "GET /a", "no requirement"},
		{"path first", "/a GET group=x", "where its path would be"},
		{"method in lower case", "get /a any", "not in upper case"},
		{"method twice", "GET,GET /a any", "twice"},
		{"blank between methods", "GET, POST /a any", "where its path would be"},
		{"* beside methods", "GET,* /a any", "beside other methods"},
		{"relative path", "GET a any", "where its path would be"},
		{"URL", "GET https://example.com/ any", "where its path would be"},
		{"query", "GET /a?b any", "canonical"},
		{"dot segments", "GET /a/../b any", "canonical"},
		{"double slash", "GET /a//b any", "canonical"},
		{"escape that is not needed", "GET /%61 any", "canonical"},
		{"escape in lower case", "GET /%c3%a9 any", "canonical"},
		{"raw path beyond ASCII", "GET /é any", "canonical"},
		{"encoded slash", "GET /a%2Fb any", "canonical"},
		{"wildcard in a segment", "GET /a* any", "not a whole segment"},
		{"wildcard before a suffix", "GET /*.js any", "not a whole segment"},
		{"character with two forms", "GET /@admin any", "two ways"},
		{"other form of it", "GET /%40admin any", "two ways"},
		{"encoded percent sign", "GET /a%25b any", "two ways"},
		{"unknown term", "GET /a grup=x", "unknown term"},
		{"negation", "GET /a !group=x", "unknown term"},
		{"word", "GET /a ANY", "unknown term"},
		{"no value", "GET /a group", "lacks a value"},
		{"empty value", "GET /a group=", "lacks a value"},
		{"empty value in quotes", `GET /a group=""`, "empty value"},
		{"blanks around =", "GET /a group = x", "lacks a value"},
		{"colon for =", "GET /a group:x", "lacks a value"},
		{"list of values", "GET /a group=x,y", "without quotes"},
		{"wildcard value", "GET /a group=*", "without quotes"},
		{"acr with a blank", `GET /a acr="gold silver"`, "authentication context class"},
		{"acr with a backslash", `GET /a acr="a\\b"`, "authentication context class"},
		{"two acr with &", "GET /a acr=x & acr=y", "two values of acr"},
		{"long acr", "GET /a acr=" + strings.Repeat("x", 100) + " | acr=" + strings.Repeat("y", 100), "longer than 200 bytes"},
		{"age without a unit", "GET /a max-age=300", "has the age"},
		{"age of parts of a second", "GET /a max-age=90.5s", "has the age"},
		{"age too small", "GET /a max-age=59s", "has the age"},
		{"age too large", "GET /a max-age=2161h", "has the age"},
		{"negative age", "GET /a max-age=-5m", "has the age"},
		{"two ages with &", "GET /a max-age=5m & max-age=6m", "two values of max-age"},
		{"parentheses", "GET /a (group=x)", "parentheses"},
		{"parentheses inside", "GET /a group=x & (group=y | group=z)", "parentheses"},
		{"two terms without an operator", "GET /a group=x group=y", "after"},
		{"comment", "GET /a group=x # why", "comment"},
		{"comment after a word", "GET /a verified-email # why", "comment"},
		{"open quote", `GET /a group="x`, "not closed"},
		{"quote inside", `GET /a group=x"y"`, "without quotes"},
		{"text after a quote", `GET /a group="x"y`, "after"},
		{"escape that does not exist", `GET /a group="\n"`, "unknown escape"},
		{"operator at the end", "GET /a group=x &", "lacks a term"},
		{"operator at the beginning", "GET /a | group=x", "lacks a term"},
		{"doubled operator", "GET /a group=x && group=y", "lacks a term"},
		{"any beside a term", "GET /a any | group=x", "has any beside"},
		{"deny beside a term", "GET /a group=x & deny", "has deny beside"},
		{"preflight beside a term", "OPTIONS /a preflight & group=x", "has preflight beside"},
		{"preflight for another method", "OPTIONS,GET /a preflight", "other methods than OPTIONS"},
		{"preflight for every method", "* /a preflight", "other methods than OPTIONS"},
		{"value for verified-email", "GET /a verified-email=true", "after"},
		{"term twice", "GET /a group=x & group=x", "twice"},
		{"two domains at once", "GET /a email-domain=a.com & email-domain=b.com", "two different addresses"},
		{"address without @", "GET /a email=alice", "not a plain e-mail address"},
		{"address with two @", "GET /a email=a@b@example.com", "not a plain e-mail address"},
		{"fullwidth @", "GET /a email=alice＠example.com", "not a plain e-mail address"},
		{"domain with @", "GET /a email-domain=@example.com", "not a domain"},
		{"domain beyond ASCII", "GET /a email-domain=bücher.example", "not a domain"},
		{"domain with a dot at the end", "GET /a email-domain=example.com.", "not a domain"},
		{"domain with a wildcard", `GET /a email-domain="*.example.com"`, "not a domain"},
		{"several scopes", `GET /a scope="read write"`, "not a scope"},
		{"claim without a name", "GET /a claim=x", "claim without a name"},
		{"claim with an empty name", "GET /a claim:=x", "claim without a name"},
		{"claim without a value", "GET /a claim:x", "lacks a value"},
		{"claim email", "GET /a claim:email=a@example.com", "whether it is verified or not"},
		{"claim that is null", "GET /a claim:x=null", "null"},
		{"number too large to be exact", "GET /a claim:x=9007199254740993", "too large"},
		{"number beyond a float", "GET /a claim:x=1e999", "too large"},
		{"no-break space", "GET /a\u00a0any", "cannot be seen (U+00A0)"},
		{"zero-width space", "GET /a group=x\u200b", "cannot be seen (U+200B)"},
		{"text that changes direction", "GET /a group=\u202ex", "cannot be seen (U+202E)"},
		{"NUL", "GET /a group=x\x00", "cannot be seen (U+0000)"},
		{"not UTF-8", "GET /a group=\xff", "UTF-8"},
		{"comment after a semicolon", "GET /a deny; # rest", "comment after a semicolon"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			all := mistakes(t, test.line+"\n* /* any")
			if len(all) != 1 || !strings.Contains(all[0].Problem, test.want) || all[0].Line < 1 {
				t.Errorf("got %d mistakes: %v", len(all), all)
			}
		})
	}
}

func TestEveryMistakeIsNamedWithItsLine(t *testing.T) {
	t.Parallel()
	all := mistakes(t, "get /a//b grup=x & role=\n\n# comment; more\nGET /ok any; POST /x;\n* /* any")
	want := []int{1, 1, 1, 1, 5}
	if len(all) != len(want) {
		t.Fatalf("got %v", all)
	}
	for i, line := range want {
		if all[i].Line != line {
			t.Errorf("mistake %d is in line %d: %v", i, line, all[i])
		}
	}
	if got := all[4].Error(); got != "line 5 has no requirement" {
		t.Errorf("got %q", got)
	}
}

func TestAListIsBounded(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"text":  strings.Repeat("#", 64<<10+1),
		"lines": strings.Repeat("* /* any;", 501),
		"terms": "* /* " + strings.Repeat("group=a | ", 100) + "group=b",
	} {
		if all := mistakes(t, text); len(all) != 1 {
			t.Errorf("%s: %v", name, all)
		}
	}
	long := mistakes(t, "* /* group="+strings.Repeat("ü*", 1000))
	if len(long[0].Error()) > 300 {
		t.Errorf("the message has %d bytes", len(long[0].Error()))
	}
}
