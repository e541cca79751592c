//go:build runtimes

package runtimes

import (
	"maps"
	"net/http"
	"strings"
	"testing"

	"gatehouse/conformance/rotation"
)

const (
	expiryRounds   = 50
	expiryRequests = 200
)

// Two hundred requests at once find the access token expired; sessions are in Durable
// Objects, and requests in one isolate, which makes one attempt for all of them, or in
// four that share nothing but the objects.
func TestWorkerdAtTheMomentOfExpiry(t *testing.T) {
	for name, beside := range map[string]int{"one isolate": 0, "four isolates": 3} {
		t.Run(name, func(t *testing.T) {
			p := rotation.Serve(t)
			settings := p.Settings()
			settings["STORE"] = "durable-object"
			s := startWorkerSite(t, http.HandlerFunc(rotation.Application), workerdOptions{objects: true, beside: beside, settings: settings})
			t.Log(p.Bear(t, rotation.Load{App: s.app, At: append(s.beside, s.http), Rounds: expiryRounds, Requests: expiryRequests}))
			if printed := s.log(); strings.Contains(printed, "different request") {
				t.Errorf("the log has the error of another request's I/O:\n%s", printed)
			}
		})
	}
}

// Two hundred requests at once find the access token expired, each in an instance of its
// own, which shares nothing with the others but a Redis.
func TestWasmtimeAtTheMomentOfExpiry(t *testing.T) {
	p := rotation.Serve(t)
	s := startWasmtimeSite(t, http.HandlerFunc(rotation.Application))
	maps.Copy(s.settings, p.Settings())
	s.settings["LOG_LEVEL"] = "warn"
	s.restart(t)
	var figures *rotation.Figures
	most := s.peak(t, func() {
		figures = p.Bear(t, rotation.Load{App: s.app, Rounds: expiryRounds, Requests: expiryRequests})
	})
	t.Logf("%v; at most %d MB", figures, most>>20)
}
