package assertion

import (
	"fmt"
	"testing"
	"time"

	"gatehouse/core/identity"
)

func TestKeptAssertionsAreBounded(t *testing.T) {
	s := &Signer{kept: map[reuse]signed{}}
	start, id := time.Unix(1800000000, 0), &identity.Identity{}
	for i := range 3 * maxReused {
		s.keep(reuse{fmt.Sprint(i), id}, signed{"t", start})
		if len(s.kept) > maxReused {
			t.Fatalf("%d are kept", len(s.kept))
		}
	}
	for i := len(s.kept); i < maxReused; i++ {
		s.keep(reuse{fmt.Sprint("old", i), id}, signed{"t", start})
	}
	s.keep(reuse{"new", id}, signed{"t", start.Add(reuseFor)})
	if len(s.kept) != 1 {
		t.Errorf("%d are kept, want only the one that is current", len(s.kept))
	}
}
