package dpop

import (
	"crypto/sha256"
	"sync"
)

// maxUsed bounds the proofs of one generation, of which there are two.
const maxUsed = 1 << 17

// identifier stands for a proof: for its key and its jti.
type identifier [16]byte

func identify(thumbprint, jti string) identifier {
	// A thumbprint has no dot.
	sum := sha256.Sum256([]byte(thumbprint + "." + jti))
	return identifier(sum[:])
}

// memory knows what was used lately, in two generations: the young one, begun at since,
// and the one before it. It is safe for concurrent use.
type memory struct {
	mu         sync.Mutex
	young, old map[identifier]struct{}
	since      int64 // seconds since 1970
}

// add reports whether id was new. It is known for at least keep seconds after now, unless
// maxUsed others come meanwhile. After the clock was set back it is known longer.
func (m *memory) add(id identifier, now, keep int64) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, young := m.young[id]
	_, old := m.old[id]
	if young || old {
		return false
	}
	if age := now - m.since; m.young == nil || age >= keep || len(m.young) >= maxUsed {
		m.old = m.young
		if age >= 2*keep {
			m.old = nil
		}
		m.young, m.since = map[identifier]struct{}{}, now
	}
	m.young[id] = struct{}{}
	return true
}
