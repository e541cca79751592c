//go:build runtimes

package runtimes

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// component returns what builds a component as its users do and compiles it for this
// machine, once. The path is that of "wasmtime compile": serving what is compiled
// answers in a few hundredths of a second instead of several seconds.
func component(world, program string) func() (compiled string, err error) {
	return sync.OnceValues(func() (string, error) {
		wasm, err := buildComponent(world, program)
		if err != nil {
			return "", err
		}
		return compile(wasm)
	})
}

// buildComponent returns the path of a component; an empty program is the gateway.
func buildComponent(world, program string) (string, error) {
	top, err := topDirectory()
	if err != nil {
		return "", err
	}
	wasm := filepath.Join(binaryDir, world+"-"+path.Base(program)+".wasm")
	cmd := exec.Command("go", "run", "./adapters/spin/build", "-world", world, "-program", program, "-o", wasm)
	cmd.Dir = top
	cmd.Env = append(os.Environ(), "GOFLAGS=")
	if out, err := runs(cmd); err != nil {
		return "", fmt.Errorf("adapters/spin/build: %v\n%s", err, out)
	}
	return wasm, nil
}

// compile returns the path of the compiled form of a component. Wasmtime validates what
// it compiles.
func compile(wasm string) (string, error) {
	path, err := wasmtime()
	if err != nil {
		return "", err
	}
	compiled := strings.TrimSuffix(wasm, ".wasm") + ".cwasm"
	if out, err := runs(exec.Command(path, "compile", "-o", compiled, wasm)); err != nil {
		return "", fmt.Errorf("wasmtime compile: %v\n%s", err, out)
	}
	return compiled, nil
}

// wasiGateway is the component of the world "wasi".
var wasiGateway = component("wasi", "")

// serving is a process of "wasmtime serve". It tells the guest's log from what Wasmtime
// says of its instances, and so knows when each has ended.
type serving struct {
	cmd     *exec.Cmd
	address string // host:port
	log     func(line string)

	mu     sync.Mutex
	output *os.File
	read   []byte          // an unfinished line
	stores map[string]bool // those that live, each of them one request's
	ended  chan struct{}
}

// serveComponent starts "wasmtime serve" with settings in its environment until t ends
// and waits until it listens. log gets each line of the guest, when [serving.settle] is
// called.
func serveComponent(t testing.TB, compiled, address string, settings map[string]string, log func(line string)) *serving {
	t.Helper()
	path, err := wasmtime()
	if err != nil {
		t.Fatal(err)
	}
	stderr, err := os.CreateTemp(t.TempDir(), "stderr-")
	if err != nil {
		t.Fatal(err)
	}
	defer stderr.Close()
	// Opened once more, as a place to read at is not the place to write at.
	output, err := os.Open(stderr.Name())
	if err != nil {
		t.Fatal(err)
	}
	s := &serving{log: log, output: output, stores: map[string]bool{}, ended: make(chan struct{})}
	args := []string{"serve", "-S", "cli", "--allow-precompiled", "--no-logging-prefix", "--addr", address}
	// What every store says when it is made and when it goes.
	env := []string{"HOME=" + filepath.Dir(output.Name()), "WASMTIME_LOG=wasmtime::runtime::store=trace"}
	for name, value := range settings {
		// Without a value the name's is inherited: no secret is an argument.
		args, env = append(args, "--env", name), append(env, name+"="+value)
	}
	s.cmd = exec.Command(path, append(args, compiled)...)
	s.cmd.Env, s.cmd.Stderr = env, stderr
	if err := launch(s.cmd, syscall.SIGKILL); err != nil {
		t.Fatalf("wasmtime does not start: %v", err)
	}
	go func() { _ = s.cmd.Wait(); close(s.ended) }()
	t.Cleanup(s.close)
	s.until(t, "wasmtime to listen", func() bool { return s.address != "" })
	return s
}

// until reads what Wasmtime writes until done.
func (s *serving) until(t testing.TB, what string, done func() bool) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	for deadline := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		// What was written before the process ended is read after that is known.
		gone := s.hasEnded()
		s.advance(t)
		switch {
		case done():
			return
		case gone:
			t.Fatalf("wasmtime has ended (%v) before the end of a wait for %s", s.cmd.ProcessState, what)
		case time.Now().After(deadline):
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

func (s *serving) hasEnded() bool {
	select {
	case <-s.ended:
		return true
	default:
		return false
	}
}

// advance reads whole lines up to the end of what there is.
func (s *serving) advance(t testing.TB) {
	more, err := io.ReadAll(s.output)
	if err != nil {
		t.Fatal(err)
	}
	s.read = append(s.read, more...)
	whole := bytes.LastIndexByte(s.read, '\n') + 1
	lines := bufio.NewScanner(bytes.NewReader(s.read[:whole]))
	lines.Buffer(nil, len(s.read)+1)
	for lines.Scan() {
		s.line(lines.Text())
	}
	s.read = bytes.Clone(s.read[whole:])
}

func (s *serving) line(line string) {
	if _, address, ok := strings.Cut(line, "Serving HTTP on http://"); ok && s.address == "" {
		s.address = strings.TrimSuffix(address, "/")
		return
	}
	_, event, ok := strings.Cut(line, " TRACE wasmtime::runtime::store: ")
	if !ok {
		s.log(line)
		return
	}
	if store, ok := strings.CutPrefix(event, "creating new store "); ok {
		s.stores[store] = true
	}
	if store, ok := strings.CutPrefix(event, "store "); ok {
		store, _, _ = strings.Cut(store, " is deallocating")
		delete(s.stores, store)
	}
}

// settle waits until no instance is left and hands the log over.
func (s *serving) settle(t testing.TB) {
	t.Helper()
	s.until(t, "every instance to end", func() bool { return len(s.stores) == 0 })
}

// catchUp hands over what is in the log.
func (s *serving) catchUp(t testing.TB) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.advance(t)
}

// close ends the process.
func (s *serving) close() {
	_ = s.cmd.Process.Kill()
	<-s.ended
	_ = s.output.Close()
}

// resident is the process's memory in bytes. Linux only.
func (s *serving) resident(t testing.TB) int64 {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	var kilobytes int64
	_, text, _ := strings.Cut(string(status), "VmRSS:")
	if _, err := fmt.Sscan(text, &kilobytes); err != nil {
		t.Fatal(err)
	}
	return kilobytes << 10
}
