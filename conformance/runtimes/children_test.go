//go:build runtimes

package runtimes

import (
	"bytes"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
)

// launch starts cmd in a process group of its own. On Linux it is sent last when the
// test's process ends in whatever way; see endWithParent. That is SIGTERM for a program
// that hands it on to others.
func launch(cmd *exec.Cmd, last syscall.Signal) error {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Setpgid = true
	endWithParent(cmd.SysProcAttr, last)
	err := make(chan error)
	starts() <- func() { err <- cmd.Start() }
	return <-err
}

// starts is what the thread does that is the parent of all children. To the kernel a
// child's parent is a thread, and most of them end sooner or later: this one does not.
var starts = sync.OnceValue(func() chan<- func() {
	todo := make(chan func())
	go func() {
		runtime.LockOSThread()
		for start := range todo {
			start()
		}
	}()
	return todo
})

// runs launches cmd and returns, when it has ended, what it printed.
func runs(cmd *exec.Cmd) ([]byte, error) {
	var printed bytes.Buffer
	cmd.Stdout, cmd.Stderr = &printed, &printed
	if err := launch(cmd, syscall.SIGTERM); err != nil {
		return nil, err
	}
	err := cmd.Wait()
	return printed.Bytes(), err
}
