package config

import (
	"errors"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// webURL parses an absolute http or https URL without user, query or fragment.
func webURL(v string) (*url.URL, error) {
	u, err := url.Parse(v)
	switch {
	case err != nil:
		return nil, errors.New("is not a URL")
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, errors.New("must begin with https:// or http://")
	case u.Opaque != "" || u.Hostname() == "":
		return nil, errors.New("has no host")
	case !validHost(u):
		return nil, errors.New("has a host or port that is not valid; names beyond ASCII are written as xn--")
	case u.User != nil:
		return nil, errors.New("must not contain a user name or password")
	case u.RawQuery != "" || u.ForceQuery || strings.Contains(v, "#"):
		return nil, errors.New("must not have a query or fragment")
	}
	u.Host = strings.ToLower(u.Host)
	if (u.Scheme == "https" && u.Port() == "443") || (u.Scheme == "http" && u.Port() == "80") {
		u.Host = strings.TrimSuffix(u.Host, ":"+u.Port())
	}
	return u, nil
}

// validHost reports whether u's host is an IP address or a name of letters, digits,
// dashes, underscores and dots, and its port one that can be connected to.
func validHost(u *url.URL) bool {
	host, port := u.Hostname(), u.Port()
	if n, err := strconv.ParseUint(port, 10, 16); port != "" && (err != nil || n == 0) || port == "" && strings.HasSuffix(u.Host, ":") {
		return false
	}
	if strings.HasPrefix(u.Host, "[") {
		a, err := netip.ParseAddr(host)
		return err == nil && a.Zone() == ""
	}
	for i := 0; i < len(host); i++ {
		c := host[i]
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '.' || c == '-' || c == '_') {
			return false
		}
	}
	return host != "" && host[0] != '.' && len(host) <= 253
}

func parseOrigin(v string) (*url.URL, error) {
	u, err := webURL(v)
	if err != nil {
		return nil, err
	}
	if u.Path != "" && u.Path != "/" {
		return nil, errors.New("must not have a path; the gateway's own prefix is BASE_PATH")
	}
	u.Path = ""
	return u, nil
}

func origin(dst **url.URL) func(string) error {
	return func(v string) (err error) {
		*dst, err = parseOrigin(v)
		return err
	}
}

func origins(dst *[]*url.URL) func(string) error {
	return func(v string) error {
		return each(v, func(item string) error {
			u, err := parseOrigin(item)
			if err == nil {
				*dst = append(*dst, u)
			}
			return err
		})
	}
}

func issuer(dst **url.URL, raw *string) func(string) error {
	return func(v string) (err error) {
		if before, _, found := strings.Cut(v, "/.well-known/"); found && before != "" {
			return errors.New("is the address of a document; leave out /.well-known/ and what follows")
		}
		*dst, err = webURL(v)
		*raw = v
		return err
	}
}

func target(dst **url.URL) func(string) error {
	return func(v string) error {
		u, err := webURL(v)
		if err != nil {
			return err
		}
		u.Path = strings.TrimSuffix(u.Path, "/")
		if u.RawPath != "" || u.Path != "" && !plainPath(u.Path[1:]) {
			return errors.New("has a path that is not normalised or needs encoding")
		}
		*dst = u
		return nil
	}
}

func basePath(dst *string) func(string) error {
	return func(v string) error {
		v = strings.TrimSuffix(v, "/")
		if v == "" {
			return nil
		}
		if v[0] != '/' {
			return errors.New("must begin with /")
		}
		if !plainPath(v[1:]) {
			return errors.New("must be a path of letters, digits, dots, dashes and underscores")
		}
		*dst = v
		return nil
	}
}

// plainPath reports whether every segment of s is plain.
func plainPath(s string) bool {
	for segment := range strings.SplitSeq(s, "/") {
		if !plainSegment(segment) {
			return false
		}
	}
	return true
}

// plainSegment reports whether s needs no encoding and means nothing special.
func plainSegment(s string) bool {
	if s == "" || s == "." || s == ".." {
		return false
	}
	for i := 0; i < len(s); i++ {
		c := s[i]
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-._~", c) >= 0) {
			return false
		}
	}
	return true
}

// loopback reports whether u's host is a loopback address or localhost.
func loopback(u *url.URL) bool {
	host := u.Hostname()
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.IsLoopback()
}

// Endpoint is a setter for the address of a service that is given a secret: https,
// or http on a loopback address, without user, query or fragment. A slash at the
// end is dropped.
func Endpoint(dst **url.URL) func(string) error {
	return func(v string) error {
		u, err := webURL(v)
		if err != nil {
			return err
		}
		if err := secure(u); err != nil {
			return err
		}
		if u.Path = strings.TrimSuffix(u.Path, "/"); u.RawPath != "" || u.Path != "" && !plainPath(u.Path[1:]) {
			return errors.New("has a path that is not normalised or needs encoding")
		}
		*dst = u
		return nil
	}
}

// secure refuses addresses that others on the way can read: all but https, and http on this machine.
func secure(u *url.URL) error {
	if u.Scheme == "https" || u.Scheme == "http" && loopback(u) {
		return nil
	}
	return errors.New("must be https; http is accepted for loopback addresses only")
}
