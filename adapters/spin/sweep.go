package spin

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/binary"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"gatehouse/core/kv"
	"gatehouse/core/problem"
	"gatehouse/core/secret"
)

const (
	// maxSwept is how many records one sweep looks at.
	maxSwept = 500
	// sweepMargin is how long a record stays after its expiry, for clocks that differ.
	sweepMargin = time.Hour
)

// swept is what a sweep did.
type swept struct {
	Examined int `json:"examined"`
	Deleted  int `json:"deleted"`
	// Left is how many records of the store were not looked at.
	Left int `json:"left"`
}

// sweep deletes expired records of store: it looks at all, or at maxSwept that follow
// one another from a place that it draws, so that sweeps get everywhere in time.
func sweep(ctx context.Context, store *keyValue, now time.Time) (s swept, err error) {
	keys, err := ownKeys(ctx, store)
	if err != nil {
		return s, err
	}
	first := 0
	if len(keys) > maxSwept {
		var b [4]byte
		rand.Read(b[:]) // never fails
		first = int(binary.BigEndian.Uint32(b[:]) % uint32(len(keys)))
	}
	s.Left = max(len(keys)-maxSwept, 0)
	for i := range min(len(keys), maxSwept) {
		key := keys[(first+i)%len(keys)]
		raw, err := store.Get(ctx, key)
		if errors.Is(err, kv.ErrNotFound) {
			continue
		}
		if err != nil {
			return s, err
		}
		s.Examined++
		if expiry, ok := kv.Expiry(raw); !ok || now.Before(expiry.Add(sweepMargin)) {
			continue
		}
		if err := store.Delete(ctx, key); err != nil {
			return s, err
		}
		s.Deleted++
	}
	return s, nil
}

// ownKeys lists the keys of the gateway's records: the store may have others.
func ownKeys(ctx context.Context, store *keyValue) ([]string, error) {
	var own []string
	err := store.do(ctx, func(s KeyValue) error {
		all, err := s.Keys()
		for _, key := range all {
			for _, use := range []kv.Use{kv.Sessions, kv.Tokens, kv.Ends, kv.Broker, kv.Metadata, kv.Introspections} {
				if strings.HasPrefix(key, string(use)) {
					own = append(own, key)
				}
			}
		}
		return err
	})
	return own, err
}

// sweepPath follows the base path.
const sweepPath = "/api/sweep"

// sweeping answers POST requests for path that carry token with a sweep, and leaves
// others to next. Whoever schedules it learns numbers, and that the token is right.
func sweeping(next http.Handler, path string, token secret.Text, store *keyValue, log *slog.Logger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != path {
			next.ServeHTTP(w, r)
			return
		}
		credentials, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		switch {
		case r.Method != http.MethodPost:
			p := *problem.MethodNotAllowed
			p.Allow = http.MethodPost
			p.Write(w, false, "", nil)
			return
		case !bearer || subtle.ConstantTimeCompare([]byte(credentials), []byte(token.Reveal())) != 1:
			problem.LoginRequired.Write(w, false, "", nil)
			return
		}
		s, err := sweep(r.Context(), store, time.Now())
		if err != nil {
			log.Error("sweep", "error", err.Error())
			problem.StoreUnavailable.Write(w, false, "", nil)
			return
		}
		log.Info("sweep", "examined", s.Examined, "deleted", s.Deleted, "left", s.Left)
		body, _ := json.Marshal(s)
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		_, _ = w.Write(append(body, '\n'))
	})
}
