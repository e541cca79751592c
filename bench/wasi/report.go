package main

import (
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// aim is what an instance and the check of a session may take together.
const aim = 4 * time.Millisecond

// kind is one sort of request; times are those of all its rounds' medians.
type kind struct {
	name, url string
	cookies   []*http.Cookie
	client    *http.Client
	times     []time.Duration
}

// kinds are the requests that are measured.
func (s *site) kinds(programs []*component) ([]*kind, error) {
	cookies, err := s.logIn()
	if err != nil {
		return nil, err
	}
	out := []*kind{{name: "the application alone", url: s.application.URL}}
	for _, c := range programs {
		if c.name != "gatehouse" {
			out = append(out, &kind{name: c.name, url: "http://" + c.address + "/"})
			continue
		}
		out = append(out,
			&kind{name: "gatehouse: /health", url: s.app + "/health"},
			&kind{name: "gatehouse: session check", url: s.app + "/api/whoami", cookies: cookies},
			&kind{name: "gatehouse: proxied with session", url: s.app + "/page", cookies: cookies})
	}
	for _, k := range out {
		k.client = &http.Client{Transport: &http.Transport{}}
		if err := k.load(10); err != nil { // the first requests fill caches
			return nil, err
		}
		k.times = nil
	}
	return out, nil
}

// load sends requests one after the other over a kept-alive connection.
func (k *kind) load(requests int) error {
	times := make([]time.Duration, requests)
	for i := range times {
		r, err := http.NewRequest(http.MethodGet, k.url, nil)
		if err != nil {
			return err
		}
		for _, c := range k.cookies {
			r.AddCookie(c)
		}
		began := time.Now()
		res, err := k.client.Do(r)
		if err != nil {
			return err
		}
		_, err = io.Copy(io.Discard, res.Body)
		times[i] = time.Since(began)
		res.Body.Close()
		if err != nil || res.StatusCode != http.StatusOK {
			return fmt.Errorf("%s: %s (%v)", k.name, res.Status, err)
		}
	}
	k.times = append(k.times, median(times))
	return nil
}

func median(times []time.Duration) time.Duration {
	return slices.Sorted(slices.Values(times))[len(times)/2]
}

// report prints both tables. The ratio is the median of the ratios within each round.
func report(w io.Writer, o options, programs []*component, kinds []*kind) error {
	commit := "unknown"
	if out, err := exec.Command("git", "rev-parse", "--short", "HEAD").Output(); err == nil {
		commit = strings.TrimSpace(string(out))
	}
	version, err := exec.Command(o.wasmtime, "--version").Output()
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "commit %s, %s, %s, %d cores; %d rounds of %d requests each\n\n",
		commit, runtime.Version(), strings.TrimSpace(string(version)), runtime.NumCPU(), o.rounds, o.requests)
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "component\tmodule, gzip\tcomponent, gzip\tcompile\tfirst answer\t")
	for _, c := range programs {
		fmt.Fprintf(table, "%s\t%d\t%d\t%v\t%v\t\n", c.name, c.moduleSize, c.totalSize, c.compiling.Round(time.Millisecond), c.first.Round(time.Millisecond))
	}
	fmt.Fprintln(table)
	reference := slices.IndexFunc(kinds, func(k *kind) bool { return k.name == "hello in Go" })
	fmt.Fprintln(table, "request\tmedian\tleast\tratio to hello in Go\t")
	for _, k := range kinds {
		ratios := make([]float64, len(k.times))
		for i := range ratios {
			ratios[i] = float64(k.times[i]) / float64(kinds[reference].times[i])
		}
		slices.Sort(ratios)
		fmt.Fprintf(table, "%s\t%v\t%v\t%.2f\t\n", k.name, median(k.times).Round(10*time.Microsecond),
			slices.Min(k.times).Round(10*time.Microsecond), ratios[len(ratios)/2])
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for _, k := range kinds {
		if k.name == "gatehouse: session check" {
			fmt.Fprintf(w, "\ninstance and session check: median %v, least %v, aim %v\n", median(k.times).Round(10*time.Microsecond), slices.Min(k.times).Round(10*time.Microsecond), aim)
		}
	}
	return nil
}
