// Package keyring keeps the sessions of the gatehouse command on a person's machine: the
// secret of each in the system's keyring, or where there is none in a file, and what is
// no secret, such as the user's name, in a file in any case.
//
// Files are in a folder of the person's configuration, one for each session. It
// guarantees that files have mode 0600, are replaced whole, and are neither written to
// nor read from a folder that anybody else may read or write; where a system has no such
// modes, as Windows, its access lists are relied on. Programs that run as the same person
// can read what is kept here in either place.
package keyring

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"gatehouse/core/secret"
)

// Place is where a session's secret is.
type Place string

// The places.
const (
	System Place = "keyring"
	File   Place = "file"
)

// Session is what is kept of a login. Broker and Provider together name it.
type Session struct {
	Broker   string
	Provider string
	Username string
	Scopes   []string
	Created  time.Time
	Place    Place
	// Handle names the session at the broker, AppKey the app; both may be empty while
	// a session is only listed.
	Handle, AppKey secret.Text
}

// Errors that callers tell apart.
var (
	// ErrNone: no session is kept, or none that was asked for.
	ErrNone = errors.New("keyring: no session is kept")
	// ErrNoSystem: there is no keyring, or it stays locked.
	ErrNoSystem = errors.New("keyring: this system offers no keyring")
)

// SeveralError: more than one session fits.
type SeveralError struct{ Sessions []*Session }

func (e *SeveralError) Error() string { return "keyring: several sessions fit" }

// Store is the sessions in one folder. Processes may use it at the same time.
type Store struct {
	folder folder
	system Secrets
}

// Open returns the store in a folder, which need not exist yet. A nil system means that
// of this machine.
func Open(path string, system Secrets) *Store {
	if system == nil {
		system = machine{}
	}
	return &Store{folder{path}, system}
}

// record is a session in its file.
type record struct {
	Version  int       `json:"version"`
	Broker   string    `json:"broker"`
	Provider string    `json:"provider"`
	Username string    `json:"username,omitempty"`
	Scopes   []string  `json:"scopes,omitempty"`
	Created  time.Time `json:"created"`
	Place    Place     `json:"place"`
	Secret   *secrets  `json:"secret,omitempty"` // of Place file
}

// secrets are a session's in the keyring, and in the record where there is none.
type secrets struct {
	Handle string `json:"handle"`
	AppKey string `json:"app_key,omitempty"`
}

const (
	version = 1
	// current is the file with the name of the session of the last login.
	current = "current"
	suffix  = ".session"
)

// name is that of the session's file and of its secret in the keyring.
func name(broker, provider string) string {
	sum := sha256.Sum256([]byte(broker + "\n" + provider))
	return hex.EncodeToString(sum[:12])
}

// Check reports whether sessions can be kept at place, so that a login that could not
// be need not begin.
func (s *Store) Check(place Place) error {
	if err := s.folder.make(); err != nil {
		return err
	}
	if place == System {
		return s.try()
	}
	return nil
}

// try writes to the keyring and removes it again: that is how a keyring shows that it
// exists and can be unlocked.
func (s *Store) try() error {
	const probe = "probe"
	if err := s.system.Set(probe, probe); err != nil {
		return fmt.Errorf("%w: %w", ErrNoSystem, err)
	}
	if err := s.system.Delete(probe); err != nil && !errors.Is(err, errNotFound) { // another process may be trying
		return fmt.Errorf("%w: %w", ErrNoSystem, err)
	}
	return nil
}

// Put keeps a session at its place, in the place of the one with the same broker and
// provider, and makes it the current one.
func (s *Store) Put(session *Session) error {
	if err := s.folder.make(); err != nil {
		return err
	}
	id := name(session.Broker, session.Provider)
	hidden := &secrets{session.Handle.Reveal(), session.AppKey.Reveal()}
	r := record{
		Version: version, Broker: session.Broker, Provider: session.Provider, Username: session.Username,
		Scopes: session.Scopes, Created: session.Created.UTC().Truncate(time.Second), Place: session.Place,
	}
	if session.Place == File {
		r.Secret = hidden
		s.leaveSystem(id + suffix)
	} else {
		text, err := json.Marshal(hidden)
		if err != nil {
			return err
		}
		if err := s.system.Set(id, string(text)); err != nil {
			return fmt.Errorf("%w: %w", ErrNoSystem, err)
		}
	}
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	if err := s.folder.write(id+suffix, append(data, '\n')); err != nil {
		return err
	}
	return s.folder.write(current, []byte(id+"\n"))
}

// leaveSystem removes the secret of an earlier login from the keyring, where it can.
func (s *Store) leaveSystem(file string) {
	data, err := s.folder.read(file)
	var before record
	if err == nil && json.Unmarshal(data, &before) == nil && before.Place == System {
		_ = s.system.Delete(strings.TrimSuffix(file, suffix))
	}
}

// Find returns the session with this broker and provider, with its secrets; an empty
// name fits all, and where several fit the current one is meant. The error is ErrNone,
// *SeveralError, ErrNoSystem, *FolderError, or about a file.
func (s *Store) Find(broker, provider string) (*Session, error) {
	all, err := s.List()
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(x *Session) bool {
		return broker != "" && x.Broker != broker || provider != "" && x.Provider != provider
	})
	if len(all) == 0 {
		return nil, ErrNone
	}
	if len(all) > 1 {
		id, err := s.folder.read(current)
		if err != nil && !errors.Is(err, ErrNone) {
			return nil, err
		}
		i := slices.IndexFunc(all, func(x *Session) bool { return name(x.Broker, x.Provider)+"\n" == string(id) })
		if i < 0 {
			return nil, &SeveralError{all}
		}
		all[0] = all[i]
	}
	return all[0], s.open(all[0])
}

// open fills in the secrets.
func (s *Store) open(session *Session) error {
	if session.Place == File {
		return nil
	}
	text, err := s.system.Get(name(session.Broker, session.Provider))
	if errors.Is(err, errNotFound) {
		return ErrNone
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNoSystem, err)
	}
	var hidden secrets
	if json.Unmarshal([]byte(text), &hidden) != nil {
		return ErrNone
	}
	session.Handle, session.AppKey = secret.New(hidden.Handle), secret.New(hidden.AppKey)
	return nil
}

// List returns all sessions, by broker and provider, without the secrets that are in the
// keyring. A file that is none of this version is left out.
func (s *Store) List() ([]*Session, error) {
	names, err := s.folder.list(suffix)
	if err != nil {
		return nil, err
	}
	var all []*Session
	for _, file := range names {
		data, err := s.folder.read(file)
		if errors.Is(err, ErrNone) {
			continue // removed in the meantime
		}
		if err != nil {
			return nil, err
		}
		var r record
		if json.Unmarshal(data, &r) != nil || r.Version != version || name(r.Broker, r.Provider)+suffix != file || r.Place == File && r.Secret == nil {
			continue
		}
		session := &Session{Broker: r.Broker, Provider: r.Provider, Username: r.Username, Scopes: r.Scopes, Created: r.Created, Place: r.Place}
		if r.Place == File {
			session.Handle, session.AppKey = secret.New(r.Secret.Handle), secret.New(r.Secret.AppKey)
		}
		all = append(all, session)
	}
	slices.SortFunc(all, func(a, b *Session) int {
		return cmp.Or(cmp.Compare(a.Broker, b.Broker), cmp.Compare(a.Provider, b.Provider))
	})
	return all, nil
}

// Delete forgets a session. One that is not kept is no error.
func (s *Store) Delete(session *Session) error {
	id := name(session.Broker, session.Provider)
	if session.Place == System {
		if err := s.system.Delete(id); err != nil && !errors.Is(err, errNotFound) {
			return fmt.Errorf("%w: %w", ErrNoSystem, err)
		}
	}
	return s.folder.remove(id + suffix)
}
