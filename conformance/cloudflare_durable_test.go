package conformance_test

import (
	"testing"

	"gatehouse/conformance"
	"gatehouse/conformance/nativehost"
)

// TestCloudflareDurable plays every case whose own steps use the store on the native
// gateway: what leaves the store alone is the same program as in TestCloudflare.
func TestCloudflareDurable(t *testing.T) {
	conformance.TestGateway(t, conformance.DurableTarget(t), nativehost.Target{})
}
