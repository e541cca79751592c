package cloudflare

import (
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gatehouse/conformance/workershost"
)

// A client that is logged in chooses the code with which it closes. One that the runtime
// would not send must not leave the application's WebSocket open.
func TestTheApplicationsWebSocketIsClosedWhateverTheClientsCode(t *testing.T) {
	worker, err := workershost.Open(t.Context(), filepath.Join("testdata", "sockets.mjs"), "")
	if err != nil {
		t.Fatal(err)
	}
	isolate, err := worker.NewIsolate(workershost.Env{Now: time.Now, Log: func(level, line string) { t.Log(level, line) }})
	if err != nil {
		t.Fatal(err)
	}
	defer isolate.Close()
	for _, query := range []string{"1000&", "1001&away", "1004&", "1005&", "1006&", "1015&", "0&", "999&", "5000&", "65535&", "1000&" + strings.Repeat("x", 124)} {
		res, err := isolate.RoundTrip(&http.Request{
			Method: http.MethodGet, RequestURI: "/?" + query, Host: "app.example", URL: &url.URL{Scheme: "https", Host: "app.example"},
			Header: http.Header{}, Body: http.NoBody, RemoteAddr: "203.0.113.7:1234",
		})
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if err != nil || string(got) != "1" {
			t.Errorf("%s: closed %s times, %v", query, got, err)
		}
	}
}
