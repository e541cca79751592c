//go:build wasip1

// Command app is an application that tells what it was given: as a component of its own,
// or composed with the gateway. A real one may be written in any language.
//
//	/echo  sends the request's body back as it comes
//	/fail  does not answer
//	/trap  traps
//	/set   sets cookies and other headers, those of the gateway among them
//	else   the request and the environment, one line each
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"gatehouse/adapters/spin/wasi"
)

func init() {
	wasi.Handle(func(_ context.Context, in *wasi.Incoming, answer wasi.Answer) func() {
		fields := []wasi.Field{{Name: "content-type", Value: "text/plain; charset=utf-8"}}
		var text io.Reader
		switch path, _, _ := strings.Cut(in.PathWithQuery, "?"); path {
		case "/echo":
			text = in.Body
		case "/fail":
			return nil
		case "/trap":
			panic("asked for")
		case "/set":
			fields = append(fields, []wasi.Field{
				{Name: "set-cookie", Value: "app=1; Path=/"},
				{Name: "set-cookie", Value: "gatehouse-dev=planted; Path=/"},
				{Name: "set-cookie", Value: " =gatehouse-dev-handover=planted; Path=/"},
				{Name: "set-cookie", Value: "gatehouse-devoted=1; Path=/"},
				{Name: "x-gatehouse-roles", Value: "admin"},
				{Name: "x-request-id", Value: "of-the-application"},
				{Name: "cache-control", Value: "public, max-age=60"},
				{Name: "cdn-cache-control", Value: "max-age=60"},
				{Name: "surrogate-control", Value: "max-age=60"},
				{Name: "x-app", Value: "1"},
			}...)
			text = strings.NewReader("set\n")
		default:
			text = strings.NewReader(told(in))
		}
		body, err := answer.Begin(200, fields, true)
		if err != nil {
			return nil
		}
		buf := make([]byte, 32<<10)
		for {
			n, err := text.Read(buf)
			if n > 0 {
				if _, err := body.Write(buf[:n]); err != nil {
					body.Abort() // the client is gone
					return nil
				}
				if err := body.Flush(); err != nil {
					body.Abort()
					return nil
				}
			}
			if err == io.EOF {
				break
			}
			if err != nil {
				body.Abort()
				return nil
			}
		}
		_ = body.Finish(nil) // the client may be gone
		return nil
	})
}

// told lists what a request says.
func told(in *wasi.Incoming) string {
	text := fmt.Sprintf("%s %s\nscheme %s\nauthority %s\n", in.Method, in.PathWithQuery, in.Scheme, in.Authority)
	for _, f := range in.Fields {
		text += fmt.Sprintf("field %s: %s\n", f.Name, f.Value)
	}
	for _, v := range os.Environ() {
		text += "variable " + v + "\n"
	}
	return text
}

func main() {}
