package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"syscall"
	"time"
)

const (
	startWait = 15 * time.Second
	stopWait  = 10 * time.Second
)

// processes are the children, which must not outlive this process.
type processes struct{ commands []*exec.Cmd }

// start runs cmd, whose output is discarded except for standard error where cmd names
// a destination, and waits until something listens on address.
func (p *processes) start(cmd *exec.Cmd, address string) (pid int, err error) {
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	p.commands = append(p.commands, cmd)
	for deadline := time.Now().Add(startWait); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if c, err := net.Dial("tcp", address); err == nil {
			c.Close()
			return cmd.Process.Pid, nil
		}
		if _, err := processorTime(cmd.Process.Pid); err != nil {
			break
		}
	}
	return 0, fmt.Errorf("%s does not listen on %s", cmd.Path, address)
}

// stop asks every process to end, last started first, and awaits it. The error tells
// of those that ended badly.
func (p *processes) stop() error {
	var errs []error
	for i := len(p.commands) - 1; i >= 0; i-- {
		cmd := p.commands[i]
		_ = cmd.Process.Signal(syscall.SIGTERM)
		timer := time.AfterFunc(stopWait, func() { _ = cmd.Process.Kill() })
		if err := cmd.Wait(); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", cmd.Args[0], err))
		}
		timer.Stop()
	}
	return errors.Join(errs...)
}

// again is a command that runs this program as a child.
func again(args ...string) (*exec.Cmd, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return exec.Command(self, append([]string{childCommand}, args...)...), nil
}

// freeAddress returns an address of the loopback interface that nobody listens on.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}
