package conformance

import (
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// alike holds the platforms of one test run to each other: the answers to a case must be
// equal on all of them, also where the case does not look, but for what is drawn, for what
// servers add and for the time that passes. It is safe for concurrent use.
type alike struct {
	mu    sync.Mutex
	first map[string]accounted
}

// accounted is an account of a run's answers, and whose they are.
type accounted struct {
	platform, text string
	realClock      bool
	stores         bool // steps of the case's own have used the store
}

// platforms are those of this process.
var platforms = &alike{first: map[string]accounted{}}

// compare returns what differs from the account of the first platform that ran the same
// case with the same store, with or without memory between requests.
func (a *alike) compare(run string, got accounted) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	first, ok := a.first[run]
	if !ok {
		a.first[run] = got
		return nil
	}
	ours, theirs := first.text, got.text
	if first.realClock || got.realClock {
		ours, theirs = withoutPassing(ours, theirs)
	}
	if ours == theirs {
		return nil
	}
	return fmt.Errorf("%s answers otherwise than %s:\n%s", got.platform, first.platform, differences(ours, theirs))
}

// has says whether there is an account of the run.
func (a *alike) has(run string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	_, ok := a.first[run]
	return ok
}

// stores says whether the run's own steps have used the store where it was played first.
func (a *alike) stores(run string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.first[run].stores
}

// countdown is a number of seconds that is smaller the later an answer is made. Zero is
// another thing: it removes a cookie.
var countdown = regexp.MustCompile(`((?:Max-Age=|Retry-After: |;t=|"expires_in":))([1-9]\d{0,8})\b`)

// passing bounds the seconds that a case takes on a clock that runs.
const passing = 60

// withoutPassing returns two accounts less the seconds counted down in which they differ by no
// more than passing.
func withoutPassing(a, b string) (string, string) {
	ours, theirs := countdown.FindAllStringSubmatch(a, -1), countdown.FindAllStringSubmatch(b, -1)
	if len(ours) != len(theirs) {
		return a, b
	}
	for i := range ours {
		n, _ := strconv.Atoi(ours[i][2])
		m, _ := strconv.Atoi(theirs[i][2])
		if max(n-m, m-n) > passing {
			return a, b
		}
	}
	return countdown.ReplaceAllString(a, "${1}*"), countdown.ReplaceAllString(b, "${1}*")
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
var drawn = regexp.MustCompile(`[A-Za-z0-9_-]{20,}|\b[B-DF-HJ-NP-TV-Z]{4}-[B-DF-HJ-NP-TV-Z]{4}\b|\d{9,}|127\.0\.0\.1(?::|%3A)\d+`)

// serversOwn are fields that the server in front of the gateway decides on, or that
// answer a random value of the client's.
var serversOwn = []string{"Connection", "Content-Length", "Date", "Sec-Websocket-Accept", "Transfer-Encoding"}

// named returns what writes the names of cases for the origins that stand for the
// provider and the application, which are some platform's own.
func named(issuer, upstream string) *strings.Replacer {
	return strings.NewReplacer(issuer, "{issuer}", url.QueryEscape(issuer), "{issuer}",
		upstream, "{upstream}", url.QueryEscape(upstream), "{upstream}")
}

// account is an answer as every platform has to give it.
func account(o *outcome, names *strings.Replacer) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d\n", o.status)
	for _, name := range slices.Sorted(maps.Keys(o.header)) {
		if !slices.Contains(serversOwn, name) {
			for _, v := range o.header[name] {
				if name == "Retry-After" {
					v = "*" // how much is left of a window of the clock
				}
				fmt.Fprintf(&b, "%s: %s\n", name, drawn.ReplaceAllString(names.Replace(v), "*"))
			}
		}
	}
	if len(o.body) > 64<<10 {
		fmt.Fprintf(&b, "%d bytes\n", len(o.body))
	} else if !o.broken {
		b.WriteString(drawn.ReplaceAllString(names.Replace(o.body), "*") + "\n")
	}
	return b.String()
}
