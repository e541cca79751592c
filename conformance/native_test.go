package conformance_test

import (
	"testing"

	"gatehouse/conformance"
	"gatehouse/conformance/nativehost"
)

func TestNative(t *testing.T)      { conformance.TestGateway(t, nativehost.Target{}) }
func TestNativeFresh(t *testing.T) { conformance.TestGateway(t, nativehost.Target{Fresh: true}) }

// TestNativeRunning is where a case that fails when a second begins at the wrong moment
// fails every time: on platforms with the machine's clock it would once in a while.
func TestNativeRunning(t *testing.T) {
	for _, fresh := range []bool{false, true} {
		target := nativehost.Target{Fresh: fresh, Runs: true}
		t.Run(target.Name(), func(t *testing.T) { conformance.TestGateway(t, target, nativehost.Target{Fresh: fresh}) })
	}
}
