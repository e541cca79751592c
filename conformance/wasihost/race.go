//go:build race

package wasihost

// raced tells whether the race detector is on.
const raced = true
