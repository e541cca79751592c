package rest_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"gatehouse/core/egress"
	"gatehouse/core/kv"
	"gatehouse/core/kv/rest"
	"gatehouse/core/secret"
)

const (
	token = "the-token-q7marker7q"
	key   = "s:v1:key-q7marker7q"
	value = "value-q7marker7q"
)

// service is a transport; it records the last request.
type service struct {
	answer func(r *http.Request) (*http.Response, error)
	seen   *http.Request
	body   string
	calls  int
}

func (s *service) RoundTrip(r *http.Request) (*http.Response, error) {
	body, _ := io.ReadAll(r.Body)
	s.seen, s.body, s.calls = r, string(body), s.calls+1
	return s.answer(r)
}

// silent is a transport that never answers.
type silent struct{}

func (silent) RoundTrip(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

func answers(status int, body string) func(*http.Request) (*http.Response, error) {
	return func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body))}, nil
	}
}

var now = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func open(t *testing.T, answer func(*http.Request) (*http.Response, error)) (*rest.Driver, *service) {
	t.Helper()
	u, err := url.Parse("https://store.example/redis")
	if err != nil {
		t.Fatal(err)
	}
	s := &service{answer: answer}
	return rest.New(rest.Options{URL: u, Token: secret.New(token), Transport: s, Now: func() time.Time { return now }}), s
}

// operations are all that a driver does.
var operations = map[string]func(context.Context, *rest.Driver) error{
	"GET": func(ctx context.Context, d *rest.Driver) error { _, err := d.Get(ctx, key); return err },
	"SET": func(ctx context.Context, d *rest.Driver) error {
		return d.Put(ctx, key, []byte(value), now.Add(time.Hour))
	},
	"DEL": func(ctx context.Context, d *rest.Driver) error { return d.Delete(ctx, key) },
	"EVAL": func(ctx context.Context, d *rest.Driver) error {
		return d.Swap(ctx, key, nil, []byte(value), now.Add(time.Hour))
	},
	"SCAN": func(ctx context.Context, d *rest.Driver) error { _, _, err := d.List(ctx, key, "", 10); return err },
	"INCR": func(ctx context.Context, d *rest.Driver) error {
		_, err := d.Count(ctx, key, now.Add(time.Hour), key+"2")
		return err
	},
}

// hostile answers are no results of any command, with what they are reported as.
var hostile = map[string]struct {
	status int
	body   string
	want   error
	text   string // that the message ends in
}{
	"unauthorized":             {401, `{"error":"Unauthorized"}`, rest.ErrToken, "status 401"},
	"forbidden":                {403, `nonsense`, rest.ErrToken, "status 403"},
	"too many requests":        {429, `{"error":"ERR max requests"}`, rest.ErrRate, "for now"},
	"refusal":                  {400, `{"error":"ERR max daily request limit exceeded. Limit: 10000, command was: ` + key + `"}`, rest.ErrRefused, "ERR max daily request limit exceeded Limit"},
	"refusal with status 200":  {200, `{"error":"WRONGTYPE Operation against a key holding the wrong kind of value"}`, rest.ErrRefused, "WRONGTYPE Operation against a key holding the wrong kind of value"},
	"refusal that quotes":      {400, `{"error":"ERR unknown command 'SET', with args beginning with: '` + key + `' '` + value + `'"}`, rest.ErrRefused, "ERR unknown command"},
	"refusal without words":    {400, `{"error":"` + token + `"}`, rest.ErrRefused, "no reason given"},
	"refusal in one long word": {400, `{"error":"ERR ` + strings.Repeat("x", 21) + ` a"}`, rest.ErrRefused, "ERR"},
	"refusal without end":      {400, `{"error":"` + strings.Repeat("ERR ", 1000) + `"}`, rest.ErrRefused, "ERR"},
	"refusal over lines":       {400, `{"error":"ERR a\nlevel=error\n"}`, rest.ErrRefused, "ERR a"},
	"error that is no text":    {400, `{"error":{"result":"OK"}}`, rest.ErrProtocol, "error is no text"},
	"result and error":         {200, `{"result":"OK","error":"ERR"}`, rest.ErrProtocol, "status 200"},
	"two results":              {200, `{"result":"OK","result":null}`, rest.ErrProtocol, "no JSON object"},
	"no result":                {200, `{}`, rest.ErrProtocol, "status 200"},
	"result in other letters":  {200, `{"Result":"OK"}`, rest.ErrProtocol, "status 200"},
	"result with status 500":   {500, `{"result":"OK"}`, rest.ErrProtocol, "status 500"},
	"result with status 201":   {201, `{"result":"OK"}`, rest.ErrProtocol, "status 201"},
	"server error":             {503, `<html>` + key + `</html>`, rest.ErrProtocol, "status 503, no JSON object"},
	"redirect":                 {307, ``, rest.ErrProtocol, "status 307, no JSON object"},
	"empty":                    {200, ``, rest.ErrProtocol, "no JSON object"},
	"cut off":                  {200, `{"result":"O`, rest.ErrProtocol, "no JSON object"},
	"array":                    {200, `[{"result":"OK"}]`, rest.ErrProtocol, ""},
	"two answers":              {200, `{"result":"OK"}{"result":"OK"}`, rest.ErrProtocol, "no JSON object"},
	"invalid UTF-8":            {200, "{\"result\":\"\xff\"}", rest.ErrProtocol, "no JSON object"},
	"deep":                     {200, `{"result":` + strings.Repeat("[", 100000) + strings.Repeat("]", 100000) + `}`, rest.ErrProtocol, "no JSON object"},
	"object":                   {200, `{"result":{"OK":1}}`, rest.ErrProtocol, ""},
	"boolean":                  {200, `{"result":true}`, rest.ErrProtocol, ""},
	"fraction":                 {200, `{"result":1.5}`, rest.ErrProtocol, ""},
	"number beyond 64 bits":    {200, `{"result":18446744073709551617}`, rest.ErrProtocol, ""},
	"list of lists":            {200, `{"result":[["0"],[["a"]]]}`, rest.ErrProtocol, ""},
	"list without cursor":      {200, `{"result":["a",["b"]]}`, rest.ErrProtocol, ""},
	"list of three":            {200, `{"result":["0",[],[]]}`, rest.ErrProtocol, ""},
	"list of numbers":          {200, `{"result":["0",[1]]}`, rest.ErrProtocol, ""},
	"list of no list":          {200, `{"result":["0",null]}`, rest.ErrProtocol, ""},
	"too large":                {200, `{"result":"` + strings.Repeat("x", 1<<20) + `"}`, egress.ErrTooLarge, ""},
}

func TestHostileAnswers(t *testing.T) {
	for name, h := range hostile {
		for command, operation := range operations {
			t.Run(name+"/"+command, func(t *testing.T) {
				d, s := open(t, answers(h.status, h.body))
				err := operation(t.Context(), d)
				if !errors.Is(err, h.want) || errors.Is(err, kv.ErrNotFound) || errors.Is(err, kv.ErrConflict) {
					t.Fatalf("got %v, want %v", err, h.want)
				}
				if want := h.text + " (" + command + ")"; h.text != "" && !strings.HasSuffix(err.Error(), want) {
					t.Errorf("got %q, want it to end in %q", err, want)
				}
				if text := fmt.Sprintf("%v %+v", err, err); strings.Contains(text, "q7marker7q") || strings.ContainsAny(text, "\n<") || len(text) > 1000 {
					t.Errorf("the error says too much: %.300s", text)
				}
				if s.calls != 1 {
					t.Errorf("%d requests", s.calls)
				}
			})
		}
	}
}

// TestResultsOfOtherCommands: what would do for one command does not for another.
func TestResultsOfOtherCommands(t *testing.T) {
	for command, wrong := range map[string][]string{
		"GET":  {`1`, `["0",[]]`},
		"SET":  {`null`, `1`, `"ok"`, `""`, `["OK"]`},
		"DEL":  {`null`, `"OK"`, `"1"`, `[]`},
		"EVAL": {`null`, `"OK"`, `2`, `-1`, `"1"`, `[1]`},
		"SCAN": {`null`, `"0"`, `0`, `[]`, `[0,[]]`, `["",[]]`, `["-1",[]]`, `["0:a",[]]`},
	} {
		for _, result := range wrong {
			d, _ := open(t, answers(200, `{"result":`+result+`}`))
			if err := operations[command](t.Context(), d); !errors.Is(err, rest.ErrProtocol) {
				t.Errorf("%s with result %s: got %v", command, result, err)
			}
		}
	}
}

func TestGet(t *testing.T) {
	for _, test := range []struct {
		result, want string
		err          error
	}{
		{`"dmFsdWU"`, "value", nil},
		{`"AP8"`, "\x00\xff", nil},
		{`null`, "", kv.ErrNotFound},
		{`""`, "", kv.ErrNotFound},
		{`"dmFsdWU="`, "", kv.ErrCorrupt},
		{`"{}"`, "", kv.ErrCorrupt},
	} {
		d, _ := open(t, answers(200, `{"result":`+test.result+`}`))
		got, err := d.Get(t.Context(), key)
		if string(got) != test.want || !errors.Is(err, test.err) || (err == nil) != (test.err == nil) {
			t.Errorf("%s: got %q, %v", test.result, got, err)
		}
	}
}

// TestRequests: what is sent, byte for byte, and nothing of it in the address.
func TestRequests(t *testing.T) {
	for _, test := range []struct {
		name   string
		run    func(*rest.Driver) error
		result string
		want   []string
	}{
		{"get", func(d *rest.Driver) error { _, err := d.Get(t.Context(), "a:b"); return err }, `null`, []string{"GET", "a:b"}},
		{"put", func(d *rest.Driver) error { return d.Put(t.Context(), "a", []byte("\x00\xff"), now.Add(time.Second)) }, `"OK"`,
			[]string{"SET", "a", "AP8", "PX", "1000"}},
		{"part of a millisecond", func(d *rest.Driver) error { return d.Put(t.Context(), "a", []byte("\x00"), now.Add(time.Second+1)) }, `"OK"`,
			[]string{"SET", "a", "AA", "PX", "1001"}},
		{"past", func(d *rest.Driver) error { return d.Put(t.Context(), "a", []byte("\x00"), now.Add(-time.Hour)) }, `"OK"`,
			[]string{"SET", "a", "AA", "PX", "1"}},
		{"now", func(d *rest.Driver) error { return d.Put(t.Context(), "a", []byte("\x00"), now) }, `"OK"`,
			[]string{"SET", "a", "AA", "PX", "1"}},
		{"delete", func(d *rest.Driver) error { return d.Delete(t.Context(), "a") }, `0`, []string{"DEL", "a"}},
		{"list", func(d *rest.Driver) error { _, _, err := d.List(t.Context(), `a*[b]?\:`, "17:x", 3); return err }, `["0",[]]`,
			[]string{"SCAN", "17", "MATCH", `a\*\[b\]\?\\:*`, "COUNT", "500"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			d, s := open(t, answers(200, `{"result":`+test.result+`}`))
			if err := test.run(d); err != nil && !errors.Is(err, kv.ErrNotFound) {
				t.Fatal(err)
			}
			var got []string
			if err := json.Unmarshal([]byte(s.body), &got); err != nil || strings.Join(got, "\n") != strings.Join(test.want, "\n") {
				t.Errorf("sent %q", s.body)
			}
			if s.seen.Method != "POST" || s.seen.URL.String() != "https://store.example/redis" || s.seen.Header.Get("Authorization") != "Bearer "+token ||
				s.seen.Header.Get("Content-Type") != "application/json" || s.seen.ContentLength != int64(len(s.body)) {
				t.Errorf("sent %s %s %v", s.seen.Method, s.seen.URL, s.seen.Header)
			}
		})
	}
}

func TestCursors(t *testing.T) {
	for _, cursor := range []string{"x", "-1", ":", ":a", "1.0", " 1", "18446744073709551616", "0x1", `","MATCH","*`} {
		d, s := open(t, answers(200, `{"result":["0",[]]}`))
		if _, _, err := d.List(t.Context(), "", cursor, 1); !errors.Is(err, rest.ErrCursor) || s.calls != 0 {
			t.Errorf("%q: %v, %d requests", cursor, err, s.calls)
		}
	}
}

// TestAPageThatIsTooLong: Redis may return more keys than it was asked for, in any
// order, twice, and of other programs.
func TestAPageThatIsTooLong(t *testing.T) {
	d, s := open(t, answers(200, `{"result":["42",["p:c","p:a","q:a","p:a","p: blank","p:d","p:b"]]}`))
	var all []string
	cursor := ""
	for _, want := range []string{"0:p:b", "42"} {
		keys, next, err := d.List(t.Context(), "p:", cursor, 2)
		if err != nil || next != want {
			t.Fatalf("got %q, %q, %v", keys, next, err)
		}
		all, cursor = append(all, keys...), next
	}
	if got := strings.Join(all, " "); got != "p:a p:b p:c p:d" {
		t.Errorf("got %q", got)
	}
	if !strings.HasPrefix(s.body, `["SCAN","0",`) {
		t.Errorf("the rest of a page was asked for with %s", s.body)
	}
}

func TestARedirectIsNotFollowed(t *testing.T) {
	d, s := open(t, func(*http.Request) (*http.Response, error) {
		res, _ := answers(307, "")(nil)
		res.Header.Set("Location", "https://evil.example/")
		return res, nil
	})
	if _, err := d.Get(t.Context(), key); !errors.Is(err, rest.ErrProtocol) || s.calls != 1 {
		t.Errorf("got %v after %d requests", err, s.calls)
	}
}

func TestTheTransportsErrorIsReported(t *testing.T) {
	cause := errors.New("connection refused")
	d, _ := open(t, func(r *http.Request) (*http.Response, error) {
		return nil, &url.Error{Op: "Post", URL: r.URL.String(), Err: cause}
	})
	for command, operation := range operations {
		err := operation(t.Context(), d)
		if !errors.Is(err, cause) || err.Error() != "rest: "+command+": egress: POST store.example: connection refused" {
			t.Errorf("%s: got %v", command, err)
		}
	}
}

func TestAServiceThatDoesNotAnswer(t *testing.T) {
	for command, operation := range operations {
		synctest.Test(t, func(t *testing.T) {
			d := rest.New(rest.Options{URL: &url.URL{Scheme: "https", Host: "store.example"}, Transport: silent{}})
			began := time.Now()
			if err := operation(t.Context(), d); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != 5*time.Second {
				t.Errorf("%s: got %v after %v", command, err, time.Since(began))
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			began = time.Now()
			if err := operation(ctx, d); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != time.Second {
				t.Errorf("%s, the caller's deadline: got %v after %v", command, err, time.Since(began))
			}
		})
	}
}

func TestHTTPOnlyWhereTheAddressSaysSo(t *testing.T) {
	s := &service{answer: answers(200, `{"result":null}`)}
	u := &url.URL{Scheme: "http", Host: "127.0.0.1:8079"}
	d := rest.New(rest.Options{URL: u, Token: secret.New(token), Transport: s})
	if _, err := d.Get(t.Context(), key); !errors.Is(err, kv.ErrNotFound) || s.seen.URL.String() != "http://127.0.0.1:8079" {
		t.Errorf("got %v", err)
	}
}
