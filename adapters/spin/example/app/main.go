//go:build wasip1

// Command app is a small application behind the gateway, as a component: it greets who
// is logged in. A real one may be written in any language.
package main

import (
	"context"
	"strings"

	"gatehouse/adapters/spin/wasi"
)

func init() {
	wasi.Handle(func(_ context.Context, in *wasi.Incoming, answer wasi.Answer) func() {
		text := "Hello, whoever you are.\n"
		for _, f := range in.Fields {
			if strings.EqualFold(f.Name, "x-forwarded-user") {
				text = "Hello, " + f.Value + ".\n"
			}
		}
		body, err := answer.Begin(200, []wasi.Field{{Name: "content-type", Value: "text/plain; charset=utf-8"}}, true)
		if err != nil {
			return nil
		}
		if _, err := body.Write([]byte(text)); err != nil {
			body.Abort()
			return nil
		}
		_ = body.Finish(nil) // the client may be gone
		return nil
	})
}

func main() {}
