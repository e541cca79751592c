package config

import (
	"errors"
	"net/http"
	"slices"
	"strings"
)

// environment takes the name of a deployment.
func environment(dst *string) func(string) error {
	return func(v string) error {
		for i := 0; i < len(v); i++ {
			switch c := v[i]; {
			case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_':
			default:
				return errors.New("is not a name")
			}
		}
		if len(v) > 32 {
			return errors.New("is longer than 32 characters")
		}
		*dst = v
		return nil
	}
}

// token reports whether s is a token of RFC 9110, section 5.6.2.
func token(s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0) {
			return false
		}
	}
	return s != ""
}

// untouchable headers carry the message itself; naming one for an identity or for
// removal is a mistake.
var untouchable = []string{"host", "connection", "keepalive", "contentlength", "contenttype", "contentencoding",
	"transferencoding", "upgrade", "te", "trailer", "expect", "cookie", "authorization"}

func checkHeaderName(v string) (string, error) {
	if !token(v) {
		return "", errors.New("is not a header name")
	}
	if f := fold(v); f == "" || slices.Contains(untouchable, f) {
		return "", errors.New("must not be used for this")
	}
	return http.CanonicalHeaderKey(v), nil
}

// taken are headers in which the gateway tells the application something else.
var taken = []string{"xforwardedfor", "xforwardedhost", "xforwardedproto", "xforwardedport",
	"xforwardedaccesstoken", "xrequestid", "forwarded"}

// headerName reads a header for an identity.
func headerName(dst *string) func(string) error {
	return func(v string) error {
		name, err := checkHeaderName(v)
		if err != nil {
			return err
		}
		if f := fold(name); slices.Contains(taken, f) || strings.HasPrefix(f, "xgatehouse") {
			return errors.New("is set by the gateway for something else")
		}
		*dst = name
		return nil
	}
}

// fold reduces a header name to lower-case letters and digits: applications commonly
// take names that differ in the rest for the same.
func fold(name string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, strings.ToLower(name))
}

func headerNames(dst *[]string) func(string) error {
	return func(v string) error {
		return each(v, func(item string) error {
			name, err := checkHeaderName(item)
			if err == nil {
				*dst = append(*dst, name)
			}
			return err
		})
	}
}

func cookieName(dst *string) func(string) error {
	return func(v string) error {
		if len(v) > 32 || !token(v) || strings.Trim(strings.ToLower(v), "abcdefghijklmnopqrstuvwxyz0123456789-") != "" || strings.HasPrefix(v, "__") {
			return errors.New("is not a plain cookie name")
		}
		*dst = v
		return nil
	}
}

// pathPatterns accepts "/a/b", "/a/*" and "/a/*/b"; see package proxy for their
// meaning.
func pathPatterns(dst *[]string) func(string) error {
	return func(v string) error {
		return each(v, func(item string) error {
			if item[0] != '/' {
				return errors.New("does not begin with /")
			}
			segments := strings.Split(item[1:], "/")
			for i, s := range segments {
				last := i == len(segments)-1
				if !plainSegment(s) && s != "*" && !(last && s == "") {
					return errors.New("is not a normalised path")
				}
			}
			*dst = append(*dst, item)
			return nil
		})
	}
}
