// The answer when the Go program is not there to give one: problem details (RFC 9457)
// in the shape of all others.

const problem = JSON.stringify({
  type: "about:blank",
  title: "Something went wrong",
  status: 502,
  code: "internal_error",
  detail: "Please try again in a moment.",
});

export function refusal() {
  return new Response(problem, {
    status: 502,
    headers: {
      "Content-Type": "application/problem+json",
      "Cache-Control": "no-store",
      "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'",
      "Referrer-Policy": "no-referrer",
      "Retry-After": "1",
      "X-Content-Type-Options": "nosniff",
      "X-Frame-Options": "DENY",
    },
  });
}
