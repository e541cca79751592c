// Package cloudflare runs the gateway as a Cloudflare Worker: one Go program per
// isolate that serves many requests at once.
//
// Go never holds an object of the runtime that does I/O, because such an object
// belongs to one request and may be used in no other. What Go wants done it queues as
// an operation of a request, named by that request's number; a pump in JavaScript, one
// per request, carries the operations out in the request's own I/O context and hands
// the outcome back (worker/exchange.mjs). Bodies and WebSockets that are passed on
// never enter Go.
//
// Files that touch the platform (tag js && wasm) translate and decide nothing; all
// the rest runs natively, in tests.
//
// What the platform promises and what not: KV is eventually consistent and keeps a
// record for at least a minute; a Durable Object is strongly consistent. The clock
// stands still between two I/O events. Informational answers of an application, and
// trailers, are not passed on: the runtime has no interface for them.
package cloudflare
