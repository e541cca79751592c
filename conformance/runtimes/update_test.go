//go:build runtimes

package runtimes

import "flag"

// The suite asks for it by name.
var _ = flag.Bool("update", false, "record how the cases that play a mode of the provider went")
