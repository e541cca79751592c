package wasihost

import "testing"

// TestRecycledMemory: a memory keeps its content as it grows, and the next one is empty.
func TestRecycledMemory(t *testing.T) {
	var r recycled
	for range 3 {
		m := r.Allocate(0, 0)
		b := m.Reallocate(64 << 10)
		for i, c := range b[:cap(b)] {
			if c != 0 {
				t.Fatalf("byte %d of a new memory is %d", i, c)
			}
		}
		b[7], b[len(b)-1] = 1, 2
		if b = m.Reallocate(1 << 20); b[7] != 1 || b[64<<10-1] != 2 || len(b) != 1<<20 {
			t.Error("content is lost by growing")
		}
		if b = m.Reallocate(roomy + 1); b[7] != 1 || len(b) != roomy+1 {
			t.Error("content is lost by moving")
		}
		m.Free()
		m = r.Allocate(0, 0)
		m.Reallocate(1 << 20)[9] = 1
		m.Free()
	}
}
