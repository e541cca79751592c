package native

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gatehouse/core"
)

// shelf is a gateway's sessions, two on a page.
type shelf struct {
	list    []SessionInfo
	revoked []string
	err     error
}

func (s *shelf) List(_ context.Context, cursor string, limit int) ([]SessionInfo, string, error) {
	if s.err != nil {
		return nil, "", s.err
	}
	start := 0
	if cursor != "" {
		fmt.Sscan(cursor, &start)
	}
	end := min(start+min(limit, 2), len(s.list))
	next := ""
	if end < len(s.list) {
		next = fmt.Sprint(end)
	}
	return s.list[start:end], next, nil
}

func (s *shelf) Revoke(_ context.Context, id string) error {
	for _, known := range s.list {
		if known.ID == id {
			s.revoked = append(s.revoked, id)
			return nil
		}
	}
	return ErrNoSession
}

func (s *shelf) RevokeSubject(_ context.Context, subject string) error {
	if s.err != nil {
		return s.err
	}
	s.revoked = append(s.revoked, "subject "+subject)
	return nil
}

func TestRevokeBySubject(t *testing.T) {
	s := &shelf{}
	path := startAdmin(t, s)
	if code, out, errs := runMain("sessions", "revoke", "--socket", path, "--subject", "a b&c"); code != 0 || out != "revoked all sessions of the subject\n" || errs != "" {
		t.Errorf("got %d, %q, %q", code, out, errs)
	}
	if len(s.revoked) != 1 || s.revoked[0] != "subject a b&c" {
		t.Errorf("revoked %q", s.revoked)
	}
	s.err = ErrNoSubjects
	if code, _, errs := runMain("sessions", "revoke", "--socket", path, "--subject", "x"); code == 0 || !strings.Contains(errs, "LOGOUT_EVERYWHERE") {
		t.Errorf("got %d, %q", code, errs)
	}
	for _, args := range [][]string{{"revoke", "--subject", "x", testID(1)}, {"list", "--subject", "x"}} {
		if code, _, _ := runMain(append([]string{"sessions", "--socket", path}, args...)...); code == 0 {
			t.Errorf("%q is taken", args)
		}
	}
}

func testID(n int) string { return fmt.Sprintf("session-%08d", n) }

// startAdmin serves s on a socket; the path is short wherever the tests run.
func startAdmin(t *testing.T, s Sessions) string {
	t.Helper()
	return startAdminOf(t, s, answered{err: ErrNoAnswers})
}

// answered is what a gateway keeps about access tokens.
type answered struct {
	records int
	err     error
}

func (a answered) Clear(context.Context) (int, error) { return a.records, a.err }

func startAdminOf(t *testing.T, s Sessions, tokens Tokens) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "gh")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "s")
	l, err := listenAdmin(path)
	if err != nil {
		t.Fatal(err)
	}
	end := serveUntil(newServer(newAdmin(s, tokens, func() []core.Count { return nil }, discard), discard), l)
	t.Cleanup(func() {
		end()
		os.RemoveAll(dir)
	})
	return path
}

func runMain(args ...string) (code int, stdout, stderr string) {
	var out, err bytes.Buffer
	code = Main(args, &out, &err)
	return code, out.String(), err.String()
}

func TestAdminListsEveryPage(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	s := &shelf{}
	for i := range 5 {
		s.list = append(s.list, SessionInfo{ID: testID(i), Subject: fmt.Sprint("sub", i), PreferredUsername: "a\x1b[31m\tb", Created: at, Expires: at.Add(time.Hour)})
	}
	// Some stores return a key on two pages.
	s.list = append(s.list, s.list[0])
	path := startAdmin(t, s)
	code, out, errs := runMain("sessions", "list", "--socket", path)
	if code != 0 || errs != "" || strings.Count(out, "\n") != 6 {
		t.Fatalf("exit %d, %q\n%s", code, errs, out)
	}
	if !strings.Contains(out, testID(4)+"  sub4     a?[31m?b  -      2026-01-02T03:04:05Z  2026-01-02T04:04:05Z") {
		t.Errorf("the table is\n%s", out)
	}
	code, out, _ = runMain("sessions", "list", "--json", "--socket", path)
	if code != 0 || strings.Count(out, `"id"`) != 5 || !strings.Contains(out, `"created": "2026-01-02T03:04:05Z"`) {
		t.Errorf("exit %d\n%s", code, out)
	}
}

func TestAdminRevokes(t *testing.T) {
	s := &shelf{list: []SessionInfo{{ID: testID(1)}, {ID: testID(2)}}}
	path := startAdmin(t, s)
	if code, out, errs := runMain("sessions", "revoke", "--socket", path, testID(2)); code != 0 || out != "revoked 1\n" || errs != "" {
		t.Errorf("exit %d, %q, %q", code, out, errs)
	}
	if fmt.Sprint(s.revoked) != "["+testID(2)+"]" {
		t.Errorf("revoked %v", s.revoked)
	}
	code, out, errs := runMain("sessions", "revoke", "--socket", path, testID(9))
	if code != 1 || out != "" || !strings.Contains(errs, "no such session") {
		t.Errorf("exit %d, %q, %q", code, out, errs)
	}
}

// A store that fails halfway leaves nothing on stdout.
func TestAdminReportsAFailingStore(t *testing.T) {
	path := startAdmin(t, &shelf{err: errors.New("disk on fire")})
	code, out, errs := runMain("sessions", "list", "--socket", path)
	if code != 1 || out != "" || !strings.Contains(errs, "the store could not be read") || strings.Contains(errs, "fire") {
		t.Errorf("exit %d, %q, %q", code, out, errs)
	}
}

func TestAdminClearsAnswersAboutTokens(t *testing.T) {
	for _, c := range []struct {
		name           string
		tokens         answered
		code           int
		out, errs, not string
	}{
		{"some", answered{records: 7}, 0, "cleared 7\n", "", "gatehouse:"},
		{"none kept", answered{err: ErrNoAnswers}, 1, "", "BEARER_TOKENS is not introspection", "?"},
		{"store fails", answered{3, errors.New("disk on fire")}, 1, "", "the store failed after 3 records; memory is cleared", "fire"},
	} {
		path := startAdminOf(t, &shelf{}, c.tokens)
		code, out, errs := runMain("tokens", "clear", "--socket", path)
		if code != c.code || out != c.out || !strings.Contains(errs, c.errs) || strings.Contains(errs, c.not) {
			t.Errorf("%s: exit %d, %q, %q", c.name, code, out, errs)
		}
	}
}

func TestAdminSocket(t *testing.T) {
	path := startAdmin(t, &shelf{})
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), ".gh*")); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
	var hinted *hintedError
	if _, err := listenAdmin(path); !errors.As(err, &hinted) {
		t.Errorf("a live socket was taken over: %v", err)
	}

	dir := filepath.Dir(path)
	stale := filepath.Join(dir, "stale")
	dead, err := net.Listen("unix", stale)
	if err != nil {
		t.Fatal(err)
	}
	dead.(*net.UnixListener).SetUnlinkOnClose(false)
	dead.Close()
	l, err := listenAdmin(stale)
	if err != nil {
		t.Fatalf("a dead process's socket is in the way: %v", err)
	}
	l.Close()
	if _, err := os.Lstat(stale); !os.IsNotExist(err) {
		t.Errorf("the socket is still there: %v", err)
	}

	file := filepath.Join(dir, "file")
	os.WriteFile(file, []byte("precious"), 0o600)
	if _, err := listenAdmin(file); !errors.As(err, &hinted) {
		t.Errorf("got %v", err)
	}
	if data, _ := os.ReadFile(file); string(data) != "precious" {
		t.Error("a file was replaced")
	}
}

func TestAdminRefusesNonsense(t *testing.T) {
	path := startAdmin(t, &shelf{})
	a := newAdminClient(path)
	for target, method := range map[string]string{
		"/sessions?limit=0":                           http.MethodGet,
		"/sessions?limit=1e9":                         http.MethodGet,
		"/sessions/short":                             http.MethodDelete,
		"/sessions/a%2Fb%2Fc%2Fd%2Fe%2Ff%2Fg%2Fh%2Fi": http.MethodDelete,
		"/sessions":                                   http.MethodPost,
		"/tokens":                                     http.MethodGet,
		"/":                                           http.MethodGet,
	} {
		if _, err := a.call(method, target); err == nil {
			t.Errorf("%s %s was accepted", method, target)
		}
	}
}
