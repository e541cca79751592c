package kv

// CountRecords is how many records m holds, expired ones included.
func CountRecords(m *Memory) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.records)
}

// Encode makes an envelope.
var Encode = (*Store).encode
