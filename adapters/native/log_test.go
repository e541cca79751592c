package native

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"gatehouse/core/config"
	"gatehouse/core/kv"
)

// Whatever a client sends, each record of the log is one line and one JSON object
// with time, severity and request id.
func TestEveryLineOfTheLogIsAnObject(t *testing.T) {
	settings := map[string]string{
		"APP_URL": "https://app.example", "AUTH_SERVER_URL": "https://id.invalid", "CLIENT_ID": "a", "CLIENT_SECRET": "s",
		"PROXY_TARGET": "http://127.0.0.1:1", "COOKIE_SECRET": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8", "PUBLIC_PATHS": "/public/*",
	}
	c, err := config.Load(func(name string) (string, bool) { v, ok := settings[name]; return v, ok })
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	p, err := assemble(c, &kv.Memory{}, newLogger(&log, slog.LevelInfo))
	if err != nil {
		t.Fatal(err)
	}
	defer p.forward.Close()
	targets := []string{"/health", "/x?token=hush", "/a%0ab", "/public/%22%7d%7b%e2%80%a8", "/login/callback?code=hush&state=%0a{}"}
	for _, target := range targets {
		r := httptest.NewRequest(http.MethodGet, target, nil)
		r.Header.Set("X-Request-Id", "x\n{\"level\":\"INFO\"}")
		p.handler.ServeHTTP(httptest.NewRecorder(), r)
	}
	lines := strings.Split(strings.TrimSuffix(log.String(), "\n"), "\n")
	requests := 0
	for _, line := range lines {
		var record struct {
			Time      time.Time `json:"time"`
			Level     string    `json:"level"`
			Msg       string    `json:"msg"`
			RequestID string    `json:"request_id"`
			Status    int       `json:"status"`
		}
		if err := json.Unmarshal([]byte(line), &record); err != nil || record.Time.IsZero() || record.Level == "" || record.RequestID == "" {
			t.Errorf("%v: %s", err, line)
		}
		if record.Msg == "request" && record.Status != 0 {
			requests++
		}
	}
	if requests != len(targets) || strings.Contains(log.String(), "hush") {
		t.Errorf("%d records of %d requests:\n%s", requests, len(targets), &log)
	}
}
