package demo

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
)

// maxHashed is how much of a body the hash in /api/echo covers.
const maxHashed = 1 << 20

// identityAnswer is the answer of /api/whoami.
type identityAnswer struct {
	User              string   `json:"user"`
	Email             string   `json:"email,omitempty"`
	PreferredUsername string   `json:"preferred_username,omitempty"`
	Name              string   `json:"name"`
	Groups            []string `json:"groups"`
}

// whoami answers 401 when nobody is logged in.
func whoami(w http.ResponseWriter, r *http.Request) {
	if !readOnly(w, r) {
		return
	}
	if r.Header.Get(headerUser) == "" {
		writeJSON(w, http.StatusUnauthorized, map[string]string{"error": "nobody is logged in"})
		return
	}
	groups := []string{}
	for g := range strings.SplitSeq(r.Header.Get(headerGroups), ",") {
		if g = decode(strings.TrimSpace(g)); g != "" {
			groups = append(groups, g)
		}
	}
	writeJSON(w, http.StatusOK, identityAnswer{
		User: value(r.Header, headerUser), Email: value(r.Header, headerEmail),
		PreferredUsername: value(r.Header, headerPreferredUsername), Name: displayName(r.Header), Groups: groups,
	})
}

// echoAnswer is the answer of /api/echo.
type echoAnswer struct {
	Method   string      `json:"method"`
	Host     string      `json:"host"`
	Path     string      `json:"path"`
	RawQuery string      `json:"raw_query"`
	Headers  http.Header `json:"headers"`
	BodySize int64       `json:"body_size"`
	// BodySHA256 is of the body's first MiB.
	BodySHA256 string `json:"body_sha256"`
	// BodyError is why the body ended early.
	BodyError string `json:"body_error,omitempty"`
}

// echo answers every method with what arrived. It holds no part of the body: a longer
// one is counted as it streams by.
func echo(w http.ResponseWriter, r *http.Request) {
	hash := sha256.New()
	n, err := io.Copy(hash, io.LimitReader(r.Body, maxHashed))
	if err == nil {
		var rest int64
		rest, err = io.Copy(io.Discard, r.Body)
		n += rest
	}
	a := echoAnswer{Method: r.Method, Host: r.Host, Path: r.URL.Path, RawQuery: r.URL.RawQuery, Headers: r.Header,
		BodySize: n, BodySHA256: hex.EncodeToString(hash.Sum(nil))}
	if err != nil {
		a.BodyError = "demo: body could not be read to its end"
		if errors.Is(err, io.ErrUnexpectedEOF) {
			a.BodyError = "demo: body ended early"
		}
	}
	writeJSON(w, http.StatusOK, a)
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.Encode(v)
}
