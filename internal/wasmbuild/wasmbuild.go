// Package wasmbuild says how the modules that are deployed are linked. All builds use the same
// flags, so that the sizes that tests bound are those of what runs.
package wasmbuild

// Flags are those of "go build": no symbols, no paths of the machine, and no inlining in our own
// packages and in those of the standard library that only read keys. That makes a module
// smaller by about 33 kB and 26 kB when compressed; DESIGN.md has the times.
var Flags = []string{
	"-trimpath", "-ldflags=-s -w",
	"-gcflags=gatehouse/...=-l", "-gcflags=crypto/x509=-l", "-gcflags=encoding/asn1=-l", "-gcflags=math/big=-l",
}
