package conformance

import (
	"flag"
	"os"
	"os/exec"
	"testing"
)

// apart leaves a platform whose code is in modules to [TestApart] when everything runs with
// the race detector, which sees nothing of modules and multiplies their time.
func apart(t *testing.T) {
	t.Helper()
	if raceDetector && flag.Lookup("test.run").Value.String() == "" {
		t.Skip("TestApart plays it without the race detector")
	}
}

// TestApart plays what apart leaves to it, and the platforms that its answers are held to,
// in a binary that is built without the race detector.
func TestApart(t *testing.T) {
	if !raceDetector {
		t.Skip("every platform is played here")
	}
	c := exec.CommandContext(t.Context(), "go", "test", "-count=1", "-timeout=20m", "-run=^Test(Native|NativeFresh|NativeRest|Cloudflare|CloudflareFresh|WASI|Spin)$", ".")
	c.Env = append(os.Environ(), "GOFLAGS=")
	if out, err := c.CombinedOutput(); err != nil {
		t.Errorf("without the race detector: %v\n%s", err, out)
	}
}
