package demo

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

func serve(r *http.Request, headers ...string) *httptest.ResponseRecorder {
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	New(Options{LogoutPath: "/edge/logout"}).ServeHTTP(w, r)
	return w
}

func TestPage(t *testing.T) {
	w := serve(httptest.NewRequest("GET", "/reports/2026?month=11", nil),
		"X-Forwarded-User", "100", "X-Forwarded-Email", "alice@example.com", "X-Forwarded-Groups", "admin",
		"X-Gatehouse-Name", "Alice Archer", "X-Request-Id", "r-1", "X-Other", "unrelated-value", "Cookie", "secret=1")
	body := w.Body.String()
	for _, want := range []string{"<strong>Alice Archer</strong>", `<th scope="row">X-Forwarded-User</th><td>100</td>`,
		`<th scope="row">X-Gatehouse-Name</th>`, `<th scope="row">X-Request-Id</th>`, "<code>/reports/2026</code>", "<code>month=11</code>",
		`<form method="post" action="/edge/logout">`, `href="/reports/2026?month=11"`, `href="/api/whoami"`} {
		if !strings.Contains(body, want) {
			t.Errorf("page lacks %s", want)
		}
	}
	for _, no := range []string{"unrelated-value", "secret=1", "<script", "style="} {
		if strings.Contains(body, no) {
			t.Errorf("page has %s", no)
		}
	}
	_, rest, _ := strings.Cut(body, "<style>")
	css, _, _ := strings.Cut(rest, "</style>")
	sum := sha256.Sum256([]byte(css))
	policy := w.Header().Get("Content-Security-Policy")
	if !strings.Contains(policy, "'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'") || strings.Contains(policy, "unsafe") {
		t.Errorf("policy: %s", policy)
	}
	if body := serve(httptest.NewRequest("GET", "/", nil)).Body.String(); !strings.Contains(body, "Nobody is logged in") || strings.Contains(body, "<form") {
		t.Error("page without identity")
	}
	if w := serve(httptest.NewRequest("POST", "/", nil)); w.Code != http.StatusMethodNotAllowed {
		t.Errorf("POST: status %d", w.Code)
	}
}

// What the gateway does not offer has no button and no link.
func TestPageOffers(t *testing.T) {
	get := func(o Options) string {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("X-Forwarded-User", "100")
		w := httptest.NewRecorder()
		New(o).ServeHTTP(w, r)
		return w.Body.String()
	}
	offers := []string{`<form method="post" action="/edge/logout?everywhere=true">`, `<a href="http://127.0.0.1:9/">`, `<a href="/account/password">`}
	all := get(Options{LogoutPath: "/edge/logout", LogoutEverywhere: true, ProviderURL: "http://127.0.0.1:9/", RecentPath: "/account/password"})
	for _, offer := range offers {
		if !strings.Contains(all, offer) {
			t.Errorf("page lacks %s", offer)
		}
	}
	none := get(Options{})
	if !strings.Contains(none, `action="/logout"`) || strings.Contains(none, "everywhere") || strings.Contains(none, "provider") || strings.Contains(none, "password") {
		t.Errorf("page offers too much:\n%s", none)
	}
}

func TestPageEscapes(t *testing.T) {
	const attack = `"><script>alert(1)</script>`
	r := httptest.NewRequest("GET", "/", nil)
	r.URL.Path, r.URL.RawQuery = "/"+attack, attack
	w := serve(r, "X-Forwarded-User", attack, "X-Gatehouse-Name", attack)
	if strings.Contains(w.Body.String(), "<script") {
		t.Errorf("not escaped:\n%s", w.Body)
	}
	var got identityAnswer
	w = serve(httptest.NewRequest("GET", "/api/whoami", nil), "X-Forwarded-User", attack)
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || got.User != attack || strings.Contains(w.Body.String(), "<script") {
		t.Errorf("whoami: %v %s", err, w.Body)
	}
	if h := w.Header(); h.Get("Content-Type") != "application/json" || h.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("whoami: headers %v", h)
	}
}

func TestWhoami(t *testing.T) {
	w := serve(httptest.NewRequest("GET", "/api/whoami", nil), "X-Forwarded-User", "100", "X-Forwarded-Email", "alice@example.com",
		"X-Forwarded-Preferred-Username", "alice", "X-Forwarded-Groups", "admin, staff%2C%20north",
		"X-Gatehouse-Name", "Alice %C3%84rger")
	var got identityAnswer
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if want := (identityAnswer{"100", "alice@example.com", "alice", "Alice Ärger", []string{"admin", "staff, north"}}); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v", got)
	}
	if w := serve(httptest.NewRequest("GET", "/api/whoami", nil)); w.Code != http.StatusUnauthorized {
		t.Errorf("nobody: status %d", w.Code)
	}
}

func TestEcho(t *testing.T) {
	for name, size := range map[string]int{"no body": 0, "small body": 5, "one byte over the hashed part": maxHashed + 1, "long body": 3 * maxHashed} {
		t.Run(name, func(t *testing.T) {
			body := bytes.Repeat([]byte("x"), size)
			sum := sha256.Sum256(body[:min(size, maxHashed)])
			var got echoAnswer
			w := serve(httptest.NewRequest("PUT", "/api/echo?a=1&a=%20", bytes.NewReader(body)), "X-Two", "1", "X-Two", "2")
			if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
				t.Fatal(err)
			}
			want := echoAnswer{Method: "PUT", Host: "example.com", Path: "/api/echo", RawQuery: "a=1&a=%20",
				Headers: http.Header{"X-Two": {"1", "2"}}, BodySize: int64(size), BodySHA256: hex.EncodeToString(sum[:])}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func TestEvents(t *testing.T) {
	left := make(chan struct{})
	app := New(Options{})
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		app.ServeHTTP(w, r)
		close(left)
	}))
	defer srv.Close()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r, _ := http.NewRequestWithContext(ctx, "GET", srv.URL+"/events", nil)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if ct := res.Header.Get("Content-Type"); ct != "text/event-stream" {
		t.Errorf("content type %q", ct)
	}
	lines := bufio.NewScanner(res.Body)
	for n := 1; n <= 2; n++ {
		want := []string{fmt.Sprintf("id: %d", n), fmt.Sprintf(`data: {"n":%d,`, n), ""}
		for _, prefix := range want {
			if !lines.Scan() || !strings.HasPrefix(lines.Text(), prefix) || prefix == "" && lines.Text() != "" {
				t.Fatalf("event %d: line %q, want %q", n, lines.Text(), prefix)
			}
		}
	}
	cancel()
	select {
	case <-left:
	case <-time.After(30 * time.Second):
		t.Error("the stream goes on without its client")
	}
}

func TestWebSocket(t *testing.T) {
	srv := httptest.NewServer(New(Options{}))
	defer srv.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	dial := func(headers http.Header) (*websocket.Conn, *http.Response, error) {
		return websocket.Dial(ctx, "ws"+strings.TrimPrefix(srv.URL, "http")+"/ws", &websocket.DialOptions{HTTPHeader: headers})
	}
	for name, headers := range map[string]http.Header{
		"no origin":                 nil,
		"same origin":               {"Origin": {srv.URL}},
		"origin of forwarded host":  {"Origin": {"http://localhost:3000"}, "X-Forwarded-Host": {"localhost:3000"}},
		"origin of another site":    {"Origin": {"http://evil.example.com"}},
		"origin not that forwarded": {"Origin": {"http://evil.example.com"}, "X-Forwarded-Host": {"localhost:3000"}},
	} {
		t.Run(name, func(t *testing.T) {
			conn, res, err := dial(headers)
			if strings.Contains(headers.Get("Origin"), "evil") {
				if err == nil || res.StatusCode != http.StatusForbidden {
					t.Errorf("accepted: %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			defer conn.CloseNow()
			conn.SetReadLimit(maxMessage)
			for kind, message := range map[websocket.MessageType][]byte{
				websocket.MessageText:   []byte("hello"),
				websocket.MessageBinary: bytes.Repeat([]byte{0}, 100<<10),
			} {
				if err := conn.Write(ctx, kind, message); err != nil {
					t.Fatal(err)
				}
				if k, m, err := conn.Read(ctx); err != nil || k != kind || !bytes.Equal(m, message) {
					t.Errorf("kind %v, %d bytes, %v", k, len(m), err)
				}
			}
			if err := conn.Close(websocket.StatusNormalClosure, ""); err != nil {
				t.Error(err)
			}
		})
	}
}
