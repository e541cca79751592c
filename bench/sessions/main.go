// Command sessions measures what the number of stored sessions costs a gateway that keeps
// them in a file: the Go heap, and how long it takes to find the session of a request
// that memory does not have. It fills two files with different numbers of sessions,
// through the store and the driver that "gatehouse serve" uses, and looks sessions up in
// both in turn.
//
// Filling goes in the order of keys, with as many writes at once as share one flush to
// disk; that order is the only thing that logins do not do. A flush takes what the disk
// takes: with -dir on a file system in memory it takes nothing.
//
// Run it from the module: go run ./bench/sessions.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"time"

	"gatehouse/adapters/native"
	"gatehouse/core/cookie"
	"gatehouse/core/kv"
	"gatehouse/core/seal"
	"gatehouse/core/session"
)

func main() {
	few := flag.Int("few", 10_000, "sessions in the one file")
	many := flag.Int("many", 1_000_000, "sessions in the other file")
	dir := flag.String("dir", "", "directory for the files, about 2 kB a session; by default the system's for temporary files")
	flag.Parse()
	if flag.NArg() > 0 || *few < probes || *many < *few {
		flag.Usage()
		os.Exit(2)
	}
	if err := run(*dir, *few, *many); err != nil {
		fmt.Fprintf(os.Stderr, "sessions: error: %v\n", err)
		os.Exit(1)
	}
}

// deployment is the part of a gateway that keeps sessions.
type deployment struct {
	driver *native.Bolt
	store  *kv.Store
	keys   *seal.Keyring
	names  cookie.Names
	path   string
}

// sessions are those of a process that has just started: nothing is in memory.
func (d *deployment) sessions() *session.Sessions {
	return session.New(session.Options{
		Store: d.store, Keys: d.keys, Names: d.names, Kind: session.Browser,
		Idle: 12 * time.Hour, Lifetime: lifetime, Now: time.Now, Log: slog.New(slog.DiscardHandler),
	})
}

func run(parent string, few, many int) (err error) {
	dir, err := os.MkdirTemp(parent, "gatehouse-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	var measured []*measurement
	for _, count := range []int{few, many} {
		before, start := heap(), time.Now()
		d, err := open(filepath.Join(dir, strconv.Itoa(count)+".db"))
		if err != nil {
			return err
		}
		defer d.driver.Close()
		requests, err := d.logIn(context.Background(), probes)
		if err != nil {
			return err
		}
		if err := d.fill(context.Background(), count-probes); err != nil {
			return err
		}
		m := &measurement{deployment: d, requests: requests, sessions: count, filling: time.Since(start)}
		m.heap = heap() - before
		measured = append(measured, m)
	}
	for pass := range passes + 1 {
		for _, m := range measured {
			if err := m.lookUp(pass > 0); err != nil { // the first pass brings pages into memory
				return err
			}
		}
	}
	return report(os.Stdout, measured)
}

func open(path string) (*deployment, error) {
	driver, err := native.OpenBolt(path, nil)
	if err != nil {
		return nil, err
	}
	keys, err := seal.NewKeyring([]byte("a key for measurements, and 32 bytes long"))
	if err != nil {
		return nil, errors.Join(err, driver.Close())
	}
	return &deployment{driver: driver, store: kv.NewStore(driver, keys, time.Now), keys: keys,
		names: cookie.NewNames("gatehouse", false), path: path}, nil
}

// heap is what the Go heap holds that is in use.
func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC() // the first moves pools to where the second frees them
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
