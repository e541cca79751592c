package syumai

import (
	"errors"
	"io"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"testing"

	"gatehouse/core/config"
)

var complete = map[string]string{
	"APP_URL": "https://app.example", "AUTH_SERVER_URL": "https://login.example", "CLIENT_ID": "gatehouse",
	"CLIENT_SECRET": "a secret of the client", "COOKIE_SECRET": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
	"PROXY_TARGET": "https://internal.example",
}

func assembleOne(texts map[string]string, bindings ...string) error {
	e := environment{
		text:  func(name string) (string, bool) { v, ok := texts[name]; return v, ok },
		bound: func(name string) bool { return slices.Contains(bindings, name) },
	}
	r := runtime{console: io.Discard, background: &tasks{log: slog.New(slog.DiscardHandler)}}
	if e.bound(bindingKV) {
		r.namespace = newMemory()
	}
	_, err := assemble(e, r)
	return err
}

func TestAssemble(t *testing.T) {
	if err := assembleOne(complete, bindingKV); err != nil {
		t.Error(err)
	}
	service := maps.Clone(complete)
	delete(service, bindingTarget)
	if err := assembleOne(service, bindingKV, bindingTarget); err != nil {
		t.Error(err)
	}
}

func TestEveryMistakeIsFoundAtOnce(t *testing.T) {
	mistaken := maps.Clone(complete)
	mistaken["LOG_LEVEL"], mistaken["COOKIE_SECRET"] = "loud", "short-and-secret"
	delete(mistaken, "CLIENT_ID")
	err := assembleOne(mistaken)
	var errs config.Errors
	if !errors.As(err, &errs) {
		t.Fatal(err)
	}
	var named []string
	for _, e := range errs {
		named = append(named, e.Name)
	}
	for _, name := range []string{"LOG_LEVEL", "COOKIE_SECRET", "CLIENT_ID", bindingKV} {
		if !slices.Contains(named, name) {
			t.Errorf("%s is not among %q", name, named)
		}
	}
	if strings.Contains(err.Error(), "short-and-secret") {
		t.Error("the error names a secret")
	}
}
