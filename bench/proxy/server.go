package main

import (
	"os"
	"strconv"
)

// server is one process under load and what was measured.
type server struct {
	name    string
	address string
	pid     int
	cookie  string
	clients []*client
	turns   []turn
}

// Names of servers that [report] looks for.
const (
	bareName  = "application alone"
	plainName = "plain reverse proxy"
)

// start starts everything that is measured. Every request carries the same cookie
// bytes in number, so that the plain servers read as much.
func start(o options, dir string, running *processes) ([]*server, error) {
	application, err := startChild(running, bareName, func(address string) []string {
		return []string{"application", "", address, strconv.Itoa(o.body)}
	})
	if err != nil {
		return nil, err
	}
	upstream := "http://" + application.address
	plain, err := startChild(running, plainName, func(address string) []string {
		return []string{"plain", o.profileOf("plain"), address, upstream}
	})
	if err != nil {
		return nil, err
	}
	gateways, err := startGateways(o, dir, upstream, running)
	if err != nil {
		return nil, err
	}
	application.cookie, plain.cookie = gateways[0].cookie, gateways[0].cookie
	servers := append([]*server{application, plain}, gateways...)
	if o.peer != "" {
		peer, err := startPeer(o.peer, upstream, running)
		if err != nil {
			return nil, err
		}
		servers = append(servers, peer)
	}
	return servers, nil
}

func startChild(running *processes, name string, args func(address string) []string) (*server, error) {
	s := &server{name: name}
	var err error
	if s.address, err = freeAddress(); err != nil {
		return nil, err
	}
	cmd, err := again(args(s.address)...)
	if err != nil {
		return nil, err
	}
	cmd.Stderr = os.Stderr
	s.pid, err = running.start(cmd, s.address)
	return s, err
}
