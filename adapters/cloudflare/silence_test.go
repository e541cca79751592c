package cloudflare

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"gatehouse/conformance/workershost"
)

const (
	tick = 1000 // milliseconds
	slow = 10_000
)

// beat is a turn of an exchange: its time, and who has had one by then, the exchange
// itself included. If a timer brought it, that has a tick and a time when it was due.
type beat struct {
	At    int   `json:"at"`
	Due   int   `json:"due"`
	Tick  int   `json:"tick"`
	Awake []int `json:"awake"`
}

// beats are timers of exchange 1 in time, one each tick.
func beats(from, to, tick int) []beat {
	var all []beat
	for at := from; at <= to; at += tick {
		all = append(all, beat{at, at, tick, []int{1}})
	}
	return all
}

// turns are turns of exchange 1 without timers, two each second.
func turns(from, to int) []beat {
	var all []beat
	for at := from; at <= to; at += 500 {
		all = append(all, beat{At: at, Awake: []int{1}})
	}
	return all
}

// The runtime ends an exchange without a word when its client goes away, and what it was
// doing for others would never be done. One that only waits for its turn is none of these.
func TestWhoIsSilent(t *testing.T) {
	worker, err := workershost.Open(t.Context(), filepath.Join("testdata", "silence.mjs"), "")
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		ticks []int // of exchanges 0, 1 and so on, which begin at 0
		steps []beat
		want  string
	}{
		"its timers are missing": {[]int{tick, tick}, beats(1000, 9000, tick), "0 at 7000"},
		"it has turns":           {[]int{tick, tick}, append(beats(1000, 5000, tick), beat{6000, 6000, tick, []int{0, 1}}), ""},
		"a burst that nobody else had a turn in, and a timer of the newest in front": {
			[]int{tick, tick}, append(beats(1000, 1000, tick), beat{15_000, 14_900, tick, []int{1}}, beat{15_100, 15_050, tick, []int{1}}), ""},
		"a burst in which timers come late": {
			[]int{tick, tick},
			[]beat{{1000, 1000, tick, []int{1}}, {3000, 2000, tick, []int{1}}, {5100, 4000, tick, []int{1}}, {7200, 6100, tick, []int{1}}, {9300, 8200, tick, []int{1}}, {11_400, 10_300, tick, []int{1}}}, ""},
		"a burst, and it is missing when that is over": {
			[]int{tick, tick}, append([]beat{{15_000, 2000, tick, []int{1}}}, beats(16_000, 30_000, tick)...), "0 at 21000"},
		"an isolate that stood still":              {[]int{tick, tick}, append(beats(1000, 1000, tick), beats(3_600_000, 3_601_000, tick)...), ""},
		"a slow one has its time":                  {[]int{slow, tick}, beats(1000, 51_000, tick), ""},
		"a slow one is missing":                    {[]int{slow, tick}, beats(1000, 55_000, tick), "0 at 52000"},
		"slow ones are judged by their like":       {[]int{slow, slow}, beats(10_000, 90_000, slow), "0 at 60000"},
		"a slow timer judges none that ticks":      {[]int{tick, slow}, beats(10_000, 90_000, slow), ""},
		"slow ones in an isolate that stood still": {[]int{slow, slow}, []beat{{10_000, 10_000, slow, []int{1}}, {3_600_000, 20_000, slow, []int{1}}}, ""},
		"nobody lives until a timer":               {[]int{tick, tick}, turns(500, 90_000), "0 at 61000"},
		"turns come between timers":                {[]int{tick, tick}, slices.Concat(beats(1000, 3000, tick), turns(3500, 3500), beats(4000, 9000, tick)), "0 at 7000"},
		"nobody had a turn for an hour":            {[]int{tick, tick}, turns(3_600_000, 3_600_000), ""},
	} {
		t.Run(name, func(t *testing.T) {
			isolate, err := worker.NewIsolate(workershost.Env{Now: time.Now, Log: func(level, line string) { t.Log(level, line) }})
			if err != nil {
				t.Fatal(err)
			}
			defer isolate.Close()
			body, err := json.Marshal(map[string]any{"ticks": test.ticks, "steps": test.steps})
			if err != nil {
				t.Fatal(err)
			}
			res, err := isolate.RoundTrip(&http.Request{
				Method: http.MethodPost, RequestURI: "/", Host: "app.example", URL: &url.URL{Scheme: "https", Host: "app.example", Path: "/"},
				Header: http.Header{}, Body: io.NopCloser(strings.NewReader(string(body))), ContentLength: int64(len(body)), RemoteAddr: "203.0.113.7:1234",
			})
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			got, err := io.ReadAll(res.Body)
			if err != nil || string(got) != test.want {
				t.Errorf("silent: %q, %v; want %q", got, err, test.want)
			}
		})
	}
}
