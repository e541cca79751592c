package login

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"gatehouse/client"
)

// Request is a call at the provider.
type Request struct {
	Method, Path string
	// Data are parameters NAME=VALUE: of the query for GET and DELETE, otherwise of a
	// form.
	Data []string
	// Body is sent as JSON instead of a form; nil: none.
	Body []byte
}

// parse returns the parameters. The error is a *Failure.
func (r *Request) parse() (url.Values, error) {
	values := url.Values{}
	for _, pair := range r.Data {
		name, value, ok := strings.Cut(pair, "=")
		if !ok || name == "" {
			return nil, &Failure{fmt.Errorf("-d %q is not NAME=VALUE", pair), "for example -d limit=10", exitFailure}
		}
		values.Add(name, value)
	}
	return values, nil
}

// Call makes a call and prints what the provider answers. Where that is a refusal, the
// answer goes to standard error. Errors are [*Failure].
func (c *Command) Call(ctx context.Context, which Which, r Request) error {
	values, err := r.parse()
	if err != nil {
		return err
	}
	s, cl, err := c.find(which)
	if err != nil {
		return err
	}
	call := client.Call{Provider: s.Provider, Method: r.Method, Path: r.Path}
	switch {
	case r.Body != nil:
		call.Body, call.ContentType, call.Query = r.Body, "application/json", values
	case r.Method == http.MethodGet || r.Method == http.MethodDelete:
		call.Query = values
	case len(values) > 0:
		call.Body, call.ContentType = []byte(values.Encode()), "application/x-www-form-urlencoded"
	}
	res, err := cl.Call(ctx, s.Handle, call)
	if err != nil {
		return failedWith(ctx, err, s.Broker, s.Provider)
	}
	defer res.Body.Close()
	if res.StatusCode < 400 && !c.JSON {
		return failedWith(ctx, c.copy(res.Body), s.Broker, s.Provider)
	}
	data, err := io.ReadAll(res.Body)
	if err != nil {
		return failedWith(ctx, err, s.Broker, s.Provider)
	}
	if res.StatusCode >= 400 && !c.JSON {
		if len(data) > 0 {
			fmt.Fprintln(c.Stderr, strings.TrimRight(clean(string(data)), "\n"))
		}
		return c.refused(res.StatusCode)
	}
	w := c.Stdout
	if res.StatusCode >= 400 {
		w = c.Stderr
	}
	if err := line(w, answer{res.StatusCode, res.Header.Get("Content-Type"), content(data)}); err != nil {
		return failed(err)
	}
	if res.StatusCode >= 400 {
		return c.refused(res.StatusCode)
	}
	return nil
}

func (c *Command) refused(status int) error {
	return &Failure{fmt.Errorf("the provider answered %d %s", status, http.StatusText(status)), "", exitFailure}
}

// answer is the provider's, for programs.
type answer struct {
	Status      int    `json:"status"`
	ContentType string `json:"content_type,omitempty"`
	Body        any    `json:"body"` // JSON, or text, or bytes in base64
}

func content(data []byte) any {
	switch {
	case len(data) == 0:
		return nil
	case json.Valid(data):
		return json.RawMessage(data)
	case utf8.Valid(data):
		return string(data)
	}
	return data
}

// copy writes an answer to standard output as it comes: as it is, or to a terminal
// without what could drive it.
func (c *Command) copy(body io.Reader) error {
	terminal, _ := width(c.Stdout)
	if !terminal {
		_, err := io.Copy(c.Stdout, body)
		return err
	}
	data, err := io.ReadAll(body)
	if err != nil {
		return err
	}
	text := clean(string(data))
	if text != "" && !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	_, err = io.WriteString(c.Stdout, text)
	return err
}
