package freeport

import (
	"net"
	"testing"
)

func TestChoose(t *testing.T) {
	seen := map[string]bool{}
	for range 50 {
		port, err := Choose()
		if err != nil {
			t.Fatal(err)
		}
		if seen[port] {
			t.Errorf("%s twice", port)
		}
		seen[port] = true
		l, err := net.Listen("tcp", "127.0.0.1:"+port)
		if err != nil {
			t.Fatal(err)
		}
		taken := l.Addr().(*net.TCPAddr).Port
		if taken < lowest || taken >= highest {
			t.Errorf("%d is none of ours", taken)
		}
		if free(taken) {
			t.Errorf("%d is called free", taken)
		}
		_ = l.Close()
	}
}
