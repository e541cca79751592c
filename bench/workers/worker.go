package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"
)

// patience bounds every wait.
const patience = 30 * time.Second

// Kinds of requests.
const (
	check = "/api/whoami" // tells who is logged in
	pass  = "/some/page"  // is passed on to the application
)

var kinds = []string{check, pass}

// worker is one Worker, its process while it runs, and what was measured.
type worker struct {
	name     string
	build    func(ctx context.Context, dir string) error
	settings map[string]string
	cookie   string
	dir      string

	cmd     *exec.Cmd
	address string

	costs  map[string][]float64 // by kind: processor time per request, in microseconds
	first  []float64            // milliseconds
	memory []float64            // kilobytes per request in flight
}

// start runs workerd until it listens. Its first request is still to come.
func (w *worker) start(o options) error {
	events, end, err := os.Pipe()
	if err != nil {
		return err
	}
	defer events.Close()
	w.cmd = exec.Command(o.program(), "serve", "--control-fd=3", filepath.Join(w.dir, "config.capnp"), "config")
	w.cmd.Stderr, w.cmd.ExtraFiles = os.Stderr, []*os.File{end}
	err = w.cmd.Start()
	end.Close()
	if err != nil {
		return err
	}
	var event struct{ Port int }
	if err := json.NewDecoder(events).Decode(&event); err != nil {
		return errors.Join(fmt.Errorf("workerd does not listen: %w", err), w.stop())
	}
	w.address = fmt.Sprintf("127.0.0.1:%d", event.Port)
	return nil
}

// stop ends the process, if there is one.
func (w *worker) stop() error {
	if w.cmd == nil {
		return nil
	}
	err := w.cmd.Process.Kill()
	_ = w.cmd.Wait() // tells that it was killed
	w.cmd = nil
	return err
}

// load makes o.requests requests and returns the processor time of one.
func (w *worker) load(o options, path string) (float64, error) {
	clients := make([]*client, o.conns) // workerd closes those that were idle for some seconds
	for i := range clients {
		c, err := w.connect()
		if err != nil {
			return 0, err
		}
		defer c.conn.Close()
		clients[i] = c
	}
	before, err := processorTime(w.cmd.Process.Pid)
	if err != nil {
		return 0, err
	}
	each := o.requests / o.conns
	errs := make([]error, len(clients))
	var all sync.WaitGroup
	for i, c := range clients {
		all.Go(func() {
			for range each {
				if errs[i] = c.once(path); errs[i] != nil {
					return
				}
			}
		})
	}
	all.Wait()
	after, err := processorTime(w.cmd.Process.Pid)
	if err := errors.Join(append(errs, err)...); err != nil {
		return 0, err
	}
	return float64((after - before).Nanoseconds()) / 1e3 / float64(each*o.conns), nil
}

// fresh measures a process that has just started: its first request, and, after some
// more, how it grows by requests that wait.
func (w *worker) fresh(o options, world *world) (err error) {
	if err := w.start(o); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.stop()) }()
	c, err := w.connect()
	if err != nil {
		return err
	}
	defer c.conn.Close()
	began := time.Now()
	if err := c.once(check); err != nil {
		return err
	}
	w.first = append(w.first, time.Since(began).Seconds()*1e3)
	for _, kind := range kinds {
		if _, err := w.load(o, kind); err != nil {
			return err
		}
	}
	before, err := resident(w.cmd.Process.Pid)
	if err != nil {
		return err
	}
	done := make(chan error, o.flight)
	for range o.flight {
		c, err := w.connect()
		if err != nil {
			return err
		}
		defer c.conn.Close()
		go func() { done <- c.once("/slow") }()
		// One after the other, so that none waits for a processor until it is too late.
		select {
		case <-world.waiting:
		case err := <-done:
			return fmt.Errorf("a request that should wait ended: %w", err)
		case <-time.After(patience):
			return errors.New("requests do not reach the application")
		}
	}
	during, err := resident(w.cmd.Process.Pid)
	if err != nil {
		return err
	}
	for range o.flight {
		world.release <- struct{}{}
		if err := <-done; err != nil {
			return err
		}
	}
	w.memory = append(w.memory, float64(during-before)/1e3/float64(o.flight))
	return nil
}
