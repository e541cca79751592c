//go:build js && wasm

// Command worker is the Go part of the Cloudflare Worker; worker.mjs beside it is the
// module that the runtime loads. adapters/cloudflare/build puts the two together.
package main

import "gatehouse/adapters/cloudflare"

func main() { cloudflare.Main() }
