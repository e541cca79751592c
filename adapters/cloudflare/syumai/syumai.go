// Package syumai runs the gateway in a Worker that is built with
// github.com/syumai/workers, beside the handlers that such a program has already: the
// seams of the core over that library's KV, fetch and environment, and [Serve] in place
// of its Serve.
//
// It is for those who have such a program. The library starts a new Go program for every
// request, so nothing is kept in memory from one request to the next: documents of
// the provider come from the store each time, and LOGINS_PER_MINUTE has no effect.
// What the library cannot do stays undone: WebSockets are refused, clients that leave
// are not noticed, an answer that breaks off may look complete, and what is fetched by
// address passes Cloudflare's cache. DESIGN.md has what it costs; the package
// gatehouse/adapters/cloudflare has none of these limits.
//
// What the library gets wrong and can be set right is set right here: header values
// that it splits at commas, answers that have no body, calls without a deadline,
// missing keys, and panics, which would end the program.
package syumai
