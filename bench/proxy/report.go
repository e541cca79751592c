package main

import (
	"fmt"
	"io"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
)

// aim is the processor time that a request with a session may take, as a multiple of
// what the plain reverse proxy takes.
const aim = 1.25

// report prints medians; their ratio is the median of the ratios within each round. What
// else runs on the machine only ever adds to processor time, through caches and changes
// of context, so that the decile of least cost says more when the machine is busy.
func report(w io.Writer, o options, servers []*server) error {
	commit := "unknown"
	if out, err := exec.Command("git", "rev-parse", "--short", "HEAD").Output(); err == nil {
		commit = strings.TrimSpace(string(out))
	}
	headers := "3 headers"
	if o.browser {
		headers = "a browser's headers"
	}
	fmt.Fprintf(w, "commit %s, %s %s/%s, %d cores; %d rounds of %v, %d connections, %d-byte answers, %s and a session cookie\n\n",
		commit, runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), o.rounds, o.length, o.conns, o.body, headers)

	var plain *server
	for _, s := range servers {
		if s.name == plainName {
			plain = s
		}
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "server\trequests/s\tCPU µs/request\tratio\tleast µs\tratio of least\t")
	for _, s := range servers {
		fmt.Fprintf(table, "%s\t%.0f\t%.1f\t%.2f\t%.1f\t%.2f\t\n", s.name,
			median(each(s, func(i int) float64 { return s.turns[i].perSecond() })),
			median(each(s, func(i int) float64 { return s.turns[i].cost() })),
			median(each(s, func(i int) float64 { return s.turns[i].cost() / plain.turns[i].cost() })),
			least(s), least(s)/least(plain))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "\nratio: CPU time to that of the %s; the aim is at most %.2f\n", plainName, aim)
	return err
}

func each(s *server, f func(i int) float64) []float64 {
	values := make([]float64, len(s.turns))
	for i := range values {
		values[i] = f(i)
	}
	return values
}

// least is the lowest decile of a server's costs.
func least(s *server) float64 {
	costs := each(s, func(i int) float64 { return s.turns[i].cost() })
	slices.Sort(costs)
	return costs[len(costs)/10]
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}
