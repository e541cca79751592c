package conformance

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// alike holds the platforms of one test run to each other: the answers to a case must be
// equal on all of them, also where the case does not look, but for what is drawn and for
// what servers add. It is safe for concurrent use.
type alike struct {
	mu    sync.Mutex
	first map[string]accounted
}

// accounted is an account of a run's answers, and whose they are.
type accounted struct{ platform, text string }

// platforms are those of this process.
var platforms = &alike{first: map[string]accounted{}}

// compare returns what differs from the account of the first platform that ran the same
// case with the same store, with or without memory between requests.
func (a *alike) compare(platform, run, text string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	first, ok := a.first[run]
	if !ok {
		a.first[run] = accounted{platform, text}
		return nil
	}
	if first.text == text {
		return nil
	}
	return fmt.Errorf("%s answers otherwise than %s:\n%s", platform, first.platform, differences(first.text, text))
}

// differences are the lines that only one of two accounts has.
func differences(a, b string) string {
	var out strings.Builder
	ours, theirs := strings.Split(a, "\n"), strings.Split(b, "\n")
	for _, l := range ours {
		if !slices.Contains(theirs, l) {
			fmt.Fprintf(&out, "- %s\n", l)
		}
	}
	for _, l := range theirs {
		if !slices.Contains(ours, l) {
			fmt.Fprintf(&out, "+ %s\n", l)
		}
	}
	return out.String()
}

// drawn is what differs between two runs on one platform: random values, times and
// ports.
var drawn = regexp.MustCompile(`[A-Za-z0-9_-]{20,}|\d{9,}|127\.0\.0\.1(?::|%3A)\d+`)

// serversOwn are fields that the server in front of the gateway decides on, or that
// answer a random value of the client's.
var serversOwn = []string{"Connection", "Content-Length", "Date", "Sec-Websocket-Accept", "Transfer-Encoding"}

// account is an answer as every platform has to give it.
func account(o *outcome) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d\n", o.status)
	for _, name := range slices.Sorted(maps.Keys(o.header)) {
		if !slices.Contains(serversOwn, name) {
			for _, v := range o.header[name] {
				fmt.Fprintf(&b, "%s: %s\n", name, drawn.ReplaceAllString(v, "*"))
			}
		}
	}
	if len(o.body) > 64<<10 {
		fmt.Fprintf(&b, "%d bytes\n", len(o.body))
	} else if !o.broken {
		b.WriteString(drawn.ReplaceAllString(o.body, "*") + "\n")
	}
	return b.String()
}
