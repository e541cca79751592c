package conformance

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
)

const (
	head     = "rule: A rule.\nspec: RFC 0\n"
	get      = "-- request --\nGET /\n"
	answered = "-- fetch --\nGET {upstream}/\n-- answer --\n200\n"
)

func TestParseCaseErrors(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"unknown key", head + "colour: red\n" + get + ok200, "colour: unknown key"},
		{"no colon", head + "colour\n" + get + ok200, "want key: value"},
		{"empty value", head + "config:\n" + get + ok200, "want key: value"},
		{"key twice", head + "rule: Another.\n" + get + ok200, "second rule"},
		{"unknown mode", head + "mode: singing\n" + get + ok200, `no mode is called "singing"`},
		{"mode twice", head + "mode: drip-feeding hanging\nmode: hanging\n" + get + ok200, "mode hanging twice"},
		{"unknown module", "rule: A rule.\nspec: RFC 0; oidcc-client-test-sings\n" + get + ok200, `no mode is called "oidcc-client-test-sings"`},
		{"module twice", "rule: A rule.\nspec: RFC 0; oidcc-client-test\nmode: oidcc-client-test\n" + get + ok200, "mode oidcc-client-test twice"},
		{"no rule", "spec: RFC 0\n" + get + ok200, "no rule"},
		{"no spec", "rule: A rule.\n" + get + ok200, "no spec"},
		{"no request", head, "no request"},
		{"unknown profile", head + "profile: weak\n" + get + ok200, `unknown profile "weak"`},
		{"profile twice", head + "profile: all strong\n" + get + ok200, "profile strong twice"},
		{"unknown provider", head + "provider: sitting\n" + get + ok200, "want standing"},
		{"bad reveal", head + "reveal: token everywhere\n" + get + ok200, "want NAME and one of"},
		{"bad setting", head + "set: NAME\n" + get + ok200, "want NAME=value"},
		{"bad discovery", head + "discovery: issuer\n" + get + ok200, "want NAME=JSON"},
		{"unknown key in the JWKS", head + "jwks: k9\n" + get + ok200, `unknown key "k9"`},

		{"unknown section", head + get + "-- reply --\n200\n", "unknown section"},
		{"unknown tag", head + get + ok200 + "-- response weak --\n200\n", `unknown word "weak"`},
		{"kv late", head + get + ok200 + "-- kv --\n", "not the first section"},
		{"kv line", head + "-- kv --\na b\n" + get + ok200, "want KEY SECONDS VALUE"},
		{"response first", head + ok200, "before the first request"},
		{"no response", head + get, "step 1 has no response"},
		{"no response in between", head + get + get + ok200, "step 1 has no response"},
		{"first response tagged", head + get + "-- response down --\n200\n", "is for every run"},
		{"fetch without answer", head + get + "-- fetch --\nGET {upstream}/\n" + ok200, "has no answer"},
		{"fetch after the response", head + get + ok200 + answered, "after the response"},
		{"answer without fetch", head + get + "-- answer --\n200\n" + ok200, "has no fetch"},
		{"count before the response", head + get + "-- count --\nfetch 0\n" + ok200, "before the response"},
		{"idtoken without fetch", head + get + "-- idtoken --\n{}\n" + ok200, "neither after a fetch"},

		{"unknown directive", head + "-- request --\n@fly\nGET /\n" + ok200, "@fly: unknown directive"},
		{"empty directive", head + "-- request --\n@\nGET /\n" + ok200, "empty directive"},
		{"directive argument", head + "-- request --\n@advance soon\nGET /\n" + ok200, "invalid duration"},
		{"directive arguments", head + "-- request --\n@peer 1 2\nGET /\n" + ok200, "2 arguments"},
		{"parallel", head + "-- request --\n@parallel 1\nGET /\n" + ok200, "not within 2 to 1000"},
		{"abort", head + "-- request --\n@abort never\nGET /\n" + ok200, "unknown moment"},
		{"site", head + "-- request --\n@navigate moon\nGET /\n" + ok200, "unknown site"},
		{"store", head + "-- request --\n@store weak\nGET /\n" + ok200, "unknown profile"},
		{"restart", head + "-- request --\n@restart NAME\nGET /\n" + ok200, "want NAME=value"},
		{"damage", head + "-- request --\n@kv burn\nGET /\n" + ok200, "unknown damage"},
		{"directive late", head + "-- request --\nGET /\n@advance 1s\n" + ok200, "want Name: value"},
		{"request line", head + "-- request --\nGET\n" + ok200, "want METHOD TARGET"},
		{"empty request", head + "-- request --\n" + ok200, "empty"},
		{"absent header in a request", head + "-- request --\nGET /\n!Cookie\n" + ok200, "in a message that is sent"},
		{"header line", head + "-- request --\nGET /\nCookie\n" + ok200, "want Name: value"},

		{"fetch line", head + get + "-- fetch --\nGET\n-- answer --\n200\n" + ok200, "want METHOD URL"},
		{"fetch directive", head + get + "-- fetch --\n@often\nGET /\n-- answer --\n200\n" + ok200, "unknown directive @often"},
		{"answer line", head + get + "-- fetch --\nGET /\n-- answer --\nmaybe\n" + ok200, "want STATUS"},
		{"answer size", head + get + "-- fetch --\nGET /\n-- answer --\nbig\n" + ok200, "want STATUS"},
		{"answer directive", head + get + "-- fetch --\nGET /\n-- answer --\n@slow\n200\n" + ok200, "unknown directive @slow"},
		{"response line", head + get + "-- response --\nOK\n", "want a status code"},
		{"response directive", head + get + "-- response --\n@x\n200\n", "unknown directive @x"},
		{"response expression", head + get + ok200 + "X-A: ~(\n", "missing closing"},
		{"cookie", head + get + ok200 + "Set-Cookie: a\n", "want NAME=VALUE or !NAME"},
		{"form", head + get + ok200 + "Location: / ? a\n", `want NAME=VALUE, not "a"`},
		{"json comparison", head + get + ok200 + "\njson a != 1\n", "unknown comparison"},
		{"the time in a response", head + get + ok200 + "\njson a == {now-1}\n", "@advance keeps the case"},
		{"json value", head + get + ok200 + "\njson a ==\n", "want PATH"},
		{"count", head + get + ok200 + "-- count --\nfetches 0\n", "unknown assertion"},
		{"count operation", head + get + ok200 + "-- count --\nkv.burn 0\n", "no operation"},
		{"count header", head + get + ok200 + "-- count --\nheader 0\n", "header without a name"},
		{"token key", head + get + "-- fetch --\nGET /\n-- idtoken --\nkey: k9\n\n{}\n-- answer --\n200\n" + ok200, `unknown key "k9"`},
		{"token header", head + get + "-- fetch --\nGET /\n-- idtoken --\nheader: x\n\n{}\n-- answer --\n200\n" + ok200, "header: invalid"},
		{"token line", head + get + "-- fetch --\nGET /\n-- idtoken --\ncolour: red\n\n{}\n-- answer --\n200\n" + ok200, "unknown line"},

		{"open placeholder", head + "-- request --\nGET /{a\n" + ok200, "no closing brace"},
		{"placeholder over two lines", head + get + ok200 + "\n{a\n}\n", "no closing brace"},
		{"unknown function", head + "-- request --\nGET /{upper a}\n" + ok200, "unknown placeholder function"},
		{"function arguments", head + "-- request --\nGET /{rep a}\n" + ok200, "with 1 arguments"},
		{"pattern of a function", head + "-- request --\nGET /{new:a}\n" + ok200, "takes no pattern"},
		{"pattern", head + get + ok200 + "X-A: {a:(}\n", "pattern of {a}"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, err := ParseCase("case", []byte(tt.text))
			if err == nil {
				t.Fatalf("accepted:\n%s", tt.text)
			}
			if c != nil {
				t.Error("a case together with an error")
			}
			if !strings.Contains(err.Error(), tt.want) {
				t.Errorf("want an error with %q, got: %v", tt.want, err)
			}
		})
	}
}

func TestTags(t *testing.T) {
	for _, tt := range []struct {
		tags string
		want bool
	}{
		{"", true}, {"stale60", true}, {"down", false}, {"down stale60", true}, {"!down", true},
		{"!stale60", false}, {"stale60+fresh", true}, {"stale60+kept", false}, {"!down+!fresh", false},
	} {
		if got := tags(strings.Fields(tt.tags)).match([]string{"stale60", "fresh"}); got != tt.want {
			t.Errorf("%q matches: %v", tt.tags, got)
		}
	}
}

func TestSuiteErrors(t *testing.T) {
	files := func(changes map[string]string) fs.FS {
		fsys := fstest.MapFS{}
		all := map[string]string{
			"ledger.txt": "", "testdata/config/default.env": "A=1\n",
			"testdata/flows/login.txtar": get + ok200, "testdata/cases/a.txtar": head + get + ok200,
		}
		for name, text := range changes {
			all[name] = text
		}
		for name, text := range all {
			fsys[name] = &fstest.MapFile{Data: []byte(text)}
		}
		return fsys
	}
	if _, err := loadSuite(files(nil)); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ name, file, text, want string }{
		{"stray file", "testdata/cases/a.txt", "", "ends in .txtar"},
		{"no such config", "testdata/cases/b.txtar", head + "config: none\n" + get + ok200, "no configuration"},
		{"no such flow", "testdata/cases/b.txtar", head + "begin: none\n" + get + ok200, `no flow "none"`},
		{"flows in a loop", "testdata/flows/login.txtar", "begin: login\n" + get + ok200, ""},
		{"bad config", "testdata/config/b.env", "A\n", "want NAME=value"},
		{"ledger platform", "ledger.txt", "moon a 2026-01-01 runtime: x\n", "unknown platform"},
		{"ledger date", "ledger.txt", "native a today runtime: x\n", "date today"},
		{"ledger reason", "ledger.txt", "native a 2026-01-01 because\n", "a reason begins with"},
		{"ledger line", "ledger.txt", "native a\n", "want PLATFORM CASE"},
	} {
		_, err := loadSuite(files(map[string]string{tt.file: tt.text}))
		if tt.want == "" {
			_, err = loadSuite(files(map[string]string{tt.file: tt.text, "testdata/cases/b.txtar": head + "begin: login\n"}))
			tt.want = "or a loop"
		}
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: want an error with %q, got %v", tt.name, tt.want, err)
		}
	}
	s, err := loadSuite(files(map[string]string{"ledger.txt": "native b 2026-01-01 runtime: x\n"}))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.excuses("native"); err == nil || !strings.Contains(err.Error(), "stale line: no case is b") {
		t.Errorf("a ledger line about no case: %v", err)
	}
}

func FuzzParseCase(f *testing.F) {
	_ = fs.WalkDir(testdata, "testdata", func(path string, _ fs.DirEntry, err error) error {
		if data, err := fs.ReadFile(testdata, path); err == nil && strings.HasSuffix(path, ".txtar") {
			f.Add(string(data))
		}
		return err
	})
	for _, a := range assertions {
		f.Add(head + a.text)
	}
	f.Fuzz(func(t *testing.T, data string) {
		c, err := ParseCase("case", []byte(data))
		if (c == nil) != (err != nil) {
			t.Errorf("case %v with error %v", c, err)
		}
		if err != nil {
			return
		}
		for _, st := range c.Steps {
			if len(st.responses) == 0 && st.request.abort != abortFetch {
				t.Errorf("step %d has no response", st.number)
			}
		}
		for _, p := range c.Profiles {
			if profiles[p] == nil {
				t.Errorf("unknown profile %s", p)
			}
		}
	})
}
