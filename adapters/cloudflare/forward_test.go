package cloudflare

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"gatehouse/core/platform"
)

// passOn begins a request that is forwarded as it is, with change applied, and answers
// the application's part with r. It returns what Forward returned.
func passOn(t *testing.T, in string, header http.Header, hasBody bool, r reply, change func(*http.Request)) (*pump, error) {
	t.Helper()
	p := newPump(t)
	p.live[1] = true
	p.serve = func(o operation) (reply, bool) {
		if o.kind == "read" {
			return reply{}, true
		}
		return r, true
	}
	var err error
	f := &forward{p.bridge, 3 * time.Second, false}
	p.begin(http.HandlerFunc(func(w http.ResponseWriter, in *http.Request) {
		w.Header().Set("X-Preset", "yes")
		out := in.Clone(in.Context())
		out.URL = &url.URL{Scheme: "http", Host: "application", Path: in.URL.Path}
		out.Body, out.ContentLength = in.Body, in.ContentLength
		if change != nil {
			change(out)
		}
		err = f.Forward(w, out, func(status int, h http.Header) { h.Set("X-Edited", http.StatusText(status)) })
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
		}
	}), 1, join([]string{in, "https://app.example/x"}, header), hasBody)
	<-p.ended
	return p, err
}

func TestForwardHandsTheAnswerOver(t *testing.T) {
	p, err := passOn(t, "GET", http.Header{"Accept": {"*/*"}}, false, reply{number: 200, text: "set-cookie\x00a=1\x00set-cookie\x00b=2"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	o := p.operation("forward")
	if o.text != "GET\x00http://application/x\x00url\x00\x00Accept\x00*/*" || o.number != 3000 {
		t.Errorf("sent %q, timeout %d", o.text, o.number)
	}
	if o := p.operation("pass"); o.number != 1 || o.text != "200\x00Set-Cookie\x00a=1\x00Set-Cookie\x00b=2\x00X-Edited\x00OK\x00X-Preset\x00yes" {
		t.Errorf("passed %d %q", o.number, o.text)
	}
	if p.kinds() != "forward pass end" {
		t.Errorf("operations %s", p.kinds())
	}
}

func TestForwardBodies(t *testing.T) {
	for _, test := range []struct {
		name, method string
		length       string
		hasBody      bool
		change       func(*http.Request)
		want, given  string
	}{
		{name: "none", method: "POST"},
		{name: "of known length stays in the runtime", method: "POST", length: "5", hasBody: true, want: "5"},
		{name: "of unknown length stays in the runtime", method: "PUT", hasBody: true, want: "chunked"},
		{name: "empty", method: "POST", length: "0", hasBody: true},
		{name: "with GET", method: "GET", hasBody: true},
		{name: "made in Go", method: "POST", change: func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader("made")) }, want: "given", given: "made"},
		{name: "read in part", method: "POST", length: "5", hasBody: true, change: func(r *http.Request) { r.Body.Read(make([]byte, 1)) }, want: "given"},
	} {
		t.Run(test.name, func(t *testing.T) {
			header := http.Header{}
			if test.length != "" {
				header.Set("Content-Length", test.length)
			}
			p, err := passOn(t, test.method, header, test.hasBody, reply{number: 204}, func(r *http.Request) {
				r.Header = http.Header{}
				if test.change != nil {
					test.change(r)
				}
			})
			o := p.operation("forward")
			fields, _ := split(o.text, 4)
			if err != nil || fields[3] != test.want || string(o.data) != test.given {
				t.Errorf("sent %q with %q, %v", fields, o.data, err)
			}
		})
	}
	_, err := passOn(t, "POST", nil, false, reply{number: 200}, func(r *http.Request) {
		r.Body = io.NopCloser(io.LimitReader(zeros{}, maxGiven+1))
	})
	if !errors.Is(err, platform.ErrRequestBody) {
		t.Errorf("a body of Go's own beyond the limit: %v", err)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

func TestForwardErrors(t *testing.T) {
	for _, test := range []struct {
		name string
		r    reply
		is   error
		text string
	}{
		{"too slow", reply{failure: "timeout:given up"}, platform.ErrTimeout, ""},
		{"client's body", reply{failure: "body:given up"}, platform.ErrRequestBody, ""},
		{"pump ended", reply{failure: "gone:request is gone"}, ErrGone, ""},
		{"unreachable", reply{failure: "failed:connection refused"}, nil, "cloudflare: connection refused"},
		{"unreachable, with the address", reply{failure: "failed:cannot reach https://a/?code=1"}, nil, "cloudflare: request failed"},
		{"status that is none", reply{number: 99}, errStatus, ""},
		{"status beyond", reply{number: 600}, errStatus, ""},
		{"protocol not asked for", reply{number: 101}, errUnaskedProtocol, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			p, err := passOn(t, "GET", nil, false, test.r, nil)
			if err == nil || test.is != nil && !errors.Is(err, test.is) || test.text != "" && err.Error() != test.text {
				t.Errorf("got %v", err)
			}
			if o := p.operation("respond"); o.text != "502\x00X-Preset\x00yes" {
				t.Errorf("the caller could not answer: %q", o.text)
			}
			if wasAnswered := test.r.failure == ""; strings.Contains(p.kinds(), "drop") != wasAnswered {
				t.Errorf("operations %s", p.kinds())
			}
		})
	}
}

func TestForwardUpgrade(t *testing.T) {
	p, err := passOn(t, "GET", http.Header{"Upgrade": {"websocket"}, "Connection": {"Upgrade"}, "Sec-Websocket-Key": {"x"},
		"Sec-Websocket-Version": {"13"}, "Sec-Websocket-Protocol": {"chat"}}, false, reply{number: 101, text: "upgrade\x00websocket"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	_, sent := split(p.operation("forward").text, 4)
	if len(sent) != 2 || sent.Get("Upgrade") != "websocket" || sent.Get("Sec-Websocket-Protocol") != "chat" {
		t.Errorf("sent %q", sent)
	}
	if !strings.HasPrefix(p.operation("pass").text, "101\x00") {
		t.Errorf("passed %q", p.operation("pass").text)
	}
}

// A writer that is not the bridge's gets the body by way of Go.
func TestForwardCopiesForOtherWriters(t *testing.T) {
	pieces := []string{"one ", "two"}
	p := newPump(t, 1)
	p.serve = func(o operation) (reply, bool) {
		switch {
		case o.kind == "forward":
			return reply{number: 200}, true
		case len(pieces) == 0:
			return reply{}, true
		}
		piece := pieces[0]
		pieces = pieces[1:]
		return reply{data: []byte(piece)}, true
	}
	out := httptest.NewRequest("GET", "http://application/", nil).WithContext(p.context(1))
	w := httptest.NewRecorder()
	f := &forward{p.bridge, time.Second, true}
	if err := f.Forward(w, out, func(int, http.Header) {}); err != nil || w.Body.String() != "one two" {
		t.Errorf("got %q, %v", w.Body, err)
	}
}

func TestFetchReadsAnAnswerWhole(t *testing.T) {
	p := newPump(t, 1)
	answer := reply{number: 200, text: "content-type\x00application/json", data: []byte("{}")}
	p.serve = func(operation) (reply, bool) { return answer, true }
	out, _ := http.NewRequestWithContext(p.context(1), "POST", "https://login.example/token", strings.NewReader("a=1"))
	out.Header.Set("Accept", "application/json")
	res, err := fetch{p.bridge}.RoundTrip(out)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != 200 || string(body) != "{}" || res.Header.Get("Content-Type") != "application/json" {
		t.Errorf("got %d %q %q, %v", res.StatusCode, res.Header, body, err)
	}
	if o := p.operation("fetch"); string(o.data) != "a=1" || o.text != "POST\x00https://login.example/token\x00Accept\x00application/json" {
		t.Errorf("sent %q %q", o.text, o.data)
	}
	answer.data = make([]byte, maxAnswer)
	out, _ = http.NewRequestWithContext(p.context(1), "GET", "https://login.example/", nil)
	if res, err = (fetch{p.bridge}).RoundTrip(out); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(res.Body); !errors.Is(err, errAnswerSize) {
		t.Errorf("an answer that was cut off ends with %v", err)
	}
}
