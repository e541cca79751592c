//go:build !linux

package main

import (
	"errors"
	"time"
)

var errLinux = errors.New("other processes are measured on Linux only")

func processorTime(int) (time.Duration, error) { return 0, errLinux }

func resident(int) (int64, error) { return 0, errLinux }
