// Command proxy measures what Gatehouse costs on the path of a request. It runs an
// application, Go's own reverse proxy and "gatehouse serve" as processes of their own
// on the loopback interface, loads them in turn over 16 kept-alive connections, and
// prints for each the requests per second and the processor time per request, with the
// ratio to the plain reverse proxy.
//
// Rounds are interleaved and the figures are medians, because a single run on a shared
// machine is off by a fifth and more; ratios are of the same round. Linux only: it reads
// other processes' clocks.
//
// Run it from the module: go run ./bench/proxy.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"time"
)

// options are the command line.
type options struct {
	rounds  int
	length  time.Duration
	conns   int
	body    int
	browser bool
	profile string
	compare string
	gateway string
	peer    string
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == childCommand {
		exit(runChild(os.Args[2:]))
	}
	var o options
	flag.IntVar(&o.rounds, "rounds", 20, "rounds; the figures are medians")
	flag.DurationVar(&o.length, "time", 500*time.Millisecond, "length of one server's turn in a round")
	flag.IntVar(&o.conns, "conns", 16, "connections")
	flag.IntVar(&o.body, "body", 3, "bytes of the application's answer")
	flag.BoolVar(&o.browser, "browser", false, "send the headers that a browser sends, instead of three")
	flag.StringVar(&o.profile, "cpuprofile", "", "directory for processor profiles of the proxies; the profiler costs some per cent itself")
	flag.StringVar(&o.compare, "compare", "", "another gatehouse `binary` to measure beside this one's")
	flag.StringVar(&o.gateway, "gateways", "memory/warn,memory/info,bolt/warn,bolt/info", "configurations to measure, each STORE/LOG_LEVEL")
	flag.StringVar(&o.peer, "oauth2-proxy", "", "oauth2-proxy `binary` to measure beside the gateways")
	flag.Parse()
	if flag.NArg() > 0 || o.rounds < 1 || o.conns < 1 || o.body < 0 || o.length <= 0 {
		flag.Usage()
		os.Exit(2)
	}
	exit(run(o))
}

func exit(err error) {
	if err != nil {
		fmt.Fprintf(os.Stderr, "proxy: error: %v\n", err)
		os.Exit(1)
	}
	os.Exit(0)
}

func run(o options) (err error) {
	dir, err := os.MkdirTemp("", "gatehouse-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	var running processes
	defer func() { err = errors.Join(err, running.stop()) }()

	servers, err := start(o, dir, &running)
	if err != nil {
		return err
	}
	for _, s := range servers {
		if err := s.connect(o); err != nil {
			return err
		}
		defer s.disconnect()
		if _, err := s.load(o.length / 4); err != nil { // the first requests fill caches
			return err
		}
	}
	for i := range o.rounds {
		for j := range servers {
			// Nobody is always first after a pause, or after the same neighbour.
			s := servers[(i+j)%len(servers)]
			turn, err := s.load(o.length)
			if err != nil {
				return err
			}
			s.turns = append(s.turns, turn)
		}
	}
	return report(os.Stdout, o, servers)
}
