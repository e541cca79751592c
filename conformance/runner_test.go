package conformance

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// puppet is a target whose answers the request's query dictates: what it stores,
// fetches and logs, and what it answers with.
type puppet struct{ fresh, realClock, runs bool }

func (p puppet) Name() string    { return "native" }
func (p puppet) Forgets() bool   { return p.fresh }
func (p puppet) RealClock() bool { return p.realClock }
func (p puppet) Running() bool   { return p.runs }

func (p puppet) Start(_ testing.TB, w World) Instance {
	return ServeHandler(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { p.serve(w, rw, r) }), nil)
}

func (p puppet) serve(w World, rw http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	ctx := r.Context()
	if q.Has("eat") {
		_, _ = io.ReadAll(r.Body)
	}
	if q.Has("deaf") {
		ctx = context.Background()
	}
	for _, key := range q["get"] {
		_, _ = w.KV.Get(ctx, key)
	}
	for _, pair := range q["put"] {
		key, value, _ := strings.Cut(pair, "=")
		expiry := w.Now().Add(time.Minute)
		if q.Has("eternal") {
			expiry = time.Time{}
		}
		if err := w.KV.Put(ctx, key, []byte(value), expiry); err != nil {
			rw.Header().Set("X-Put", "failed")
		}
	}
	for _, text := range q["log"] {
		w.Log.Info(text)
	}
	h := rw.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Type", "text/plain")
	for _, target := range q["fetch"] {
		method, body := http.MethodGet, io.Reader(http.NoBody)
		if form := q.Get("form"); form != "" {
			method, body = http.MethodPost, strings.NewReader(form)
		}
		req, _ := http.NewRequestWithContext(ctx, method, target, body)
		for _, pair := range q["fh"] {
			name, value, _ := strings.Cut(pair, ":")
			req.Header.Add(name, value)
		}
		if q.Has("form") {
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		res, err := w.Network.RoundTrip(req)
		if err != nil {
			h.Add("X-Fetched", "error")
			continue
		}
		b, err := io.ReadAll(res.Body)
		if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
			panic(http.ErrAbortHandler)
		}
		res.Body.Close()
		h.Add("X-Fetched", string(b))
	}
	for _, pair := range q["h"] {
		name, value, _ := strings.Cut(pair, ":")
		if h.Del(name); value != "" {
			h.Set(name, value)
		}
	}
	for _, pair := range q["add"] {
		name, value, _ := strings.Cut(pair, ":")
		h.Add(name, value)
	}
	status := 200
	if s := q.Get("status"); s != "" {
		status = int(s[0]-'0')*100 + int(s[1]-'0')*10 + int(s[2]-'0')
	}
	if q.Has("echo") {
		h.Set("X-Echo", r.Header.Get(q.Get("echo")))
	}
	rw.WriteHeader(status)
	_, _ = io.WriteString(rw, q.Get("body"))
	if q.Has("break") {
		_ = http.NewResponseController(rw).Flush()
		panic(http.ErrAbortHandler)
	}
}

// puppetSettings stand in for a shared configuration.
const puppetSettings = `APP_URL={app}
AUTH_SERVER_URL={issuer}
CLIENT_ID=gatehouse-client
CLIENT_SECRET={new client_secret}
PROXY_TARGET={upstream}
`

// playText plays a case given as text and returns what the run reports, or "".
func playText(t *testing.T, target Target, profile, text string) string {
	t.Helper()
	if !strings.Contains(text, "rule:") {
		text = "rule: A rule.\nspec: RFC 0\n" + text
	}
	c, err := ParseCase("case", []byte(text))
	if err != nil {
		return err.Error()
	}
	settings, err := parseSettings("puppet", puppetSettings)
	if err != nil {
		t.Fatal(err)
	}
	return playIn(t, &suite{configs: map[string][]setting{"default": settings}}, c, target, profile)
}

// playIn plays a case of a suite and returns what the run reports, or "".
func playIn(t *testing.T, s *suite, c *Case, target Target, profile string) string {
	t.Helper()
	r := &recordingTB{TB: t}
	r.do(func(t testing.TB) { s.play(t, c, target, profile) })
	if r.Failed() != (r.text.String() != "") {
		t.Errorf("failed is %v, but the report is %q", r.Failed(), r.text.String())
	}
	return r.text.String()
}

// TestAssertions proves of each kind of assertion that it can fail: the puppet does
// something wrong, and the run reports it.
func TestAssertions(t *testing.T) {
	for _, tt := range assertions {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := playText(t, puppet{}, "strong", tt.text)
			switch {
			case tt.want == "" && got != "":
				t.Errorf("fails:\n%s", got)
			case tt.want != "" && !strings.Contains(got, tt.want):
				t.Errorf("want a report that contains %q, got:\n%s", tt.want, got)
			}
		})
	}
}

// do returns a request section for a puppet that does as told.
func do(query string) string {
	return "-- request --\nGET /?" + query + "\n"
}

func q(s string) string { return url.QueryEscape(s) }

func TestReportNamesRuleSpecAndTranscript(t *testing.T) {
	got := playText(t, puppet{}, "strong", "rule: Nobody may.\nspec: RFC 9999 1.2\n"+do("status=404&log=whisper")+"-- response --\n200\n")
	for _, want := range []string{"rule: Nobody may.", "spec: RFC 9999 1.2", "step 1: status: want 200, got 404",
		"> GET /?status=404", "< 404", "whisper", "with: strong, kept"} {
		if !strings.Contains(got, want) {
			t.Errorf("the report lacks %q:\n%s", want, got)
		}
	}
}

func TestSectionsByProfile(t *testing.T) {
	const text = "profile: all\n" +
		"-- request --\nGET /?put=k=v\n" +
		"-- response --\n200\n!X-Put\n" +
		"-- response failing lost-ack down --\n200\nX-Put: failed\n" +
		"-- count fresh --\nkv 7\n"
	for _, profile := range []string{"strong", "stale60", "failing", "lost-ack", "down"} {
		if got := playText(t, puppet{}, profile, text); got != "" {
			t.Errorf("%s: %s", profile, got)
		}
	}
	if got := playText(t, puppet{fresh: true}, "strong", text); !strings.Contains(got, "kv 7: got 1") {
		t.Errorf("a section for fresh instances does not apply to one: %s", got)
	}
}

func TestClockOfItsOwn(t *testing.T) {
	got := playText(t, puppet{realClock: true}, "strong", "-- request --\n@advance 1h\nGET /\n-- response --\n200\n")
	if !strings.Contains(got, "no line for @advance") {
		t.Errorf("@advance on a real clock: %q", got)
	}
	c := newClock(puppet{realClock: true})
	c.advance(time.Hour) // as a slow store does
	if past := time.Since(c.Now()); past < 0 || past > time.Minute {
		t.Errorf("a real clock is %v behind the machine's", past)
	}
}

func TestClockThatRuns(t *testing.T) {
	c := newClock(puppet{realClock: true, runs: true})
	begin := c.Now()
	for step := range 2 {
		c.step()
		for reading := range secondsOfAStep + 5 {
			want := time.Duration(step*secondsOfAStep+min(reading+1, secondsOfAStep)) * time.Second
			if got := c.Now().Sub(begin); got != want {
				t.Errorf("step %d, reading %d: %v after the beginning, want %v", step, reading, got, want)
			}
		}
	}
	if time.Until(begin) < 24*time.Hour {
		t.Error("the machine's clock would do as well")
	}
}

// starter is a puppet that tells which client it was started for.
type starter struct {
	puppet
	clients *[]string
}

func (s starter) Start(t testing.TB, w World) Instance {
	*s.clients = append(*s.clients, w.Config["CLIENT_ID"])
	return s.puppet.Start(t, w)
}

func TestRestart(t *testing.T) {
	var clients []string
	got := playText(t, starter{clients: &clients}, "strong", "-- request --\nGET /?put=a=1\n-- response --\n200\n"+
		"-- request --\n@restart CLIENT_ID=second {new part}\n@restart CLIENT_SECRET=\nGET /?get=a\n-- response --\n200\n-- count --\nkv.get 1\n")
	if got != "" || len(clients) != 2 || clients[0] != "gatehouse-client" || !strings.HasPrefix(clients[1], "second ") {
		t.Errorf("started for %q: %s", clients, got)
	}
}

// adding is a puppet that adds a header to every answer.
type adding struct{ puppet }

func (a adding) Name() string { return "adding" }

func (a adding) Start(_ testing.TB, w World) Instance {
	return ServeHandler(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("Vary", "Accept")
		a.serve(w, rw, r)
	}), nil)
}

// A platform fails a case that it passes by itself if it answers otherwise than another,
// where the case does not look.
func TestPlatformsAreHeldToEachOther(t *testing.T) {
	settings, err := parseSettings("puppet", puppetSettings)
	if err != nil {
		t.Fatal(err)
	}
	c, err := ParseCase("case", []byte("rule: A rule.\nspec: RFC 0\n"+do("body=hello")+"-- response --\n200\n"))
	if err != nil {
		t.Fatal(err)
	}
	s := &suite{configs: map[string][]setting{"default": settings}, alike: &alike{first: map[string]accounted{}}}
	for _, tt := range []struct {
		target Target
		want   string
	}{
		{puppet{}, ""}, {puppet{realClock: true}, ""},
		{adding{}, "adding answers otherwise than native:"},
		{adding{puppet{realClock: true}}, "+ Vary: Accept"},
		{adding{puppet{fresh: true}}, ""}, // with none to compare with
		{puppet{fresh: true}, "- Vary: Accept"},
	} {
		got := playIn(t, s, c, tt.target, "strong")
		if (got == "") != (tt.want == "") || !strings.Contains(got, tt.want) {
			t.Errorf("%+v: want a report that contains %q, got:\n%s", tt.target, tt.want, got)
		}
	}
}
