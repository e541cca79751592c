//go:build runtimes && !linux

package runtimes

import "syscall"

// endWithParent does nothing: only Linux has a signal for it. A test that is killed
// leaves its children behind.
func endWithParent(*syscall.SysProcAttr, syscall.Signal) {}
