package native

import (
	"bytes"
	"cmp"
	"fmt"
	"net/http"
	"slices"

	"gatehouse/core"
)

// metrics serves GET /metrics of the administration socket: what counters returns, in
// Prometheus' text format 0.0.4 and in a stable order. Labels are operations,
// configured providers and codes of errors, so that there are boundedly many of them
// and nothing of a request is in one.
func metrics(counters func() []core.Count) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		list := counters()
		slices.SortFunc(list, func(a, b core.Count) int {
			return cmp.Or(cmp.Compare(a.Operation, b.Operation), cmp.Compare(a.Provider, b.Provider), cmp.Compare(a.Result, b.Result))
		})
		var text bytes.Buffer
		text.WriteString("# HELP gatehouse_broker_operations_total Operations of the broker, by provider and result.\n" +
			"# TYPE gatehouse_broker_operations_total counter\n")
		for _, c := range list {
			fmt.Fprintf(&text, "gatehouse_broker_operations_total{operation=%q,provider=%q,result=%q} %d\n", c.Operation, c.Provider, c.Result, c.N)
		}
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		_, _ = w.Write(text.Bytes())
	}
}
