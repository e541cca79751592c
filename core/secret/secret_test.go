package secret_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"gatehouse/core/secret"
)

func TestNoPrinterShowsTheValue(t *testing.T) {
	const value = "hunter2-hunter2"
	s := secret.New(value)
	type inside struct {
		Public secret.Text
		hidden secret.Text
		list   []secret.Text
		m      map[string]secret.Text
		p      *secret.Text
		any    any
	}
	in := inside{s, s, []secret.Text{s}, map[string]secret.Text{"k": s}, &s, s}
	var out strings.Builder
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%p", "%T", "%10s", "% x", "%#x", "%U", "%e"} {
		for _, arg := range []any{s, &s, in, &in, []any{s, in}, [1]secret.Text{s}, map[secret.Text]int{s: 1}} {
			fmt.Fprintf(&out, verb+"\n", arg)
		}
	}
	fmt.Fprintln(&out, s, s.String(), s.GoString(), fmt.Errorf("wrapped: %v", s), errors.New(fmt.Sprint(in)))
	for _, v := range []any{s, &s, in, []secret.Text{s}, map[string]secret.Text{"k": s}, map[secret.Text]int{s: 1}} {
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		out.Write(b)
	}
	var logs bytes.Buffer
	for _, h := range []slog.Handler{slog.NewTextHandler(&logs, nil), slog.NewJSONHandler(&logs, nil)} {
		slog.New(h).Info("m", "s", s, "p", &s, "in", in, "list", []secret.Text{s}, slog.Group("g", "s", s))
	}
	all := out.String() + logs.String()
	for _, form := range []string{value, fmt.Sprintf("%x", value), fmt.Sprintf("%X", value), fmt.Sprintf("% x", value), fmt.Sprint([]byte(value)), fmt.Sprintf("%U", []rune(value))} {
		if i := strings.Index(all, form); i >= 0 {
			t.Errorf("%q shows in %q", form, all[max(0, i-40):min(len(all), i+60)])
		}
	}
	if !strings.Contains(all, "[redacted]") {
		t.Error("nothing was printed")
	}
}

func TestReveal(t *testing.T) {
	if s := secret.New("value"); s.Reveal() != "value" || s.Empty() || s != secret.New("value") || s == secret.New("other") {
		t.Error("the value is lost")
	}
	var zero secret.Text
	if zero.Reveal() != "" || !zero.Empty() || !secret.New("").Empty() || fmt.Sprint(zero) != "[redacted]" {
		t.Error("the zero value is not the empty secret")
	}
}
