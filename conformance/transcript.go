package conformance

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// transcript records a run in readable form.
type transcript struct {
	mu  sync.Mutex
	buf strings.Builder
}

func (t *transcript) printf(format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	fmt.Fprintf(&t.buf, format, args...)
}

// message writes a message, each line behind prefix.
func (t *transcript) message(prefix, first string, h http.Header, body string) {
	var b strings.Builder
	fmt.Fprintln(&b, first)
	names := make([]string, 0, len(h))
	for name := range h {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		for _, v := range h[name] {
			if len(v) > 300 {
				v = fmt.Sprintf("%s... (%d bytes)", v[:300], len(v))
			}
			fmt.Fprintf(&b, "%s: %s\n", name, v)
		}
	}
	if body != "" {
		if len(body) > 1000 {
			body = fmt.Sprintf("%s... (%d bytes)", body[:1000], len(body))
		}
		fmt.Fprintf(&b, "\n%s\n", body)
	}
	for line := range strings.SplitSeq(strings.TrimSuffix(b.String(), "\n"), "\n") {
		t.printf("  %s %s\n", prefix, line)
	}
	t.printf("\n")
}

func (t *transcript) fetch(method, url string, h http.Header, body string) {
	t.message("    =>", method+" "+url, h, body)
}

func (t *transcript) answer(a *answer, res *http.Response, err error) {
	if err != nil {
		t.message("    <=", "error: "+err.Error(), nil, "")
		return
	}
	body := "(" + a.fault + ")"
	if a.fault == "" && !a.stream && a.status != http.StatusSwitchingProtocols {
		b, _ := io.ReadAll(res.Body)
		body = string(b)
		res.Body = io.NopCloser(strings.NewReader(body))
	}
	t.message("    <=", fmt.Sprint(res.StatusCode), res.Header, body)
}

func (t *transcript) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.buf.String()
}
