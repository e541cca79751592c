package limit

// Held is how many windows m holds.
func Held(m *Memory) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.young) + len(m.old)
}
