package workershost

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
)

// network answers fetches.
type network func(r *http.Request) (*http.Response, error)

func (f network) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// answer is an answer of the network.
func answer(r *http.Request, body string) *http.Response {
	return &http.Response{
		Status: "200 OK", StatusCode: 200, Header: http.Header{}, Request: r,
		Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)),
	}
}

// hangs answers never.
var hangs = network(func(r *http.Request) (*http.Response, error) {
	_, err := Wait(r.Context(), -1)
	return nil, err
})

func TestARequestThatWaitsForNothingIsGivenUp(t *testing.T) {
	t.Parallel()
	hung := make(chan string, 8)
	s := isolate(t, `export default { fetch: () => new Promise(() => {}) };`, Env{Log: func(_, line string) { hung <- line }})
	if status, body := get(t, s, "/"); status != 500 || body != "Internal Server Error" {
		t.Errorf("%d %s", status, body)
	}
	if line := <-hung; !strings.Contains(line, "had hung") {
		t.Error(line)
	}
}

func TestWhatAnotherRequestMadeCannotBeUsed(t *testing.T) {
	t.Parallel()
	fetching := make(chan struct{})
	s := isolate(t, `let held, wake;
		export default { async fetch(request) {
			if (request.url.endsWith("/hold")) {
				held = request;
				fetch("https://x.example/").catch(() => wake("nobody"));
				return new Response("woken by " + await new Promise((resolve) => (wake = resolve)));
			}
			const used = [held.headers.get("host")];
			for (const use of [() => held.body.cancel(), () => held.text()]) {
				try { used.push(await use()); } catch (e) { used.push(e.message); }
			}
			wake("another");
			return new Response(used.join("\n"));
		} };`, Env{Fetch: network(func(r *http.Request) (*http.Response, error) {
		close(fetching)
		<-r.Context().Done() // in real time, so that no other passes
		return nil, r.Context().Err()
	})})
	held := make(chan string, 1)
	reading, entered := io.Pipe()
	defer entered.Close()
	r := incoming("POST", "/hold", "")
	r.Body, r.ContentLength = reading, 3
	go func() {
		_, body := do(t, s, r)
		held <- body
	}()
	<-fetching
	_, got := get(t, s, "/use")
	lines := strings.Split(got, "\n")
	if lines[0] != "app.example" || len(lines) != 3 {
		t.Fatal(got)
	}
	for _, line := range lines[1:] {
		if !strings.HasPrefix(line, "Cannot perform I/O on behalf of a different request") {
			t.Error(line)
		}
	}
	if got := <-held; got != "woken by another" {
		t.Error(got)
	}
}

func TestGlobalScopeHasNoContext(t *testing.T) {
	t.Parallel()
	s := isolate(t, `const seen = [Date.now()];
		for (const f of [() => setTimeout(() => {}, 1), () => crypto.getRandomValues(new Uint8Array(1))]) {
			try { f(); seen.push("allowed"); } catch (e) { seen.push(e.message.slice(0, 46)); }
		}
		fetch("https://x.example").catch((e) => seen.push(e.message.slice(0, 46)));
		export default { fetch: () => new Response(seen.join("|")) };`, Env{})
	const refused = "|Disallowed operation called within global scop"
	if _, got := get(t, s, "/"); got != "0"+refused+refused+refused {
		t.Error(got)
	}
}

func TestTheClockMovesOnlyWithTimers(t *testing.T) {
	t.Parallel()
	s := isolate(t, `export default { async fetch() {
		const began = Date.now();
		for (let i = 0; i < 1e5; i++);
		const spun = Date.now() - began;
		await new Promise((resolve) => setTimeout(resolve, 86400000));
		return new Response(spun + " " + (Date.now() - began));
	} };`, Env{})
	if _, got := get(t, s, "/"); got != "0 86400000" {
		t.Error(got)
	}
}

func TestAnAbortedFetchIsGivenUp(t *testing.T) {
	t.Parallel()
	given := make(chan error, 1)
	s := isolate(t, `export default { async fetch() {
		const began = Date.now();
		try { await fetch("https://x.example/", { signal: AbortSignal.timeout(5000) }); }
		catch (e) { return new Response(e.name + " " + (Date.now() - began)); }
	} };`, Env{Fetch: network(func(r *http.Request) (*http.Response, error) {
		_, err := hangs(r)
		given <- r.Context().Err()
		return nil, err
	})})
	if _, got := get(t, s, "/"); got != "TimeoutError 5000" {
		t.Error(got)
	}
	if err := <-given; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestAClientThatLeavesIsSignalled(t *testing.T) {
	t.Parallel()
	fetching, left := make(chan struct{}), make(chan string, 1)
	s := isolate(t, `export default { fetch(request, env, ctx) {
		ctx.waitUntil(new Promise((resolve) => request.signal.addEventListener("abort", () => {
			console.log("left");
			resolve();
		})));
		return fetch("https://x.example/");
	} };`, Env{
		Log:   func(_, line string) { left <- line },
		Fetch: network(func(r *http.Request) (*http.Response, error) { close(fetching); return hangs(r) }),
	})
	ctx, leave := context.WithCancel(t.Context())
	go func() {
		<-fetching
		leave()
	}()
	if _, err := s.RoundTrip(incoming("GET", "/", "").WithContext(ctx)); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if line := <-left; line != "left" {
		t.Error(line)
	}
	s.Settle()
}

func TestWorkInTheBackgroundGoesOnForThirtySeconds(t *testing.T) {
	t.Parallel()
	lines := make(chan string, 8)
	s := isolate(t, `export default { fetch(request, env, ctx) {
		ctx.waitUntil((async () => {
			for (let i = 10; i < 100; i += 10) {
				await new Promise((resolve) => setTimeout(resolve, 10000 - 1));
				console.log(i);
			}
		})());
		return new Response("out");
	} };`, Env{Log: func(_, line string) { lines <- line }})
	if _, got := get(t, s, "/"); got != "out" {
		t.Error(got)
	}
	s.Settle()
	close(lines)
	var got []string
	for line := range lines {
		got = append(got, line)
	}
	if strings.Join(got, " ") != "10 20 30" {
		t.Error(got)
	}
}
