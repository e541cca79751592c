package workershost

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"strings"
	"testing"
)

func TestBytesStreamThroughPipes(t *testing.T) {
	t.Parallel()
	s := isolate(t, `const encoder = new TextEncoder();
		export default { fetch(request, env, ctx) {
			const path = new URL(request.url).pathname;
			const pipe = path === "/free" || path === "/open" ? new IdentityTransformStream() : new FixedLengthStream(5n);
			const writer = pipe.writable.getWriter();
			ctx.waitUntil((async () => {
				await writer.write(encoder.encode("hel"));
				if (path === "/short") return writer.close().catch(() => {});
				await writer.write(encoder.encode(path === "/long" ? "lo!" : "lo")).catch(() => writer.abort());
				if (path === "/free" || path === "/fixed") await writer.close();
			})());
			return new Response(pipe.readable);
		} };`, Env{})
	for path, want := range map[string]struct {
		length int64
		body   string
		whole  bool
	}{
		"/free": {-1, "hello", true}, "/fixed": {5, "hello", true}, "/open": {-1, "hello", false},
		"/short": {5, "hel", false}, "/long": {5, "hel", false},
	} {
		res, err := s.RoundTrip(incoming("GET", path, ""))
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		res.Body.Close()
		if res.ContentLength != want.length || string(body) != want.body || (err == nil) != want.whole {
			t.Errorf("%s: length %d, %q, %v", path, res.ContentLength, body, err)
		}
	}
}

func TestBodiesAreHandedOverBothWays(t *testing.T) {
	t.Parallel()
	s := isolate(t, `export default { async fetch(request) {
		const res = await fetch("https://x.example/", { method: "PUT", body: request.body, redirect: "manual" });
		return new Response(res.body, res);
	} };`, Env{Fetch: network(func(r *http.Request) (*http.Response, error) {
		body, err := io.ReadAll(r.Body)
		return answer(r, strings.ToUpper(string(body)+r.Header.Get("Content-Length"))), err
	})})
	large := strings.Repeat("a", 1<<20)
	if _, got := do(t, s, incoming("PUT", "/", large)); got != strings.ToUpper(large)+"1048576" {
		t.Errorf("%d bytes", len(got))
	}
}

func TestWhatTheWorkerProducesIsStreamed(t *testing.T) {
	t.Parallel()
	s := isolate(t, `export default { fetch() {
		let n = 0;
		return new Response(new ReadableStream({ pull(c) {
			if (n === 3) c.close(); else c.enqueue(new TextEncoder().encode(String(n++)));
		} }));
	} };`, Env{})
	if _, got := get(t, s, "/"); got != "012" {
		t.Error(got)
	}
}

func TestContentCoding(t *testing.T) {
	t.Parallel()
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, _ = io.WriteString(z, "plain")
	z.Close()
	s := isolate(t, `export default { async fetch(request) {
		const path = new URL(request.url).pathname;
		const manual = path.startsWith("/manual") ? { encodeResponseBody: "manual" } : {};
		const res = await fetch("https://x.example/", { redirect: "manual", ...manual });
		if (path.endsWith("/read")) return new Response(await res.arrayBuffer());
		return new Response(res.body, { headers: res.headers, encodeBody: path.startsWith("/manual") ? "manual" : "automatic" });
	} };`, Env{Fetch: network(func(r *http.Request) (*http.Response, error) {
		res := answer(r, packed.String())
		res.Header.Set("Content-Encoding", "gzip")
		return res, nil
	})})
	for path, want := range map[string]string{
		"/read": "plain", "/manual/read": packed.String(), "/pass": packed.String(), "/manual/pass": packed.String(),
	} {
		if _, got := get(t, s, path); got != want {
			t.Errorf("%s: %q", path, got)
		}
	}
}

func TestAWebSocketIsHandedOver(t *testing.T) {
	t.Parallel()
	far, near := io.Pipe()
	s := isolate(t, `export default { async fetch(request) {
		const res = await fetch("https://x.example/", { headers: { Upgrade: "websocket" }, redirect: "manual" });
		return new Response(null, { status: 101, webSocket: res.webSocket });
	} };`, Env{Fetch: network(func(r *http.Request) (*http.Response, error) {
		if r.Header.Get("Sec-WebSocket-Version") != "13" || len(r.Header.Get("Sec-WebSocket-Key")) != 24 {
			t.Error("no handshake:", r.Header)
		}
		res := answer(r, "")
		res.StatusCode, res.Body = http.StatusSwitchingProtocols, echo{far, near}
		return res, nil
	})})
	res, err := s.RoundTrip(incoming("GET", "/", "", "Sec-Websocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="))
	if err != nil || res.StatusCode != 101 || res.Header.Get("Sec-WebSocket-Accept") != "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" {
		t.Fatal(res, err)
	}
	connection := res.Body.(io.ReadWriteCloser)
	got := make([]byte, 4)
	if _, err := io.WriteString(connection, "ping"); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(connection, got); err != nil || string(got) != "ping" {
		t.Error(string(got), err)
	}
	connection.Close()
	s.Settle()
}

type echo struct {
	*io.PipeReader
	w *io.PipeWriter
}

func (e echo) Write(p []byte) (int, error) { return e.w.Write(p) }
func (e echo) Close() error                { e.w.Close(); return e.PipeReader.Close() }
