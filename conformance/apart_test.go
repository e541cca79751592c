package conformance

import (
	"flag"
	"os"
	"os/exec"
	"testing"
)

// apart leaves a platform that begins thousands of instances of a module to [TestApart]
// when everything runs with the race detector, which multiplies their time.
func apart(t *testing.T) {
	t.Helper()
	if raceDetector && flag.Lookup("test.run").Value.String() == "" {
		t.Skip("TestApart plays it without the race detector")
	}
}

// TestApart plays what apart leaves to it, with the platform that its answers are held to,
// in a binary that is built without the race detector.
func TestApart(t *testing.T) {
	if !raceDetector {
		t.Skip("every platform is played here")
	}
	c := exec.CommandContext(t.Context(), "go", "test", "-count=1", "-timeout=20m", "-run=^(TestNativeFresh|TestCloudflareFresh|TestWASI|TestSpin)$", ".")
	c.Env = append(os.Environ(), "GOFLAGS=")
	if out, err := c.CombinedOutput(); err != nil {
		t.Errorf("without the race detector: %v\n%s", err, out)
	}
}
