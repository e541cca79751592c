package main

import (
	"time"

	"golang.org/x/sys/unix"
)

// processorTime returns the time that the process pid has spent on processors, in user
// and system mode, with the resolution of the scheduler's clock.
func processorTime(pid int) (time.Duration, error) {
	const perProcess = 2 // CPUCLOCK_SCHED, see clock_getcpuclockid(3)
	var t unix.Timespec
	if err := unix.ClockGettime(int32(^pid<<3|perProcess), &t); err != nil {
		return 0, err
	}
	return time.Duration(t.Nano()), nil
}
