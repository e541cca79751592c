//go:build runtimes

package runtimes

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"gatehouse/internal/freeport"
)

// patience bounds every wait of these tests; it only ever passes in full on failure.
const patience = 60 * time.Second

// process is a program under test or in its service.
type process struct {
	name   string
	cmd    *exec.Cmd
	exited chan error
	// stopped: see stop.
	stopped bool
	clean   bool // must answer SIGTERM with exit code 0

	mu     sync.Mutex
	output bytes.Buffer
}

// start launches cmd until the test ends. What it prints becomes part of a failed test's
// log.
func start(t *testing.T, name string, cmd *exec.Cmd) *process {
	t.Helper()
	p := &process{name: name, cmd: cmd, exited: make(chan error, 1)}
	cmd.Stdout, cmd.Stderr = p, p
	cmd.WaitDelay = 5 * time.Second
	if err := launch(cmd, syscall.SIGTERM); err != nil {
		t.Fatalf("%s does not start: %v", name, err)
	}
	go func() { p.exited <- cmd.Wait() }()
	t.Cleanup(func() {
		if t.Failed() {
			defer func() { t.Logf("%s printed:\n%s", name, p.printed()) }()
		}
		if p.stopped {
			return
		}
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM)
		select {
		case err := <-p.exited:
			if p.clean && err != nil {
				t.Errorf("%s ended with %v at SIGTERM", name, err)
			}
		case <-time.After(30 * time.Second):
			if p.clean {
				t.Errorf("%s did not end within 30 s of SIGTERM", name)
			}
		}
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	})
	return p
}

// stop ends the process before the test does.
func (p *process) stop(t *testing.T) {
	t.Helper()
	_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGTERM)
	select {
	case <-p.exited:
		p.stopped = true
	case <-time.After(patience):
		t.Fatalf("%s does not end", p.name)
	}
}

// runsStill fails t when the process has ended.
func (p *process) runsStill(t *testing.T) {
	t.Helper()
	select {
	case err := <-p.exited:
		p.exited <- err
		t.Fatalf("%s ended: %v", p.name, err)
	default:
	}
}

// Write implements io.Writer for what the process prints.
func (p *process) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.output.Write(b)
}

func (p *process) printed() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.output.String()
}

// line waits until the process has printed a line that begins with prefix, and
// returns the rest of that line.
func (p *process) line(t *testing.T, prefix string) string {
	t.Helper()
	deadline := time.Now().Add(patience)
	for time.Now().Before(deadline) {
		lines := bufio.NewScanner(strings.NewReader(p.printed()))
		for lines.Scan() {
			if rest, ok := strings.CutPrefix(lines.Text(), prefix); ok {
				return strings.TrimSpace(rest)
			}
		}
		p.runsStill(t)
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("%s did not print %q", p.name, prefix)
	return ""
}

// program finds a program that the suite needs.
func program(t *testing.T, name, debianPackage string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("%s is not installed (Debian package %s)", name, debianPackage)
	}
	return path
}

// freePort returns a port of 127.0.0.1 that nobody listens on.
func freePort(t *testing.T) string {
	t.Helper()
	port, err := freeport.Choose()
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// until polls done for as long as patience lasts.
func until(t *testing.T, what string, done func() bool, describe func() string) {
	t.Helper()
	untilAtMost(t, patience, what, done, describe)
}

func untilAtMost(t *testing.T, limit time.Duration, what string, done func() bool, describe func() string) {
	t.Helper()
	deadline := time.Now().Add(limit)
	for !done() {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s; %s", what, describe())
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// topDirectory is the module's directory.
var topDirectory = sync.OnceValues(func() (string, error) {
	dir, err := os.Getwd()
	for err == nil {
		if _, statErr := os.Stat(filepath.Join(dir, "go.mod")); statErr == nil {
			return dir, nil
		}
		if filepath.Dir(dir) == dir {
			return "", fmt.Errorf("no go.mod above the working directory")
		}
		dir = filepath.Dir(dir)
	}
	return "", err
})

// outputFile creates a file for people to look at.
func outputFile(t *testing.T, name string) io.WriteCloser {
	t.Helper()
	dir := os.Getenv("GATEHOUSE_OUTPUT")
	if dir == "" {
		top, err := topDirectory()
		if err != nil {
			t.Fatal(err)
		}
		dir = filepath.Join(top, "output")
	}
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	return f
}
