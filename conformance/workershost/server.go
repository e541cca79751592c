package workershost

import (
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// methods are those that the runtime's HTTP server accepts.
var methods = []string{
	"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "PURGE", "OPTIONS", "TRACE", "COPY", "LOCK", "MKCOL", "MOVE",
	"PROPFIND", "PROPPATCH", "SEARCH", "UNLOCK", "ACL", "REPORT", "MKACTIVITY", "CHECKOUT", "MERGE", "M-SEARCH",
	"NOTIFY", "SUBSCRIBE", "UNSUBSCRIBE", "QUERY", "BAN",
}

// refuse returns the answer of the runtime's HTTP server to what it does not pass on
// to a Worker; nil stands for none.
func refuse(r *http.Request) *http.Response {
	switch {
	case !validTarget(r.RequestURI):
		return plain(r, http.StatusBadRequest, "invalid URI")
	case r.Method == http.MethodConnect:
		return plain(r, http.StatusInternalServerError, "Internal Server Error")
	case !slices.Contains(methods, r.Method):
		return plain(r, http.StatusNotImplemented, "ERROR: Unrecognized request method.")
	}
	return nil
}

// validTarget reports whether the server can parse the request target.
func validTarget(t string) bool {
	path, query, _ := strings.Cut(t, "?")
	if path == "" {
		return false
	}
	for i := range len(path) {
		if c := path[i]; c <= ' ' || strings.IndexByte("<>`", c) >= 0 {
			return false
		} else if c == '#' {
			return true
		}
	}
	for i := range len(query) {
		if c := query[i]; c <= ' ' || strings.IndexByte("\"<>", c) >= 0 {
			return false
		} else if c == '#' {
			return true
		}
	}
	return true
}

// plain is an answer of the server itself.
func plain(r *http.Request, status int, text string) *http.Response {
	return &http.Response{
		Status: strconv.Itoa(status) + " " + http.StatusText(status), StatusCode: status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r,
		Header:        http.Header{"Content-Length": {itoa(int64(len(text)))}, "Content-Type": {"text/plain"}},
		ContentLength: int64(len(text)), Body: io.NopCloser(strings.NewReader(text)),
	}
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }
