package conformance_test

import (
	"testing"

	"gatehouse/conformance"
	"gatehouse/conformance/nativehost"
)

func TestExpiryNative(t *testing.T) { conformance.TestExpiry(t, nativehost.Target{}, 5, 200) }

func TestExpiryWorkerDurable(t *testing.T) {
	conformance.TestExpiry(t, conformance.DurableTarget(t), 3, 50)
}

// An instance for every request: they know of each other by the store alone.
func TestExpiryWASI(t *testing.T) { conformance.TestExpiry(t, conformance.WASITarget(t), 2, 100) }
