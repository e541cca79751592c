package conformance

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"
)

// errUnbound: a placeholder names a value that does not exist yet.
var errUnbound = errors.New("is not bound")

// scope holds what placeholders stand for during one run of a case. It is safe for
// concurrent use.
type scope struct {
	now     func() time.Time
	config  map[string]string
	secrets *canary
	// jar is the current step's; idToken makes the token of the answer at hand.
	jar      *jar
	idToken  func() (string, error)
	bindings *bindings
}

// bindings are the names that have a value.
type bindings struct {
	mu     sync.Mutex
	values map[string]string
}

// fork returns a copy whose bindings stay its own.
func (s *scope) fork() *scope {
	s.bindings.mu.Lock()
	defer s.bindings.mu.Unlock()
	c := *s
	c.bindings = &bindings{values: maps.Clone(s.bindings.values)}
	return &c
}

func (s *scope) bind(name, value string) {
	s.bindings.mu.Lock()
	defer s.bindings.mu.Unlock()
	s.bindings.values[name] = value
}

func (s *scope) lookup(name string) (string, bool) {
	s.bindings.mu.Lock()
	defer s.bindings.mu.Unlock()
	v, ok := s.bindings.values[name]
	return v, ok
}

// bound is lookup with an error for what is not there.
func (s *scope) bound(name string) (string, error) {
	if cookie, ok := strings.CutPrefix(name, "cookie."); ok {
		if v, ok := s.jar.value(cookie); ok {
			return v, nil
		}
		return "", fmt.Errorf("{%s} %w: the browser has no such cookie", name, errUnbound)
	}
	if v, ok := s.lookup(name); ok {
		return v, nil
	}
	return "", fmt.Errorf("{%s} %w", name, errUnbound)
}

// value computes a placeholder.
func (s *scope) value(p piece) (string, error) {
	switch p.name {
	case "new":
		return s.fresh(p.args[0])
	case "rep":
		n, err := strconv.Atoi(p.args[1])
		if err != nil || n < 0 || n > 32<<20 {
			return "", fmt.Errorf("{rep}: bad count %q", p.args[1])
		}
		return strings.Repeat(p.args[0], n), nil
	case "hex":
		b, err := hex.DecodeString(p.args[0])
		return string(b), err
	case "config":
		if v, ok := s.config[p.args[0]]; ok {
			return v, nil
		}
		return "", fmt.Errorf("{config %s}: no such setting", p.args[0])
	case "tamper":
		v, err := s.bound(p.args[0])
		if err != nil {
			return "", err
		}
		return tamper(v, p.args[1])
	case "escape":
		v, err := s.bound(p.args[0])
		return url.QueryEscape(v), err
	case "s256":
		v, err := s.bound(p.args[0])
		sum := sha256.Sum256([]byte(v))
		return base64.RawURLEncoding.EncodeToString(sum[:]), err
	case "pkce":
		v, err := s.fresh(p.args[0])
		sum := sha256.Sum256([]byte(v))
		return base64.RawURLEncoding.EncodeToString(sum[:]), err
	case "cookies":
		return s.jar.header(nil), nil
	case "idtoken":
		if s.idToken == nil {
			return "", errors.New("{idtoken} stands outside an answer")
		}
		return s.idToken()
	case "jkt":
		return thumbprint(p.args[0])
	case "basic":
		return base64.StdEncoding.EncodeToString([]byte(url.QueryEscape(s.config["CLIENT_ID"]) + ":" + url.QueryEscape(s.config["CLIENT_SECRET"]))), nil
	case "client_id":
		return s.config["CLIENT_ID"], nil
	}
	if offset, ok := strings.CutPrefix(p.name, "now"); ok && (offset == "" || strings.ContainsAny(offset[:1], "+-")) {
		n := 0
		if offset != "" {
			var err error
			if n, err = strconv.Atoi(offset); err != nil {
				return "", fmt.Errorf("{%s}: %w", p.name, err)
			}
		}
		return strconv.FormatInt(s.now().Unix()+int64(n), 10), nil
	}
	return s.bound(p.name)
}

// fresh returns the secret called name, drawn at its first use, by whichever of parallel
// requests is first: 256 bits that the canary watches for.
func (s *scope) fresh(name string) (string, error) {
	s.bindings.mu.Lock()
	defer s.bindings.mu.Unlock()
	if v, ok := s.bindings.values[name]; ok {
		return v, nil
	}
	b := make([]byte, 32)
	_, _ = rand.Read(b)
	v := base64.RawURLEncoding.EncodeToString(b)
	s.bindings.values[name] = v
	s.secrets.watch(name, v)
	return v, nil
}

// tamper replaces the byte of v at position at, counted from the end if negative.
func tamper(v, at string) (string, error) {
	i, err := strconv.Atoi(at)
	if i < 0 {
		i += len(v)
	}
	if err != nil || i < 0 || i >= len(v) {
		return "", fmt.Errorf("{tamper}: no byte %s in %d bytes", at, len(v))
	}
	b := []byte(v)
	if b[i] == 'A' {
		b[i] = 'Q'
	} else {
		b[i] = 'A'
	}
	return string(b), nil
}
