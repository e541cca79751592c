package main

import (
	"errors"
	"fmt"
	"io"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
)

// Aims for the gateway.
const (
	maxRatio  = 4.0   // of processor time to that of the session check of @hono/oidc-auth
	maxShare  = 0.2   // of processor time in the library's binding
	maxFirst  = 150.0 // milliseconds of the first request
	maxMemory = 200.0 // kilobytes of a request in flight
)

// report prints medians; a ratio is the median of the ratios within each round. The error
// says which aims are missed.
func report(out io.Writer, o options, workers []*worker) error {
	commit := "unknown"
	if text, err := exec.Command("git", "rev-parse", "--short", "HEAD").Output(); err == nil {
		commit = strings.TrimSpace(string(text))
	}
	fmt.Fprintf(out, "commit %s, %s %s/%s, %d cores; %d rounds of %d requests by %d connections, %d starts, %d requests in flight\n\n",
		commit, runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), o.rounds, o.requests, o.conns, o.starts, o.flight)
	named := map[string]*worker{}
	for _, w := range workers {
		named[w.name] = w
	}
	peer, gateway, library := named[peerName], named[gatewayName], named[libraryName]
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "Worker\tcheck µs\tratio\tpass µs\tratio\tfirst ms\tleast\tkB in flight\t")
	for _, w := range workers {
		fmt.Fprintf(table, "%s\t%.0f\t%.2f\t%.0f\t%.2f\t%.0f\t%.0f\t%.0f\t\n", w.name,
			median(w.costs[check]), ratio(w, peer, check), median(w.costs[pass]), ratio(w, peer, pass), median(w.first), slices.Min(w.first), median(w.memory))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(out, "\nprocessor time per request; ratio: to that of %s\n", peerName)
	var errs []error
	aim := func(what string, value, most float64) {
		fmt.Fprintf(out, "%s: %.2f, aim at most %g\n", what, value, most)
		if value > most {
			errs = append(errs, fmt.Errorf("%s misses its aim", what))
		}
	}
	for _, kind := range kinds {
		aim("processor time of "+kind+", ratio to "+peerName, ratio(gateway, peer, kind), maxRatio)
		aim("processor time of "+kind+", share of "+libraryName, ratio(gateway, library, kind), maxShare)
	}
	aim("first request, ms", median(gateway.first), maxFirst)
	aim("request in flight, kB", median(gateway.memory), maxMemory)
	return errors.Join(errs...)
}

func ratio(w, to *worker, kind string) float64 {
	values := make([]float64, len(w.costs[kind]))
	for i := range values {
		values[i] = w.costs[kind][i] / to.costs[kind][i]
	}
	return median(values)
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}
