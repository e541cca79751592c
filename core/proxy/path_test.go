package proxy

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

func mustURL(t testing.TB, s string) *url.URL {
	t.Helper()
	u, err := url.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// testRules has the application under a path prefix and one raw area.
func testRules(t testing.TB, edit ...func(*Options)) *Rules {
	t.Helper()
	o := Options{
		Upstream:                mustURL(t, "http://app.internal:8081/base"),
		OwnCookie:               func(name string) bool { return strings.HasPrefix(name, "__Host-gatehouse") },
		Origins:                 []*url.URL{mustURL(t, "https://app.example.com")},
		PublicPaths:             []string{"/robots.txt", "/public/*", "/users/*/avatar"},
		EncodedSlashPaths:       []string{"/raw/*"},
		HeaderUser:              "X-Forwarded-User",
		HeaderEmail:             "X-Forwarded-Email",
		HeaderPreferredUsername: "X-Forwarded-Preferred-Username",
		HeaderGroups:            "X-Forwarded-Groups",
	}
	for _, f := range edit {
		f(&o)
	}
	return New(o)
}

// requestFor has the target as it stands in a request line.
func requestFor(target string) (*http.Request, error) {
	u, err := url.ParseRequestURI(target)
	if err != nil {
		return nil, err
	}
	return &http.Request{Method: "GET", URL: u, Host: "app.example.com", Header: http.Header{}}, nil
}

func TestPath(t *testing.T) {
	tests := []struct{ name, target, want string }{
		{"root", "/", "/"},
		{"plain path", "/a/b.html", "/a/b.html"},
		{"query is no part of it", "/admin?x=/public", "/admin"},
		{"trailing slash kept", "/a/", "/a/"},
		{"sub-delimiters kept raw", "/a!$&'()*+,;=:@b", "/a!$&'()*+,;=:@b"},
		{"sub-delimiters kept encoded", "/a%21%24%3b%3D", "/a%21%24%3B%3D"},
		{"unreserved decoded", "/%61%7e%2D%5f%2ex", "/a~-_.x"},
		{"escapes in upper case", "/%c3%a9", "/%C3%A9"},
		{"raw text outside ASCII escaped", "/é", "/%C3%A9"},
		{"raw delimiters escaped", `/a"<>^{|}[]` + "`", "/a%22%3C%3E%5E%7B%7C%7D%5B%5D%60"},
		{"encoded question mark and hash stay encoded", "/a%3fb%23c", "/a%3Fb%23c"},
		{"repeated slashes collapse", "/public//admin", "/public/admin"},
		{"leading slashes collapse", "///evil.example", "/evil.example"},
		{"trailing slashes collapse", "/a///", "/a/"},
		{"dot segments resolve", "/public/../admin", "/admin"},
		{"encoded dot segments resolve", "/public/%2e%2E/admin", "/admin"},
		{"half-encoded dot segments resolve", "/public/.%2e/admin", "/admin"},
		{"dot segment at the end leaves a slash", "/a/b/..", "/a/"},
		{"single dot at the end leaves a slash", "/a/.", "/a/"},
		{"never above the root", "/../../a", "/a"},
		{"root by dots", "/a/..", "/"},
		{"slashes collapse before dots resolve", "/a//../b", "/b"},
		{"names that begin with dots", "/.well-known/..a/...", "/.well-known/..a/..."},
		{"percent sign alone", "/100%25", "/100%25"},
		{"percent sign before harmless text", "/100%25abc", "/100%25abc"},
		{"parameters after a name", "/a;v=1/b", "/a;v=1/b"},
		{"encoded slash where it is allowed", "/raw/a%2fb", "/raw/a%2Fb"},
		{"encoded backslash where it is allowed", "/raw/a%5cb", "/raw/a%5Cb"},
		{"plain dots beside an allowed encoded slash", "/raw/x/../a%2fb", "/raw/a%2Fb"},
		{"absolute form", "http://app.example.com/a/../b", "/b"},
		{"absolute form without a path", "http://app.example.com", "/"},

		{"asterisk form", "*", ""},
		{"scheme of something else", "ftp://app.example.com/a", ""},
		{"user in the target", "http://user@app.example.com/", ""},
		{"opaque target", "mailto:a", ""},
		{"encoded slash", "/public/..%2fadmin", ""},
		{"encoded slash in a harmless place", "/a%2Fb", ""},
		{"encoded slash beside raw odd bytes", `/a"b/%2fc`, ""},
		{"encoded slash that a dot segment removes", "/a%2fb/../c", ""},
		{"encoded slash allowed by the path before dots only", "/raw/../a%2fb", ""},
		{"raw backslash", `/public\..\admin`, ""},
		{"encoded backslash", "/public/%5c..%5cadmin", ""},
		{"dots with a parameter", "/public/..;/admin", ""},
		{"dots with a parameter and a value", "/public/..;x=1/admin", ""},
		{"dot with a parameter", "/public/.;/admin", ""},
		{"encoded dots with a parameter", "/public/%2e%2e;/admin", ""},
		{"dots with an encoded semicolon", "/public/..%3b/admin", ""},
		{"dots with a doubly encoded semicolon", "/public/..%253B/admin", ""},
		{"dots with a parameter in the last segment", "/public/..;", ""},
		{"doubly encoded dots", "/public/%252e%252e/admin", ""},
		{"doubly encoded dots in upper case", "/public/%252E%252E/admin", ""},
		{"doubly encoded slash", "/a%252fb", ""},
		{"doubly encoded backslash", "/a%255cb", ""},
		{"doubly encoded NUL", "/a%2500", ""},
		{"triply encoded dots", "/%25252e", ""},
		{"doubly encoded through encoded digits", "/%25%32%65", ""},
		{"NUL", "/a%00", ""},
		{"carriage return", "/a%0d", ""},
		{"line feed", "/a%0A", ""},
		{"tab", "/a%09", ""},
		{"delete", "/a%7f", ""},
		{"C1 control character", "/a%c2%85", ""},
		{"invalid UTF-8", "/%ff", ""},
		{"Latin-1", "/caf%e9", ""},
		{"overlong slash", "/%c0%af", ""},
		{"overlong dot", "/%c0%ae%c0%ae/", ""},
		{"lone surrogate", "/%ed%a0%80", ""},
		{"truncated sequence at a slash", "/%c3/%a9", ""},
		{"raw hash", "/a#b", ""},
		{"traversal through an allowed encoded slash", "/raw/..%2f..%2fadmin", ""},
		{"traversal in the middle of an allowed encoded slash", "/raw/a%2f..%2fb", ""},
		{"traversal at the end of an allowed encoded slash", "/raw/a%2f..", ""},
		{"traversal through an allowed encoded backslash", "/raw/a%5c%2e%2e%5cb", ""},
		{"dots with a parameter after an allowed encoded slash", "/raw/a%2f..;%2fb", ""},
		{"too long", "/" + strings.Repeat("a", maxPath), ""},
		{"too long once escaped", "/" + strings.Repeat(`"`, maxPath/2), ""},
	}
	r := testRules(t)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			req, err := requestFor(test.target)
			if err != nil {
				t.Fatal(err)
			}
			got, err := r.Path(req)
			if got != test.want || (err == nil) != (test.want != "") || err != nil && !errors.Is(err, ErrPath) {
				t.Fatalf("Path(%q) = %q, %v; want %q", test.target, got, err, test.want)
			}
			if err == nil {
				checkForwarded(t, r, req, got)
			}
		})
	}
}

// What a parser of URLs would not let through must not get through either when an
// adapter assembles the URL itself.
func TestPathOfAssembledURL(t *testing.T) {
	tests := []struct {
		name string
		url  *url.URL
		want string
	}{
		{"decoded path only", &url.URL{Path: "/a b"}, "/a%20b"},
		{"decoded path with a line break", &url.URL{Path: "/a\r\nb"}, ""},
		{"raw path with a line break", &url.URL{Path: "/a\nb", RawPath: "/a\nb"}, ""},
		{"raw path with a NUL", &url.URL{Path: "/a\x00b", RawPath: "/a\x00b"}, ""},
		{"invalid escape", &url.URL{Path: "/a", RawPath: "/%zz"}, ""},
		{"truncated escape", &url.URL{Path: "/a", RawPath: "/a%2"}, ""},
		{"raw path of another path", &url.URL{Path: "/admin", RawPath: "/public"}, ""},
		{"relative", &url.URL{Path: "a"}, ""},
		{"empty", &url.URL{}, ""},
		{"authority form", &url.URL{Host: "app.example.com:443"}, "/"},
		{"none", nil, ""},
	}
	r := testRules(t)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := r.Path(&http.Request{Method: "GET", URL: test.url})
			if got != test.want || (err == nil) != (test.want != "") {
				t.Fatalf("= %q, %v; want %q", got, err, test.want)
			}
		})
	}
}

// checkForwarded asserts what every accepted path must satisfy.
func checkForwarded(t *testing.T, r *Rules, req *http.Request, path string) {
	t.Helper()
	if again, err := canonical(path, r.slashes); again != path || err != nil {
		t.Fatalf("%q is not a fixed point: %q, %v", path, again, err)
	}
	if !strings.HasPrefix(path, "/") || strings.Contains(path, "//") || strings.ContainsFunc(path, func(c rune) bool { return c <= ' ' || c >= 0x7f || c == '\\' }) {
		t.Fatalf("%q is not canonical", path)
	}
	for segment := range strings.SplitSeq(strings.NewReplacer("%2F", "/", "%5C", "/").Replace(path), "/") {
		if segment == "." || segment == ".." || strings.HasPrefix(segment, "..;") || strings.HasPrefix(segment, ".;") {
			t.Fatalf("%q has a dot segment", path)
		}
	}
	out, err := r.Outgoing(req, path, Additions{})
	if err != nil {
		if errors.Is(err, ErrPath) && strings.ContainsFunc(req.URL.RawQuery, func(c rune) bool { return c <= ' ' || c == 0x7f || c == '#' }) {
			return
		}
		t.Fatalf("Outgoing: %v", err)
	}
	if got, want := out.URL.EscapedPath(), r.escapedPrefix+path; got != want {
		t.Fatalf("forwarded as %q, want %q", got, want)
	}
	parsed, err := url.ParseRequestURI(out.URL.RequestURI())
	if err != nil || parsed.EscapedPath() != r.escapedPrefix+path || parsed.Path != out.URL.Path || parsed.RawQuery != req.URL.RawQuery {
		t.Fatalf("the application reads %q as %v, %v", out.URL.RequestURI(), parsed, err)
	}
	if strings.Contains(path, "%2F") || strings.Contains(path, "%5C") {
		return
	}
	// Decoded once by the application and encoded again, it is still the same.
	if again, err := canonical((&url.URL{Path: parsed.Path}).EscapedPath(), nil); err != nil {
		t.Fatalf("decoded form of %q refused: %q, %v", path, again, err)
	}
}

func FuzzPath(f *testing.F) {
	for _, seed := range []string{
		"/", "/a/../b", "/%2e%2e;/x", "/raw/a%2fb", "/raw/%5c..%2f", "/%252e", "/%25%32%65", "/é", "/%c0%af",
		"//a//", "/a?b=/../c", "/..;/", "/a%3b", `/a"%2f`, "http://u@h/p", "/raw/%2f/%2F..%3B", "/.%2e./.",
	} {
		f.Add(seed)
	}
	r := testRules(f)
	f.Fuzz(func(t *testing.T, target string) {
		req, err := requestFor(target)
		if err != nil {
			return
		}
		path, err := r.Path(req)
		if err != nil {
			if path != "" || !errors.Is(err, ErrPath) {
				t.Fatalf("Path = %q, %v", path, err)
			}
			return
		}
		if again, err := r.Path(req); again != path || err != nil {
			t.Fatalf("two answers: %q and %q, %v", path, again, err)
		}
		checkForwarded(t, r, req, path)
	})
}

func TestPatterns(t *testing.T) {
	tests := []struct {
		name, pattern string
		yes, no       []string
	}{
		{"exact", "/robots.txt", []string{"/robots.txt"}, []string{"/robots.txt/", "/robots.txtx", "/Robots.txt", "/a/robots.txt", "/"}},
		{"everything below", "/assets/*", []string{"/assets/", "/assets/a", "/assets/a/b/"}, []string{"/assets", "/assetsx/a", "/Assets/a", "/"}},
		{"everything", "/*", []string{"/", "/a", "/a/b"}, nil},
		{"root only", "/", []string{"/"}, []string{"/a"}},
		{"one segment", "/users/*/avatar", []string{"/users/7/avatar"}, []string{"/users//avatar", "/users/avatar", "/users/7/8/avatar", "/users/7/avatar/", "/users/7/avatars", "/users/7"}},
		{"one segment first", "/*/public", []string{"/a/public"}, []string{"/public", "/a/b/public", "/a/public/"}},
		{"one segment and everything below", "/t/*/public/*", []string{"/t/1/public/", "/t/1/public/a/b"}, []string{"/t/1/public", "/t/1/private/a", "/t/public/a"}},
		{"slash at the end", "/a/*/", []string{"/a/b/"}, []string{"/a/b", "/a/b/c", "/a//"}},
		{"star within a segment is literal", "/a*b", []string{"/a*b"}, []string{"/axb"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := newPatterns([]string{"/unrelated", "/unrelated/*", test.pattern})
			for _, path := range test.yes {
				if !p.match(path) {
					t.Errorf("%q does not match %q", test.pattern, path)
				}
			}
			for _, path := range append(test.no, "", "assets/a", "*") {
				if p.match(path) {
					t.Errorf("%q matches %q", test.pattern, path)
				}
			}
		})
	}
}

func TestPublic(t *testing.T) {
	r := testRules(t)
	for target, want := range map[string]bool{
		"/public/a":                  true,
		"/robots.txt?x":              true,
		"/%72obots.txt":              true,
		"/x/../public/a":             true,
		"/admin?x=/public/a":         false,
		"/public/../admin":           false,
		"/public/%2e%2e/admin":       false,
		"/public":                    false,
		"/PUBLIC/a":                  false,
		"/robots.txt/../admin":       false,
		"/users/1/avatar/../secrets": false,
	} {
		req, err := requestFor(target)
		if err != nil {
			t.Fatal(err)
		}
		path, err := r.Path(req)
		if err != nil {
			t.Fatal(err)
		}
		if got := r.Public(path); got != want {
			t.Errorf("Public(%q of %q) = %v", path, target, got)
		}
	}
}

func TestPublicAllocatesNothing(t *testing.T) {
	r := testRules(t)
	if n := testing.AllocsPerRun(100, func() { r.Public("/users/1234/avatars/big") }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkPath(b *testing.B) {
	r := testRules(b)
	for name, target := range map[string]string{
		"plain":   "/assets/app/main.4f2a.js?v=1",
		"escapes": "/files/%e3%81%82/a%20b/../c",
	} {
		b.Run(name, func(b *testing.B) {
			req, err := requestFor(target)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := r.Path(req); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
