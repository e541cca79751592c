//go:build runtimes

package runtimes

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// workerdOptions describe a workerd that serves the Worker.
type workerdOptions struct {
	// dir has the modules; main is the first of them.
	dir, main string
	// modules are further ones by name: their files.
	modules map[string]string
	// settings become bindings whose values are in the environment of the process.
	settings map[string]string
	// kv is the address that answers for STORE_KV; empty: no binding.
	kv string
	// objects binds STORE_OBJECTS, to objects that end with the process.
	objects bool
	// beside is how many isolates there are beside the first, whose objects they use.
	beside int
	// outbound is the address that is sent all outbound requests, with the scheme in
	// protoHeader; empty: the network, private addresses included.
	outbound string
	// listen is the address to serve at; empty: any port.
	listen string
	// control is whether main has an entry point of that name.
	control bool
	// line gets what the process prints; nil: nobody.
	line func(string)
}

// Names of headers that stand for what the network in front of a Worker knows.
const (
	protoHeader = "X-Conformance-Proto"
	peerHeader  = "CF-Connecting-IP"
)

// workerText is a worker of a name, with its modules, bindings and objects.
const workerText = `const %s :Workerd.Worker = (
  modules = [
%s  ],
  bindings = [
%s  ],
%s  compatibilityDate = "2026-11-01",
  compatibilityFlags = ["enable_request_signal"],
);
`

// capnp is workerd's configuration; disk is a directory for objects.
func (o *workerdOptions) capnp(disk string) (string, error) {
	var modules, bindings, services strings.Builder
	add := func(name, file string) {
		kind := "esModule"
		if strings.HasSuffix(name, ".wasm") {
			kind = "wasm"
		}
		fmt.Fprintf(&modules, "    (name = %q, %s = embed %q),\n", name, kind, file)
	}
	files, err := filepath.Glob(filepath.Join(o.dir, "*.*"))
	if err != nil {
		return "", err
	}
	all := map[string]string{}
	for _, file := range files {
		all[filepath.Base(file)] = file
	}
	for name, file := range o.modules {
		if all[name], err = filepath.Abs(file); err != nil {
			return "", err
		}
	}
	add(o.main, all[o.main])
	for name, file := range all {
		if name != o.main {
			add(name, file)
		}
	}
	for name := range o.settings {
		fmt.Fprintf(&bindings, "    (name = %q, fromEnvironment = %q),\n", name, "SETTING_"+name)
	}
	if o.kv != "" {
		fmt.Fprint(&bindings, `    (name = "STORE_KV", kvNamespace = "kv"),`+"\n")
		fmt.Fprintf(&services, "    (name = \"kv\", external = (address = %q, http = ())),\n", o.kv)
	}
	objects, of := "", ""
	if o.objects {
		of = `    (name = "STORE_OBJECTS", durableObjectNamespace = (className = "Record", serviceName = "main")),` + "\n"
		objects = `  durableObjectNamespaces = [(className = "Record", uniqueKey = "record", enableSql = true)],
  durableObjectStorage = (localDisk = "disk"),
`
		fmt.Fprintf(&services, "    (name = \"disk\", disk = (path = %q, writable = true)),\n", disk)
	}
	if o.outbound != "" {
		fmt.Fprintf(&services, "    (name = \"internet\", external = (address = %q, http = (forwardedProtoHeader = %q))),\n", o.outbound, protoHeader)
	} else {
		fmt.Fprint(&services, `    (name = "internet", network = (allow = ["private", "public", "local"])),`+"\n")
	}
	var sockets, workers strings.Builder
	for n := range o.beside {
		fmt.Fprintf(&services, "    (name = \"beside%d\", worker = .beside%[1]d),\n", n)
		fmt.Fprintf(&sockets, "    (name = \"beside%d\", address = \"127.0.0.1:0\", http = (forwardedProtoHeader = %q), service = \"beside%[1]d\"),\n", n, protoHeader)
		fmt.Fprintf(&workers, workerText, fmt.Sprint("beside", n), modules.String(), bindings.String()+of, "")
	}
	fmt.Fprintf(&workers, workerText, "worker", modules.String(), bindings.String()+of, objects)
	if o.control {
		fmt.Fprint(&sockets, `    (name = "control", address = "127.0.0.1:0", http = (), service = (name = "main", entrypoint = "control")),`+"\n")
	}
	return fmt.Sprintf(`using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = .worker),
%s  ],
  sockets = [
    (name = "http", address = %q, http = (forwardedProtoHeader = %q), service = "main"),
%s  ],
);
%s`, services.String(), cmp.Or(o.listen, "127.0.0.1:0"), protoHeader, sockets.String(), workers.String()), nil
}

// workerd is a running one.
type workerd struct {
	cmd *exec.Cmd
	// http and control are addresses of sockets.
	http, control string
	// beside are those of the isolates beside the first.
	beside []string
	end    func()
}

// startWorkerd runs a process until it is ended or t is over.
func startWorkerd(t testing.TB, o workerdOptions) *workerd {
	t.Helper()
	dir := t.TempDir()
	text, err := o.capnp(dir)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "config.capnp")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	events, eventsEnd, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer events.Close()
	output, outputEnd, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(workerdPath(t), "serve", "--import-path=/", "--control-fd=3", file, "config")
	cmd.Dir = dir
	cmd.Env = []string{"HOME=" + dir}
	for name, value := range o.settings {
		cmd.Env = append(cmd.Env, "SETTING_"+name+"="+value)
	}
	cmd.Stdout, cmd.Stderr, cmd.ExtraFiles = outputEnd, outputEnd, []*os.File{eventsEnd}
	err = launch(cmd, syscall.SIGKILL)
	eventsEnd.Close()
	outputEnd.Close()
	if err != nil {
		output.Close()
		t.Fatalf("workerd does not start: %v", err)
	}
	var mu sync.Mutex
	var printed []string
	read := make(chan struct{})
	go func() {
		defer close(read)
		defer output.Close()
		for r := bufio.NewReader(output); ; {
			line, err := r.ReadString('\n')
			if line = strings.TrimSuffix(line, "\n"); line != "" {
				mu.Lock()
				if printed = append(printed, line); len(printed) > 200 {
					printed = slices.Delete(printed, 0, 100)
				}
				mu.Unlock()
				if o.line != nil {
					o.line(line)
				}
			}
			if err != nil {
				return
			}
		}
	}()
	w := &workerd{cmd: cmd}
	w.end = sync.OnceFunc(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		_ = cmd.Wait()
		<-read
	})
	t.Cleanup(func() {
		w.end()
		if t.Failed() {
			t.Logf("workerd printed:\n%s", strings.Join(printed, "\n"))
		}
	})
	if err := w.listen(events, &o); err != nil {
		w.end()
		t.Fatalf("workerd does not listen: %v\n%s", err, strings.Join(printed, "\n"))
	}
	return w
}

// listen waits for the sockets.
func (w *workerd) listen(events io.Reader, o *workerdOptions) error {
	timer := time.AfterFunc(patience, func() { _ = syscall.Kill(-w.cmd.Process.Pid, syscall.SIGKILL) })
	defer timer.Stop()
	for d := json.NewDecoder(events); w.http == "" || o.control && w.control == "" || len(w.beside) < o.beside; {
		var event struct {
			Event, Socket string
			Port          int
		}
		if err := d.Decode(&event); err != nil {
			return err
		}
		if address := fmt.Sprintf("127.0.0.1:%d", event.Port); event.Socket == "http" {
			w.http = address
		} else if event.Socket == "control" {
			w.control = address
		} else {
			w.beside = append(w.beside, address)
		}
	}
	return nil
}
