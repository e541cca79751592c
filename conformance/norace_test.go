//go:build !race

package conformance

// raceDetector reports whether the test binary has the race detector.
const raceDetector = false
