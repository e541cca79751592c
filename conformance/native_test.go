package conformance_test

import (
	"testing"

	"gatehouse/conformance"
	"gatehouse/conformance/nativehost"
)

func TestNative(t *testing.T)      { conformance.TestGateway(t, nativehost.Target{}) }
func TestNativeFresh(t *testing.T) { conformance.TestGateway(t, nativehost.Target{Fresh: true}) }
