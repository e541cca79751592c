package readme

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"gatehouse/internal/freeport"
)

// patience bounds one command.
const patience = 5 * time.Minute

// handler says what TestREADME does with the commands that match in full.
type handler struct {
	command string // regular expression
	// manual says why the command is not carried out; empty: it is.
	manual string
	// serves is for a command that runs until it is stopped: what to add to it, so
	// that it listens on address.
	serves func(command, address string) (changed string, environment []string)
}

var handlers = []handler{
	{command: `go run \. dev`, serves: func(command, address string) (string, []string) {
		_, port, _ := net.SplitHostPort(address)
		return command + " --addr localhost:" + port, nil
	}},
	{command: `\./gatehouse serve --config [a-z.]+`, serves: func(command, address string) (string, []string) {
		return command, []string{"LISTEN_ADDR=" + address}
	}},
	{command: `go build (-o gatehouse )?(\.|\./\.\.\.)`},
	{command: `go run \./adapters/cloudflare/build`},
	{command: `go run \./adapters/spin/build -world (spin|wasi)`},
	{command: `umask 077`},
	{command: `(?s)cat >+ ?[a-z.]+ <<'?END'?\n.*\nEND`},
	{command: `\./gatehouse check( --config [a-z.]+)?`},
	{command: `\./gatehouse keygen( --assertion)?`},
	{command: `go test( -race)?( -shuffle=on)?( -short)? \./(\.\.\.|conformance)`,
		manual: "it is the run that this test belongs to, or a part of it"},
	{command: `go test -tags runtimes \./conformance/runtimes(/\.\.\.)?`,
		manual: "it needs browsers; .ci/run installs them and runs it"},
}

func find(command string) *handler {
	for i := range handlers {
		if regexp.MustCompile(`^(?:` + handlers[i].command + `)$`).MatchString(command) {
			return &handlers[i]
		}
	}
	return nil
}

// Every command of the README works, in the order in which it is read and in a copy
// of the tree.
func TestREADME(t *testing.T) {
	if testing.Short() {
		t.Skip("builds and starts programs")
	}
	markdown, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	commands, err := Commands(string(markdown))
	if err != nil {
		t.Fatal(err)
	}
	if len(commands) == 0 {
		t.Fatal("no commands found")
	}
	dir := copyTree(t)
	for len(commands) > 0 {
		first := commands[0]
		h := find(first.Text)
		if h == nil {
			t.Fatalf("line %d: no handler for this command: %s", first.Line, first.Text)
		}
		// What is carried out, up to the block's end, shares a shell.
		script := first.Text
		commands = commands[1:]
		for h.runs() && len(commands) > 0 && commands[0].Block == first.Block {
			next := find(commands[0].Text)
			if next == nil || !next.runs() {
				break
			}
			script += "\n" + commands[0].Text
			commands = commands[1:]
		}
		began := time.Now()
		switch {
		case h.manual != "":
			t.Logf("line %d: %s: not carried out: %s", first.Line, script, h.manual)
			continue
		case h.serves != nil:
			serve(t, dir, first, h)
		default:
			execute(t, dir, first.Line, script)
		}
		t.Logf("line %d: %s: %v", first.Line, strings.SplitN(script, "\n", 2)[0], time.Since(began).Round(time.Millisecond))
	}
}

func (h *handler) runs() bool { return h.manual == "" && h.serves == nil }

// shell returns a shell in dir, in a process group of its own, that goes away with
// the test. Flags of this test run are not meant for what it starts.
func shell(t *testing.T, dir, script string, environment ...string) (*exec.Cmd, *bytes.Buffer) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, "bash", "-euo", "pipefail", "-c", script)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), append(environment, "GOFLAGS=")...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 10 * time.Second
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	return cmd, &output
}

func execute(t *testing.T, dir string, line int, script string) {
	t.Helper()
	cmd, output := shell(t, dir, script)
	if err := cmd.Run(); err != nil {
		t.Fatalf("line %d: %s: %v\n%s", line, script, err, output)
	}
}

// serve starts a command, waits until it answers, and stops it as Ctrl-C does.
func serve(t *testing.T, dir string, c Command, h *handler) {
	t.Helper()
	port, err := freeport.Choose()
	if err != nil {
		t.Fatal(err)
	}
	address := "127.0.0.1:" + port
	script, environment := h.serves(c.Text, address)
	cmd, output := shell(t, dir, "exec "+script, environment...)
	if err := cmd.Start(); err != nil {
		t.Fatalf("line %d: %s: %v", c.Line, script, err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for {
		res, err := http.Get("http://" + address + "/health")
		if err == nil {
			res.Body.Close()
			if res.StatusCode == http.StatusOK {
				break
			}
		}
		select {
		case err := <-ended:
			t.Fatalf("line %d: %s ended before it answered: %v\n%s", c.Line, script, err, output)
		case <-time.After(100 * time.Millisecond):
		}
	}
	if err := syscall.Kill(-cmd.Process.Pid, syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	// "go run" reports a failure of its own after an interrupt, whatever the program
	// did.
	if err := <-ended; err != nil && !strings.HasPrefix(c.Text, "go run ") {
		t.Errorf("line %d: %s stopped with %v\n%s", c.Line, script, err, output)
	}
}

// copyTree copies what a clone has, without what lies about in a working directory.
func copyTree(t *testing.T) string {
	t.Helper()
	// Not t.TempDir, whose path is long for a socket's.
	dir, err := os.MkdirTemp("", "readme-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	top := filepath.Join("..", "..")
	err = filepath.WalkDir(top, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			return err
		}
		name, err := filepath.Rel(top, path)
		if err != nil {
			return err
		}
		if d.IsDir() {
			if name != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "node_modules" || name == "output") {
				return fs.SkipDir
			}
			return os.MkdirAll(filepath.Join(dir, name), 0o755)
		}
		if !d.Type().IsRegular() {
			return nil
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(dir, name), content, 0o644)
	})
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// A handler that no command needs any more would hide a command that is gone.
func TestHandlersAreUsed(t *testing.T) {
	markdown, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	commands, err := Commands(string(markdown))
	if err != nil {
		t.Fatal(err)
	}
	used := map[*handler]bool{}
	for _, c := range commands {
		used[find(c.Text)] = true
	}
	for i := range handlers {
		if !used[&handlers[i]] {
			t.Errorf("no command matches %s", handlers[i].command)
		}
	}
}
