// Package workershost runs the built artifact of the Cloudflare Worker, unchanged, on
// a machine that has only Go: its JavaScript modules in goja, its WebAssembly in
// wazero, and in between the part of the Workers runtime that it uses.
//
// It imitates what makes a difference to a gateway. Each request has an I/O context:
// what was created in one cannot be used in another, and a request that waits for
// nothing is given up as hung. Header values are joined, validated and made immutable
// like the runtime's; bodies are byte streams that can be handed over natively;
// null-body statuses, forbidden response headers and the construction errors of
// Request and Response are the runtime's. What it lacks throws, and never pretends.
//
// Time is virtual. It stands still while anything happens, the world's answers
// included, and jumps to the next timer when nothing can. A wait in the world takes
// virtual time when the world makes it by [Wait]; so a test of a timeout takes none.
//
// An [Isolate] is one isolate with its own goroutine; its methods are safe for
// concurrent use. A [Worker] is the compiled artifact that isolates share.
package workershost
