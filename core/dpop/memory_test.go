package dpop

import (
	"runtime"
	"strconv"
	"testing"
)

const keep = 90

func TestMemoryKeepsForAsLongAsAProofIsGood(t *testing.T) {
	const begin = int64(1e9)
	for _, c := range []struct {
		name         string
		first, added int64 // when the generation begins, and when the proof comes
		after        int64 // how much later the next one comes
		known        bool
	}{
		{"at once", 0, 0, 0, true},
		{"until it is over", 0, 0, keep - 1, true},
		{"late in a generation", 0, keep - 1, keep, true},
		{"at the end of one", 0, keep, keep, true},
		{"after two", 0, 0, 2 * keep, false},
		{"clock set back", 0, 1, -3600, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			var m memory
			m.add(identify("key", "first"), begin+c.first, keep)
			now := begin + c.added
			if !m.add(identify("key", "id"), now, keep) {
				t.Fatal("a new proof is known")
			}
			now += c.after
			m.add(identify("key", "other"), now, keep)
			if known := !m.add(identify("key", "id"), now, keep); known != c.known {
				t.Errorf("known: %v", known)
			}
		})
	}
}

func TestProofsOfTwoKeysAreTwo(t *testing.T) {
	var m memory
	const now = 1e9
	for _, id := range []identifier{identify("a", "b"), identify("b", "a"), identify("a", "bb"), identify("ab", "b")} {
		if !m.add(id, now, keep) {
			t.Error("taken for another")
		}
	}
}

func TestMemoryIsBounded(t *testing.T) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	var m memory
	const now = 1e9
	for n := range 5 * maxUsed / 2 {
		m.add(identify("key", strconv.Itoa(n)), now, keep)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if n := len(m.young) + len(m.old); n > 2*maxUsed {
		t.Errorf("%d are kept", n)
	}
	if last := 5*maxUsed/2 - 1; m.add(identify("key", strconv.Itoa(last)), now, keep) || m.add(identify("key", strconv.Itoa(last-maxUsed)), now, keep) || !m.add(identify("key", "0"), now, keep) {
		t.Error("not the latest are kept")
	}
	t.Logf("%d proofs are kept in %d bytes", len(m.young)+len(m.old), after.HeapAlloc-before.HeapAlloc)
}
