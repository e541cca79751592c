package conformance

import (
	"sync"
	"testing"
)

func TestParallelRequestsNameOneSecret(t *testing.T) {
	for range 200 {
		s := &scope{secrets: &canary{secrets: map[string]watched{}}, bindings: &bindings{values: map[string]string{}}}
		drawn := make([]string, 20)
		start := make(chan struct{})
		var wg sync.WaitGroup
		for i := range drawn {
			wg.Go(func() {
				<-start
				drawn[i], _ = s.fresh("name")
			})
		}
		close(start)
		wg.Wait()
		for _, v := range drawn {
			if v == "" || v != drawn[0] {
				t.Fatalf("%q and %q", drawn[0], v)
			}
		}
	}
}
