// Package wasmbuild says how the modules that are deployed are linked. All builds use the same
// flags, so that the sizes that tests bound are those of what runs.
package wasmbuild

// Flags are those of "go build": no symbols, no paths of the machine, and no inlining in our own
// packages and in those of the libraries that a request spends little time in: what is linked and
// hardly runs, and what only arranges the arithmetic of other packages. DESIGN.md has the bytes.
var Flags = []string{
	"-trimpath", "-ldflags=-s -w",
	"-gcflags=gatehouse/...=-l", "-gcflags=crypto/x509=-l", "-gcflags=encoding/asn1=-l", "-gcflags=math/big=-l",
	"-gcflags=crypto/ecdsa=-l", "-gcflags=crypto/internal/fips140/rsa=-l", "-gcflags=fmt=-l", "-gcflags=log/slog=-l",
	"-gcflags=mime/...=-l", "-gcflags=net/netip=-l", "-gcflags=time=-l",
}
