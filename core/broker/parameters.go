package broker

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"

	"gatehouse/core/strictjson"
)

// Bounds on what programs send, in bytes.
const (
	maxBody      = 16 << 10
	maxCallBody  = 64 << 10
	maxParameter = 4 << 10
)

// parameters are those of a request, each at most once.
type parameters map[string]string

// need returns the named parameter; without it the error says so.
func (p parameters) need(name string) (string, error) {
	if p[name] == "" {
		return "", missing(name)
	}
	return p[name], nil
}

// single refuses parameters that are repeated (RFC 6749, section 3.1) or oversized.
func single(values url.Values) (parameters, error) {
	p := parameters{}
	for name, v := range values {
		if len(v) != 1 || len(v[0]) > maxParameter || len(name) > 64 || len(values) > 32 {
			return nil, invalidRequest.With(errors.New("repeated, oversized or too many parameters"))
		}
		p[name] = v[0]
	}
	return p, nil
}

// query reads the parameters of the address.
func query(r *http.Request) (parameters, error) {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, invalidRequest.With(errors.New("malformed query"))
	}
	return single(values)
}

// body reads at most limit bytes.
func body(r *http.Request, limit int64) ([]byte, error) {
	if r.Body == nil {
		return nil, nil
	}
	b, err := io.ReadAll(io.LimitReader(r.Body, limit+1))
	switch {
	case err != nil:
		return nil, invalidRequest.With(fmt.Errorf("body: %w", err))
	case int64(len(b)) > limit:
		return nil, tooLarge
	}
	return b, nil
}

// form reads the parameters of a body: JSON, an object of texts, or a form.
func form(r *http.Request) (parameters, error) {
	b, err := body(r, maxBody)
	if err != nil {
		return nil, err
	}
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch {
	case err == nil && kind == "application/x-www-form-urlencoded":
		values, err := url.ParseQuery(string(b))
		if err != nil {
			return nil, invalidRequest.With(errors.New("malformed form"))
		}
		return single(values)
	case err == nil && kind == "application/json":
		return object(b)
	}
	return nil, invalidRequest.With(errors.New("content type is neither JSON nor a form"))
}

// object reads a JSON object whose values are texts.
func object(b []byte) (parameters, error) {
	members, err := strictjson.Parse(b)
	if err != nil {
		return nil, invalidRequest.With(err)
	}
	p := parameters{}
	for name, raw := range members {
		text, ok := strictjson.TextOf(raw)
		if !ok || len(text) > maxParameter {
			return nil, invalidRequest.With(errors.New("a member is no text, or oversized"))
		}
		p[name] = text
	}
	return p, nil
}
