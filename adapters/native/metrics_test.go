package native

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"gatehouse/core"
)

func TestMetricsAreOnTheAdministrationSocket(t *testing.T) {
	counters := func() []core.Count {
		return []core.Count{
			{Operation: "start", Provider: "github", Result: "unknown_flow", N: 1},
			{Operation: "collect", Provider: "github", Result: "ok", N: 12},
			{Operation: "start", Provider: "", Result: "unknown_provider", N: 3},
		}
	}
	admin := newAdmin(&shelf{}, answered{}, counters, discard)
	w := httptest.NewRecorder()
	admin.ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	const want = `# HELP gatehouse_broker_operations_total Operations of the broker, by provider and result.
# TYPE gatehouse_broker_operations_total counter
gatehouse_broker_operations_total{operation="collect",provider="github",result="ok"} 12
gatehouse_broker_operations_total{operation="start",provider="",result="unknown_provider"} 3
gatehouse_broker_operations_total{operation="start",provider="github",result="unknown_flow"} 1
`
	if w.Code != http.StatusOK || w.Body.String() != want || w.Header().Get("Content-Type") != "text/plain; version=0.0.4; charset=utf-8" {
		t.Errorf("%d %v\n%s", w.Code, w.Header(), w.Body)
	}
}
