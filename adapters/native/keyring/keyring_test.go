package keyring

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gatehouse/core/secret"
)

// memory is a keyring of a test.
type memory struct {
	mu  sync.Mutex
	m   map[string]string
	err error // of every call
}

func (m *memory) Set(name, text string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.m == nil {
		m.m = map[string]string{}
	}
	if m.err == nil {
		m.m[name] = text
	}
	return m.err
}

func (m *memory) Get(name string) (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if text, ok := m.m[name]; ok || m.err != nil {
		return text, m.err
	}
	return "", errNotFound
}

func (m *memory) Delete(name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := m.m[name]; !ok && m.err == nil {
		return errNotFound
	}
	delete(m.m, name)
	return m.err
}

func session(broker, provider string, place Place) *Session {
	return &Session{
		Broker: broker, Provider: provider, Username: "alice", Scopes: []string{"read"}, Place: place,
		Created: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC), Handle: secret.New("handle of " + provider), AppKey: secret.New("key"),
	}
}

// both runs a test for either place.
func both(t *testing.T, test func(t *testing.T, s *Store, path string, place Place)) {
	for _, place := range []Place{System, File} {
		t.Run(string(place), func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "config", "gatehouse")
			test(t, Open(path, &memory{}), path, place)
		})
	}
}

func TestWhatIsPutIsFound(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, s *Store, path string, place Place) {
		if err := s.Check(place); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Find("", ""); !errors.Is(err, ErrNone) {
			t.Errorf("in the beginning: %v", err)
		}
		want := session("https://a.example", "github", place)
		if err := s.Put(want); err != nil {
			t.Fatal(err)
		}
		got, err := s.Find("", "")
		if err != nil {
			t.Fatal(err)
		}
		if got.Broker != want.Broker || got.Provider != want.Provider || got.Username != want.Username || !slices.Equal(got.Scopes, want.Scopes) ||
			!got.Created.Equal(want.Created) || got.Place != place || got.Handle != want.Handle || got.AppKey != want.AppKey {
			t.Errorf("got %+v, want %+v", got, want)
		}
		if strings.Contains(fmt.Sprintf("%+v %#v", got, *got), "handle of") {
			t.Error("the handle is printed")
		}
		again := session("https://a.example", "github", place)
		again.Handle = secret.New("another")
		if err := s.Put(again); err != nil {
			t.Fatal(err)
		}
		if all, err := s.List(); err != nil || len(all) != 1 {
			t.Errorf("%d sessions, %v", len(all), err)
		}
		if got, err := s.Find("https://a.example", "github"); err != nil || got.Handle != again.Handle {
			t.Errorf("after another login: %v", err)
		}
		for range 2 {
			if err := s.Delete(got); err != nil {
				t.Error(err)
			}
		}
		if _, err := s.Find("", ""); !errors.Is(err, ErrNone) {
			t.Errorf("after the end: %v", err)
		}
	})
}

func TestTheCurrentSessionIsMeantWhereSeveralFit(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, s *Store, path string, place Place) {
		for _, x := range []*Session{session("https://a.example", "spotify", place), session("https://b.example", "github", place), session("https://a.example", "github", place)} {
			if err := s.Put(x); err != nil {
				t.Fatal(err)
			}
		}
		for _, c := range []struct{ broker, provider, want string }{
			{"", "", "https://a.example github"},
			{"", "spotify", "https://a.example spotify"},
			{"https://a.example", "", "https://a.example github"},
			{"https://b.example", "", "https://b.example github"},
			{"", "github", "https://a.example github"},
			{"https://b.example", "github", "https://b.example github"},
		} {
			got, err := s.Find(c.broker, c.provider)
			if err != nil || got.Broker+" "+got.Provider != c.want || got.Handle.Reveal() != "handle of "+got.Provider {
				t.Errorf("%q %q: got %+v, %v, want %s", c.broker, c.provider, got, err, c.want)
			}
		}
		if _, err := s.Find("https://c.example", ""); !errors.Is(err, ErrNone) {
			t.Errorf("an unknown broker: %v", err)
		}
		last, err := s.Find("", "")
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Delete(last); err != nil {
			t.Fatal(err)
		}
		var several *SeveralError
		if _, err := s.Find("", ""); !errors.As(err, &several) || len(several.Sessions) != 2 {
			t.Errorf("without a current session: %v", err)
		}
	})
}

func TestModes(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no modes")
	}
	t.Parallel()
	both(t, func(t *testing.T, s *Store, path string, place Place) {
		if err := s.Put(session("https://a.example", "github", place)); err != nil {
			t.Fatal(err)
		}
		files, secretSeen := 0, false
		err := filepath.WalkDir(path, func(name string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			info, err := d.Info()
			if err != nil {
				return err
			}
			want := fs.FileMode(0o600)
			if d.IsDir() {
				want = 0o700
			} else {
				files++
				data, _ := os.ReadFile(name)
				secretSeen = secretSeen || strings.Contains(string(data), "handle of")
			}
			if info.Mode().Perm() != want {
				t.Errorf("%s has mode %v, want %v", name, info.Mode(), want)
			}
			return nil
		})
		if err != nil || files != 2 || secretSeen != (place == File) {
			t.Errorf("%d files, handle in a file: %v, %v", files, secretSeen, err)
		}
	})
}

func TestFoldersOfOthersAreRefused(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no modes")
	}
	t.Parallel()
	for _, mode := range []fs.FileMode{0o755, 0o750, 0o701, 0o777, 0o720, 0o1777} {
		t.Run(fmt.Sprintf("%04o", mode), func(t *testing.T) {
			t.Parallel()
			path := t.TempDir()
			s := Open(path, &memory{})
			if err := os.Chmod(path, 0o700); err != nil {
				t.Fatal(err)
			}
			if err := s.Put(session("https://a.example", "github", File)); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(path, mode); err != nil {
				t.Fatal(err)
			}
			_, found := s.Find("", "")
			for what, err := range map[string]error{"put": s.Put(session("https://b.example", "github", File)), "find": found, "check": s.Check(File)} {
				var open *FolderError
				if !errors.As(err, &open) || open.Path != path || open.Hint() != "chmod 700 "+path {
					t.Errorf("%s: %v", what, err)
				}
			}
			if entries, err := os.ReadDir(path); err != nil || len(entries) != 2 {
				t.Errorf("the folder holds %v, %v", entries, err)
			}
		})
	}
	t.Run("a file of others", func(t *testing.T) {
		t.Parallel()
		path := filepath.Join(t.TempDir(), "gatehouse")
		s := Open(path, &memory{})
		x := session("https://a.example", "github", File)
		if err := s.Put(x); err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(path, name(x.Broker, x.Provider)+suffix)
		if err := os.Chmod(file, 0o644); err != nil {
			t.Fatal(err)
		}
		var open *FolderError
		if _, err := s.Find("", ""); !errors.As(err, &open) || open.Path != file {
			t.Errorf("got %v", err)
		}
	})
	t.Run("a file instead", func(t *testing.T) {
		t.Parallel()
		path := filepath.Join(t.TempDir(), "gatehouse")
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := Open(path, &memory{}).Check(File); err == nil {
			t.Error("nothing is wrong")
		}
	})
}

func TestASystemWithoutAKeyring(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "gatehouse")
	broken := &memory{err: errors.New("no bus")}
	s := Open(path, broken)
	if err := s.Check(System); !errors.Is(err, ErrNoSystem) {
		t.Errorf("check: %v", err)
	}
	if err := s.Put(session("https://a.example", "github", System)); !errors.Is(err, ErrNoSystem) {
		t.Errorf("put: %v", err)
	}
	if _, err := s.Find("", ""); !errors.Is(err, ErrNone) {
		t.Errorf("find: %v", err)
	}
	if err := s.Check(File); err != nil {
		t.Errorf("a file: %v", err)
	}
	works := &memory{}
	if err := Open(path, works).Put(session("https://a.example", "github", System)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Find("", ""); !errors.Is(err, ErrNoSystem) {
		t.Errorf("find in a locked keyring: %v", err)
	}
	if _, err := Open(path, &memory{}).Find("", ""); !errors.Is(err, ErrNone) {
		t.Errorf("find in a keyring that was emptied: %v", err)
	}
	if err := Open(path, works).Check(System); err != nil || len(works.m) != 1 {
		t.Errorf("check: %v, %d entries", err, len(works.m))
	}
}

func TestForeignFilesAreLeftAlone(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "gatehouse")
	s := Open(path, &memory{})
	if err := s.Put(session("https://a.example", "github", File)); err != nil {
		t.Fatal(err)
	}
	x := name("https://b.example", "github") + suffix
	for file, content := range map[string]string{
		"garbage.session": "garbage", "empty.session": "", "notes.txt": "mine",
		x: `{"version":2,"broker":"https://b.example","provider":"github","place":"file","secret":{"handle":"h"}}`,
		name("https://c.example", "github") + suffix: `{"version":1,"broker":"https://evil.example","provider":"github","place":"file","secret":{"handle":"h"}}`,
		name("https://d.example", "github") + suffix: `{"version":1,"broker":"https://d.example","provider":"github","place":"file"}`,
	} {
		if err := os.WriteFile(filepath.Join(path, file), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if all, err := s.List(); err != nil || len(all) != 1 || all[0].Broker != "https://a.example" {
		t.Errorf("got %v, %v", all, err)
	}
}

func TestALoginThatMovesToAFileLeavesNothingInTheKeyring(t *testing.T) {
	t.Parallel()
	system := &memory{}
	s := Open(filepath.Join(t.TempDir(), "gatehouse"), system)
	for _, place := range []Place{System, File} {
		if err := s.Put(session("https://a.example", "github", place)); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := s.Find("", ""); err != nil || got.Place != File || len(system.m) != 0 {
		t.Errorf("got %v, %v, %d entries in the keyring", got, err, len(system.m))
	}
}

// Logins at the same time do not lose each other.
func TestAtTheSameTime(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, s *Store, path string, place Place) {
		var running sync.WaitGroup
		for i := range 20 {
			running.Go(func() {
				if err := s.Put(session(fmt.Sprintf("https://b%d.example", i), "github", place)); err != nil {
					t.Error(err)
				}
			})
		}
		running.Wait()
		if all, err := s.List(); err != nil || len(all) != 20 {
			t.Errorf("%d sessions, %v", len(all), err)
		}
		if _, err := s.Find("", ""); err != nil {
			t.Error(err)
		}
	})
}

func TestAKeyringThatDoesNotAnswer(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	if _, err := within(1, func() (string, error) { <-release; return "", nil }); !errors.Is(err, errSilent) {
		t.Errorf("got %v", err)
	}
	if text, err := within(patience, func() (string, error) { return "x", nil }); err != nil || text != "x" {
		t.Errorf("got %q, %v", text, err)
	}
}
