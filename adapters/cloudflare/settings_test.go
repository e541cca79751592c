package cloudflare

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"gatehouse/core/config"
	"gatehouse/internal/reference"
)

func TestReferenceDescribesEverySetting(t *testing.T) {
	reference.Part{File: "../../docs/configuration.md", Name: "The Worker's settings", Command: "go test ./adapters/cloudflare -run Reference -update"}.
		Check(t, config.Reference(Settings(&Config{})))
}

// complete is the text of an environment that has what it needs, and then more.
func complete(more ...string) string {
	return strings.Join(append([]string{
		"APP_URL", "text", "https://app.example",
		"AUTH_SERVER_URL", "text", "https://login.example",
		"CLIENT_ID", "text", "gatehouse",
		"CLIENT_SECRET", "text", "a secret of the client",
		"COOKIE_SECRET", "text", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
		"PROXY_TARGET", "binding", "",
		"STORE_KV", "binding", "",
	}, more...), separator)
}

func TestLoad(t *testing.T) {
	gateway, worker, err := load(parseEnvironment(complete("LOG_LEVEL", "text", "debug")))
	if err != nil {
		t.Fatal(err)
	}
	if worker.Store != storeKV || worker.LogLevel != slog.LevelDebug || gateway.Upstream.String() != serviceURL {
		t.Errorf("store %s, level %s, application %s", worker.Store, worker.LogLevel, gateway.Upstream)
	}
	gateway, _, err = load(parseEnvironment(complete("STORE", "text", "durable-object", "STORE_OBJECTS", "binding", "")))
	if err != nil || gateway == nil {
		t.Error(err)
	}
}

func TestEveryMistakeIsFoundAtOnce(t *testing.T) {
	for _, test := range []struct {
		name, text string
		want       []string
	}{
		{"nothing", "", []string{"APP_URL", "AUTH_SERVER_URL", "COOKIE_SECRET", "STORE_KV"}},
		{"store without a binding", complete("STORE", "text", "durable-object"), []string{"STORE_OBJECTS"}},
		{"a text instead of a binding", complete("STORE", "text", "durable-object", "STORE_OBJECTS", "text", "x"), []string{"STORE_OBJECTS"}},
		{"unknown store", complete("STORE", "text", "bolt", "LOG_LEVEL", "text", "loud"), []string{"STORE", "LOG_LEVEL"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var lines bytes.Buffer
			b := newBridge(nil, newLogger(&lines, slog.LevelInfo))
			handler := open(parseEnvironment(test.text), b, new(slog.LevelVar))
			var named []string
			for line := range strings.Lines(lines.String()) {
				var record struct{ Level, Msg, Setting, Problem string }
				if err := json.Unmarshal([]byte(line), &record); err != nil || record.Level != "ERROR" || record.Msg != "misconfigured" || record.Problem == "" {
					t.Errorf("log line %s: %v", line, err)
				}
				named = append(named, record.Setting)
			}
			for _, name := range test.want {
				if !slices.Contains(named, name) {
					t.Errorf("%s is not among %q", name, named)
				}
			}
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, httptest.NewRequest("GET", "/health", nil))
			if w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), `"code":"misconfigured"`) || strings.Contains(w.Body.String(), "STORE") {
				t.Errorf("got %d %s", w.Code, w.Body)
			}
			r := httptest.NewRequest("GET", "/", nil)
			r.Header.Set("Accept", "text/html,*/*")
			w = httptest.NewRecorder()
			handler.ServeHTTP(w, r)
			if w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), "<h1>") {
				t.Errorf("a person got %d %s", w.Code, w.Body)
			}
		})
	}
}

func TestMistakesNameNoSecret(t *testing.T) {
	var lines bytes.Buffer
	b := newBridge(nil, newLogger(&lines, slog.LevelInfo))
	open(parseEnvironment(complete("COOKIE_SECRET", "text", "short-and-secret")), b, new(slog.LevelVar))
	if !strings.Contains(lines.String(), "COOKIE_SECRET") || strings.Contains(lines.String(), "short-and-secret") {
		t.Errorf("log: %s", &lines)
	}
}

func TestLimiterIsTheCoresWithoutABinding(t *testing.T) {
	if l := newLimiter(parseEnvironment(complete()), nil); l != nil {
		t.Errorf("got %v", l)
	}
	if newLimiter(parseEnvironment(complete("LIMIT_LOGIN_START", "binding", "")), nil) == nil {
		t.Error("the binding is not used")
	}
}
