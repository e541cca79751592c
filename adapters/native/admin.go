package native

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"time"

	"gatehouse/core"
)

// Sessions is what a gateway offers to its administrator. Methods are safe for
// concurrent use.
type Sessions interface {
	// List returns at most limit sessions and a cursor for the next page, empty when
	// there is none. A page may be empty although a further one is not.
	List(ctx context.Context, cursor string, limit int) ([]SessionInfo, string, error)
	// Revoke ends the session. [ErrNoSession] says that there is none; an
	// implementation that cannot tell returns nil.
	Revoke(ctx context.Context, id string) error
	// RevokeSubject ends all sessions of subject that began until now. [ErrNoSubjects]
	// says that the gateway is not set up for it.
	RevokeSubject(ctx context.Context, subject string) error
}

// Tokens is what a gateway offers to its administrator about access tokens. Clear drops
// the provider's answers about all of them and returns how many records the store lost;
// [ErrNoAnswers] says that there never are any. It is safe for concurrent use.
type Tokens interface {
	Clear(ctx context.Context) (removed int, err error)
}

// ErrNoAnswers is returned by Tokens.Clear where the provider is not asked about access
// tokens.
var ErrNoAnswers = errors.New("native: no answers about access tokens are kept")

// ErrNoSession is returned by Sessions.Revoke for an unknown id.
var ErrNoSession = errors.New("native: no such session")

// ErrNoSubjects is returned by Sessions.RevokeSubject where sessions are not looked up by
// subject.
var ErrNoSubjects = errors.New("native: sessions cannot be ended by subject")

// SessionInfo describes one session. ID is the hash under which the session is
// stored: knowing it does not let anyone use the session.
type SessionInfo struct {
	ID                string    `json:"id"`
	Subject           string    `json:"subject"`
	PreferredUsername string    `json:"preferred_username,omitempty"`
	Email             string    `json:"email,omitempty"`
	Created           time.Time `json:"created"`
	Expires           time.Time `json:"expires"`
}

// sessionPage is the answer to GET /sessions.
type sessionPage struct {
	Sessions []SessionInfo `json:"sessions"`
	Next     string        `json:"next,omitempty"`
}

// clearing is the answer to DELETE /tokens.
type clearing struct {
	Removed int `json:"removed"`
}

type adminError struct {
	Error string `json:"error"`
}

// sessionID is the form of every id that List returns.
var sessionID = regexp.MustCompile(`^[A-Za-z0-9_-]{16,128}$`)

const (
	adminPage    = 100
	adminPageMax = 1000
)

// newAdmin serves GET /sessions?cursor=&limit=, DELETE /sessions/{id}, DELETE
// /sessions?subject=, DELETE /tokens and GET /metrics.
// Whoever can connect may do all of it: the socket's mode is the access control.
func newAdmin(sessions Sessions, tokens Tokens, counters func() []core.Count, log *slog.Logger) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /metrics", metrics(counters))
	mux.HandleFunc("DELETE /tokens", func(w http.ResponseWriter, r *http.Request) {
		removed, err := tokens.Clear(r.Context())
		switch {
		case errors.Is(err, ErrNoAnswers):
			answer(w, http.StatusNotFound, adminError{"this gateway keeps no answers about access tokens: BEARER_TOKENS is not introspection"})
		case err != nil:
			log.Error("clearing answers about access tokens failed", "removed", removed, "error", err)
			answer(w, http.StatusInternalServerError, adminError{fmt.Sprintf("the store failed after %d records; memory is cleared", removed)})
		default:
			log.Info("answers about access tokens cleared by administrator", "removed", removed)
			answer(w, http.StatusOK, clearing{removed})
		}
	})
	mux.HandleFunc("GET /sessions", func(w http.ResponseWriter, r *http.Request) {
		limit := adminPage
		if text := r.FormValue("limit"); text != "" {
			n, err := strconv.Atoi(text)
			if err != nil || n < 1 || n > adminPageMax {
				answer(w, http.StatusBadRequest, adminError{fmt.Sprintf("limit must be a number from 1 to %d", adminPageMax)})
				return
			}
			limit = n
		}
		list, next, err := sessions.List(r.Context(), r.FormValue("cursor"), limit)
		if err != nil {
			log.Error("listing sessions failed", "error", err)
			answer(w, http.StatusInternalServerError, adminError{"the store could not be read"})
			return
		}
		if list == nil {
			list = []SessionInfo{}
		}
		answer(w, http.StatusOK, sessionPage{list, next})
	})
	mux.HandleFunc("DELETE /sessions", func(w http.ResponseWriter, r *http.Request) {
		subject := r.URL.Query()["subject"]
		if len(subject) != 1 || subject[0] == "" {
			answer(w, http.StatusBadRequest, adminError{"not exactly one subject"})
			return
		}
		err := sessions.RevokeSubject(r.Context(), subject[0])
		switch {
		case errors.Is(err, ErrNoSubjects):
			answer(w, http.StatusNotFound, adminError{"this gateway does not end sessions by subject: LOGOUT_EVERYWHERE is not true"})
		case err != nil:
			log.Error("revoking the sessions of a subject failed", "subject", subject[0], "error", err)
			answer(w, http.StatusInternalServerError, adminError{"the sessions could not be revoked"})
		default:
			log.Info("sessions of a subject revoked by administrator", "subject", subject[0])
			w.WriteHeader(http.StatusNoContent)
		}
	})
	mux.HandleFunc("DELETE /sessions/{id}", func(w http.ResponseWriter, r *http.Request) {
		id := r.PathValue("id")
		if !sessionID.MatchString(id) {
			answer(w, http.StatusBadRequest, adminError{"not a session id"})
			return
		}
		err := sessions.Revoke(r.Context(), id)
		switch {
		case errors.Is(err, ErrNoSession):
			answer(w, http.StatusNotFound, adminError{"no such session"})
		case err != nil:
			log.Error("revoking a session failed", "session", id, "error", err)
			answer(w, http.StatusInternalServerError, adminError{"the session could not be revoked"})
		default:
			log.Info("session revoked by administrator", "session", id)
			w.WriteHeader(http.StatusNoContent)
		}
	})
	return mux
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

// adminSocket is a listening unix socket that is gone after Close.
type adminSocket struct {
	net.Listener
	path string
}

// listenAdmin listens at path, open to the owner only. A socket that a dead process
// left behind is replaced; one that answers is an error, and so is any other file.
func listenAdmin(path string) (*adminSocket, error) {
	switch info, err := os.Lstat(path); {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, fmt.Errorf("native: admin socket %s: %s", path, reason(err))
	case info.Mode()&fs.ModeSocket == 0:
		return nil, withHint(fmt.Errorf("native: %s exists and is no socket", path), "set ADMIN_SOCKET to another path")
	default:
		if conn, err := net.DialTimeout("unix", path, time.Second); err == nil {
			conn.Close()
			return nil, withHint(fmt.Errorf("native: another gateway answers on %s", path),
				"stop the other gateway, or give this one an ADMIN_SOCKET of its own")
		}
	}
	// Bound in a directory of our own and moved into place with its final mode, so
	// that nobody else can connect in between.
	dir, err := os.MkdirTemp(filepath.Dir(path), ".gh")
	if err != nil {
		return nil, withHint(fmt.Errorf("native: admin socket %s: %s", path, reason(err)), "set ADMIN_SOCKET to a path in a directory that exists and can be written, or to none")
	}
	defer os.RemoveAll(dir)
	private := filepath.Join(dir, "s")
	l, err := net.Listen("unix", private)
	if err != nil {
		return nil, withHint(fmt.Errorf("native: admin socket %s: %w", path, err), "set ADMIN_SOCKET to a shorter path, or to none")
	}
	l.(*net.UnixListener).SetUnlinkOnClose(false)
	if err := errors.Join(os.Chmod(private, 0o600), os.Rename(private, path)); err != nil {
		l.Close()
		return nil, fmt.Errorf("native: admin socket %s: %w", path, err)
	}
	return &adminSocket{l, path}, nil
}

// Close implements [net.Listener].
func (s *adminSocket) Close() error {
	err := s.Listener.Close()
	if err == nil {
		os.Remove(s.path)
	}
	return err
}
