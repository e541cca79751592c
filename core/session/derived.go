package session

import "sync"

// Derived is a value computed at most once per session and process. The zero value
// is empty.
type Derived struct {
	once  sync.Once
	value any
	err   error
}

// Get returns the value, computing it on the first call.
func (d *Derived) Get(compute func() (any, error)) (any, error) {
	d.once.Do(func() { d.value, d.err = compute() })
	return d.value, d.err
}
