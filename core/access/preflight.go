package access

import (
	"net/http"
)

// overrides are headers that some frameworks take the method from, in lower case and
// letters only: to many applications X_Http_Method is X-Http-Method.
var overrides = []string{"xhttpmethod", "xhttpmethodoverride", "xmethodoverride"}

// Preflight reports whether r is a CORS preflight (Fetch standard, section 3.2.2)
// that a line lets pass to the application, which answers it. path is r's canonical
// path. Such a request is forwarded without an identity and without asking for a
// session: browsers send none with it. Nil rules let none pass.
//
// Lines are asked in their order, so that a preflight for a path and OPTIONS that an
// earlier line covers, or that resemble it, does not pass.
func (r *Rules) Preflight(req *http.Request, path string) bool {
	if r == nil || !isPreflight(req) || path == "" || path[0] != '/' {
		return false
	}
	odd := isOdd(path)
	for i := range r.lines {
		l := &r.lines[i]
		switch how := min(l.methods.fit(http.MethodOptions), l.pattern.fit(path, odd)); {
		case l.preflight && how == covered:
			return true
		case !l.preflight && how != apart:
			return false
		}
	}
	return false
}

// isPreflight is strict about what only browsers decide, because the request reaches
// the application from anybody: no body, no upgrade, no other method in disguise.
func isPreflight(r *http.Request) bool {
	if r.Method != http.MethodOptions || r.ContentLength > 0 || len(r.TransferEncoding) > 0 ||
		r.ContentLength != 0 && r.Body != nil && r.Body != http.NoBody {
		return false
	}
	h := r.Header
	origin, method := h["Origin"], h["Access-Control-Request-Method"]
	if len(origin) != 1 || origin[0] == "" || len(method) != 1 || !isToken(method[0]) || len(h["Upgrade"]) > 0 {
		return false
	}
	for name := range h {
		if isOverride(name) {
			return false
		}
	}
	return true
}

// isOverride compares the letters and digits of a header's name.
func isOverride(name string) bool {
	for _, rest := range overrides {
		for i := 0; i < len(name); i++ {
			if !isAlphanumeric(name[i]) {
				continue
			}
			if rest == "" || name[i]|0x20 != rest[0] {
				rest = "-"
				break
			}
			rest = rest[1:]
		}
		if rest == "" {
			return true
		}
	}
	return false
}

// isToken reports whether s is a token of RFC 9110, section 5.6.2.
func isToken(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; !isAlphanumeric(c) && !isMark(c) {
			return false
		}
	}
	return s != ""
}

func isMark(c byte) bool {
	switch c {
	case '!', '#', '$', '%', '&', '\'', '*', '+', '-', '.', '^', '_', '`', '|', '~':
		return true
	}
	return false
}
