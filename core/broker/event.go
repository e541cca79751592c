package broker

import (
	"log/slog"
	"slices"
	"sync"

	"gatehouse/core/exchange"
)

// Operations of the broker.
const (
	opStart    = "start"
	opBegin    = "begin"
	opConfirm  = "confirm"
	opCallback = "callback"
	opCollect  = "collect"
	opCall     = "call"
	opLogout   = "logout"
)

// Count is how often an operation ended with a result.
type Count struct {
	Operation, Provider string
	Result              string // "ok" or a code of an error
	N                   uint64
}

// counters are bounded by what they count: operations, configured providers, and codes.
type counters struct {
	mu sync.Mutex
	n  map[[3]string]uint64
}

// Counters returns what this process has counted since it began.
func (b *Broker) Counters() []Count {
	b.counters.mu.Lock()
	defer b.counters.mu.Unlock()
	all := make([]Count, 0, len(b.counters.n))
	for k, n := range b.counters.n {
		all = append(all, Count{k[0], k[1], k[2], n})
	}
	return all
}

// note logs and counts how an operation ended. What it writes is from fixed vocabularies.
func (b *Broker) note(x *exchange.Exchange, operation, provider, flow string, err error) {
	result := "ok"
	if err != nil {
		result = problemOf(err).Code
	}
	if b.providers[provider] == nil && b.Missing[provider] == "" {
		provider = ""
	}
	if !slices.Contains(flows, flow) {
		flow = ""
	}
	b.counters.mu.Lock()
	if b.counters.n == nil {
		b.counters.n = map[[3]string]uint64{}
	}
	b.counters.n[[3]string{operation, provider, result}]++
	b.counters.mu.Unlock()
	b.Log.LogAttrs(x.Context, slog.LevelInfo, "auth", slog.String("request_id", x.ID), slog.String("operation", operation),
		slog.String("provider", provider), slog.String("flow", flow), slog.String("result", result))
}
