//go:build runtimes

package runtimes

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/creack/pty"
)

// account is a person's account on a machine with a display: their configuration, and an
// opener that keeps the address instead of starting a browser.
type account struct {
	t    *testing.T
	home string
	// transcript is what all commands have shown.
	transcript strings.Builder
}

func newAccount(t *testing.T) *account {
	t.Helper()
	a := &account{t: t, home: t.TempDir()}
	opener := "#!/bin/sh\nprintf %s \"$1\" >\"$HOME/opened.new\" && mv \"$HOME/opened.new\" \"$HOME/opened\"\n"
	if err := os.Mkdir(filepath.Join(a.home, "bin"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(a.home, "bin", "xdg-open"), []byte(opener), 0o700); err != nil {
		t.Fatal(err)
	}
	return a
}

// opened waits for the address that a command opened, and forgets it.
func (a *account) opened() string {
	a.t.Helper()
	path := filepath.Join(a.home, "opened")
	var address []byte
	until(a.t, "an address to be opened", func() bool {
		var err error
		address, err = os.ReadFile(path)
		return err == nil
	}, func() string { return "nothing was" })
	if err := os.Remove(path); err != nil {
		a.t.Fatal(err)
	}
	return string(address)
}

// kept is what the account's files of sessions hold.
func (a *account) kept() string {
	a.t.Helper()
	files, err := filepath.Glob(filepath.Join(a.home, ".config", "gatehouse", "*.session"))
	if err != nil {
		a.t.Fatal(err)
	}
	var all strings.Builder
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			a.t.Fatal(err)
		}
		all.Write(data)
	}
	return all.String()
}

// terminal is a command in a pseudo-terminal.
type terminal struct {
	t      *testing.T
	name   string
	cmd    *exec.Cmd
	file   *os.File
	exited chan error

	mu    sync.Mutex
	bytes []byte
}

// run starts gatehouse with these arguments in a terminal of 100 columns.
func (a *account) run(args ...string) *terminal {
	a.t.Helper()
	path, err := build()
	if err != nil {
		a.t.Fatal(err)
	}
	cmd := exec.Command(path, args...)
	cmd.Dir = a.home
	cmd.Env = []string{"HOME=" + a.home, "PATH=" + filepath.Join(a.home, "bin") + ":/usr/bin:/bin", "TERM=xterm-256color", "DISPLAY=:0"}
	file, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: 50, Cols: 100})
	if err != nil {
		a.t.Fatal(err)
	}
	term := &terminal{t: a.t, name: "gatehouse " + strings.Join(args, " "), cmd: cmd, file: file, exited: make(chan error, 1)}
	go func() {
		buffer := make([]byte, 4096)
		for {
			n, err := file.Read(buffer)
			term.mu.Lock()
			term.bytes = append(term.bytes, buffer[:n]...)
			term.mu.Unlock()
			if err != nil {
				break // EIO when the command has ended
			}
		}
		term.exited <- cmd.Wait()
	}()
	a.t.Cleanup(func() {
		_ = cmd.Process.Kill()
		file.Close()
	})
	return term
}

// raw is everything that the command wrote.
func (term *terminal) raw() string {
	term.mu.Lock()
	defer term.mu.Unlock()
	return string(term.bytes)
}

var sequence = regexp.MustCompile(`\x1b\[[0-9;?]*[A-Za-z]`)

// screen is what is to be seen in the end: of each line what stands after the last
// return to its beginning.
func (term *terminal) screen() string {
	var lines []string
	for line := range strings.SplitSeq(strings.ReplaceAll(term.raw(), "\r\n", "\n"), "\n") {
		shown := ""
		for part := range strings.SplitSeq(line, "\r") {
			if strings.Contains(part, "\x1b[K") || part != "" {
				shown = sequence.ReplaceAllString(part, "")
			}
		}
		lines = append(lines, shown)
	}
	return strings.Join(lines, "\n")
}

// await waits until the command has written text that matches, and returns the first
// submatch, or else the match.
func (term *terminal) await(pattern string) string {
	term.t.Helper()
	re := regexp.MustCompile(pattern)
	var found []string
	until(term.t, pattern, func() bool {
		found = re.FindStringSubmatch(strings.ReplaceAll(term.raw(), "\r\n", "\n"))
		return found != nil
	}, func() string { return term.name + " shows:\n" + term.screen() })
	return found[len(found)-1]
}

func (term *terminal) enter(text string) {
	term.t.Helper()
	if _, err := fmt.Fprintf(term.file, "%s\n", text); err != nil {
		term.t.Fatal(err)
	}
}

// ends waits for the command's end with this exit code, and adds what is on the screen
// to the account's transcript.
func (a *account) ends(term *terminal, code int) string {
	a.t.Helper()
	var err error
	select {
	case err = <-term.exited:
	case <-time.After(patience):
		a.t.Fatalf("%s does not end and shows:\n%s", term.name, term.screen())
	}
	got := 0
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		got = exit.ExitCode()
	} else if err != nil {
		a.t.Fatal(err)
	}
	fmt.Fprintf(&a.transcript, "$ %s\n%s\n", term.name, strings.TrimRight(term.screen(), "\n"))
	if got != code {
		a.t.Fatalf("%s ended with %d, want %d, and shows:\n%s", term.name, got, code, term.screen())
	}
	return term.screen()
}

// keepTranscript writes it to name.txt.
func (a *account) keepTranscript(name string) {
	a.t.Helper()
	f := outputFile(a.t, filepath.Join("terminal", name+".txt"))
	defer f.Close()
	if _, err := f.Write([]byte(a.transcript.String())); err != nil {
		a.t.Fatal(err)
	}
}
