package cloudflare

import (
	"testing"
	"time"

	"gatehouse/core/limit"
	"gatehouse/core/platform"
)

func TestNamesOfLimitBindings(t *testing.T) {
	for name, want := range map[string]string{"login-start": "LIMIT_LOGIN_START", "login-callback": "LIMIT_LOGIN_CALLBACK", "a.b1": "LIMIT_A_B1"} {
		if got := limitBinding(name); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
}

func TestLimiter(t *testing.T) {
	p := newPump(t, 1)
	l := &limiter{p.bridge, func(name string) bool { return name == "LIMIT_LOGIN_START" }, limit.NewMemory(time.Now)}
	bound := platform.Limit{Name: "login-start", Count: 1, Per: time.Minute}
	answer := reply{number: 1}
	p.serve = func(operation) (reply, bool) { return answer, true }
	if _, ok := l.Allow(t.Context(), bound, "192.0.2.1"); !ok {
		t.Error("refused although the binding lets it pass")
	}
	if o := p.operation("limit"); o.text != "LIMIT_LOGIN_START\x00192.0.2.1" {
		t.Errorf("asked %q", o.text)
	}
	answer = reply{}
	if wait, ok := l.Allow(t.Context(), bound, "192.0.2.1"); ok || wait != time.Minute {
		t.Errorf("passed, or may come back after %v", wait)
	}
	answer = reply{failure: "failed:down"}
	if _, ok := l.Allow(t.Context(), bound, "192.0.2.1"); !ok {
		t.Error("refused although nobody knows")
	}
	asked := p.kinds()
	other := platform.Limit{Name: "other", Count: 1, Per: time.Minute}
	_, first := l.Allow(t.Context(), other, "192.0.2.1")
	_, second := l.Allow(t.Context(), other, "192.0.2.1")
	if !first || second || p.kinds() != asked {
		t.Errorf("without a binding: %v, %v, operations %s", first, second, p.kinds())
	}
}
