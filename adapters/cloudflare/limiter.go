package cloudflare

import (
	"context"
	"strings"
	"time"

	"gatehouse/core/limit"
	"gatehouse/core/platform"
)

// limiter counts with rate limit bindings, whose budgets are fixed in wrangler.toml. A
// limit whose binding is missing is counted in the isolate's memory.
type limiter struct {
	bridge *bridge
	bound  func(binding string) bool
	memory *limit.Memory
}

var _ platform.Limiter = (*limiter)(nil)

// limitBinding is the binding's name for a limit: LIMIT_LOGIN for "login".
func limitBinding(name string) string {
	return "LIMIT_" + strings.Map(func(c rune) rune {
		switch {
		case c >= 'a' && c <= 'z':
			return c - 'a' + 'A'
		case c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
			return c
		}
		return '_'
	}, name)
}

// Allow implements [platform.Limiter]. A binding does not say when the next event may
// be: the window's length is always late enough. When it cannot be asked the event
// passes.
func (l *limiter) Allow(ctx context.Context, budget platform.Limit, key string) (time.Duration, bool) {
	binding := limitBinding(budget.Name)
	if !l.bound(binding) {
		return l.memory.Allow(ctx, budget, key)
	}
	_, r, err := l.bridge.call(ctx, operation{kind: "limit", text: binding + separator + key})
	if err != nil || r.number != 0 {
		return 0, true
	}
	return max(budget.Per, time.Second), false
}
