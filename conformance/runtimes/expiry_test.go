//go:build runtimes

package runtimes

import (
	"testing"

	"gatehouse/conformance"
	"gatehouse/conformance/nativehost"
)

// Fifty sessions, 200 requests each at the moment of expiry.
const expirySessions, expiryRequests = 50, 200

func TestExpiryNative(t *testing.T) {
	conformance.TestExpiry(t, nativehost.Target{}, expirySessions, expiryRequests)
}

func TestExpiryWorkerdObjects(t *testing.T) {
	dir, err := workerArtifact()
	if err != nil {
		t.Fatal(err)
	}
	conformance.TestExpiry(t, workerdTarget{dir: dir, objects: true}, expirySessions, expiryRequests)
}

// Two hundred instances at once: they know of each other by the store alone.
func TestExpiryWasmtime(t *testing.T) {
	compiled, err := wasiGateway()
	if err != nil {
		t.Fatal(err)
	}
	conformance.TestExpiry(t, wasmtimeTarget{compiled: compiled, crowded: true}, expirySessions, expiryRequests)
}
