//go:build runtimes

package runtimes

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"gatehouse/core/kv"
)

// namespace answers for a KV namespace, as workerd asks it.
type namespace struct {
	store kv.Driver
	now   func() time.Time
}

func (n namespace) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	key, err := url.PathUnescape(strings.TrimPrefix(r.URL.EscapedPath(), "/"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	switch r.Method {
	case http.MethodGet:
		var value []byte
		if value, err = n.store.Get(r.Context(), key); err == nil {
			_, _ = w.Write(value)
		}
	case http.MethodPut:
		ttl, malformed := strconv.Atoi(r.URL.Query().Get("expiration_ttl"))
		value, broken := io.ReadAll(r.Body)
		if malformed != nil || broken != nil || ttl < 60 {
			http.Error(w, "Invalid expiration_ttl", http.StatusBadRequest)
			return
		}
		err = n.store.Put(r.Context(), key, value, n.now().Add(time.Duration(ttl)*time.Second))
	case http.MethodDelete:
		err = n.store.Delete(r.Context(), key)
	default:
		http.Error(w, "no such operation", http.StatusMethodNotAllowed)
		return
	}
	switch {
	case errors.Is(err, kv.ErrNotFound):
		http.Error(w, "not found", http.StatusNotFound)
	case err != nil && strings.Contains(err.Error(), "429"):
		http.Error(w, "Too Many Requests", http.StatusTooManyRequests)
	case err != nil:
		http.Error(w, "Internal Server Error", http.StatusInternalServerError)
	}
}
