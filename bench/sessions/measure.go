package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// passes is how often every probe is looked up in each file.
const passes = 9

// What must hold between the two numbers of sessions.
const (
	maxHeapGrowth  = 20 << 20
	maxLookupRatio = 2.0
)

// measurement is of one number of sessions.
type measurement struct {
	*deployment
	requests []*http.Request
	sessions int
	filling  time.Duration
	heap     int64 // what it grew by
	lookups  []time.Duration
}

// lookUp finds the session of every request, beginning with nothing in the gateway's
// memory. The file is in the system's cache as far as that has room.
func (m *measurement) lookUp(keep bool) error {
	sessions := m.deployment.sessions()
	for _, r := range m.requests {
		start := time.Now()
		found, _, _, err := sessions.Authenticate(context.Background(), r)
		took := time.Since(start)
		if err == nil && found == nil {
			err = errors.New("a stored session was not found")
		}
		if err != nil {
			return err
		}
		if keep {
			m.lookups = append(m.lookups, took)
		}
	}
	return nil
}

// below is the time below which the given share of the lookups stayed, in microseconds.
func (m *measurement) below(percent int) float64 {
	slices.Sort(m.lookups)
	return float64(m.lookups[(len(m.lookups)-1)*percent/100].Nanoseconds()) / 1e3
}

// report prints the measurements. The error says which promise does not hold.
func report(w io.Writer, measured []*measurement) error {
	commit := "unknown"
	if out, err := exec.Command("git", "rev-parse", "--short", "HEAD").Output(); err == nil {
		commit = strings.TrimSpace(string(out))
	}
	fmt.Fprintf(w, "commit %s, %s %s/%s, %d cores; %d lookups in each of %d passes\n\n",
		commit, runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), probes, passes)
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "sessions\tGo heap MB\tmedian lookup µs\t90 % below µs\tfile MB\tfilled in\t")
	for _, m := range measured {
		info, err := os.Stat(m.path)
		if err != nil {
			return err
		}
		fmt.Fprintf(table, "%d\t%.1f\t%.1f\t%.1f\t%d\t%v\t\n", m.sessions, float64(m.heap)/(1<<20),
			m.below(50), m.below(90), info.Size()>>20, m.filling.Round(100*time.Millisecond))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	few, many := measured[0], measured[len(measured)-1]
	growth, ratio := many.heap-few.heap, many.below(50)/few.below(50)
	fmt.Fprintf(w, "\nheap growth %.1f MB, at most %d; lookup ratio %.2f, at most %.1f\n", float64(growth)/(1<<20), maxHeapGrowth>>20, ratio, maxLookupRatio)
	if growth > maxHeapGrowth || ratio > maxLookupRatio {
		return errors.New("more sessions cost more than promised")
	}
	return nil
}
