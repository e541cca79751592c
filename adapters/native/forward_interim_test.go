package native

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// rawApplication answers every request with the same bytes.
func rawApplication(t *testing.T, answer string) *url.URL {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				r, err := http.ReadRequest(bufio.NewReader(conn))
				if err != nil {
					return
				}
				io.Copy(io.Discard, r.Body)
				io.WriteString(conn, answer)
			}()
		}
	}()
	return &url.URL{Scheme: "http", Host: l.Addr().String()}
}

// exchangeRaw sends request to a server that forwards to the application, and returns
// all that comes back.
func exchangeRaw(t *testing.T, application *url.URL, request string) string {
	t.Helper()
	forward := NewForward(5*time.Second, discard)
	t.Cleanup(forward.Close)
	server := newServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		out := (&http.Request{Method: r.Method, URL: application, Header: http.Header{}, Body: r.Body,
			ContentLength: r.ContentLength}).WithContext(r.Context())
		if forward.Forward(w, out, func(int, http.Header) {}) != nil {
			w.WriteHeader(http.StatusBadGateway)
		}
	}), discard)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go server.Serve(l)
	t.Cleanup(func() { server.Close() })
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(30 * time.Second))
	io.WriteString(conn, request)
	answer, err := io.ReadAll(conn)
	if err != nil {
		t.Fatalf("%q, %v", answer, err)
	}
	return string(answer)
}

// forms of a request: the first goes straight through the transport, the second through
// the reverse proxy.
var forms = map[string]string{
	"without body": "GET / HTTP/%s\r\nHost: x\r\nConnection: close\r\n\r\n",
	"with body":    "POST / HTTP/%s\r\nHost: x\r\nConnection: close\r\nContent-Length: 1\r\n\r\na",
}

func TestInterimAnswersCarryLinksOnly(t *testing.T) {
	application := rawApplication(t, "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nSet-Cookie: a=1\r\nX-Gatehouse-Assertion: forged\r\n\r\n"+
		"HTTP/1.1 200 OK\r\nX-Final: yes\r\nContent-Length: 4\r\n\r\npage")
	for name, request := range forms {
		t.Run(name, func(t *testing.T) {
			got := exchangeRaw(t, application, fmt.Sprintf(request, "1.1"))
			if !strings.HasPrefix(got, "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\n") || !strings.Contains(got, "X-Final: yes\r\n") || !strings.HasSuffix(got, "\r\n\r\npage") {
				t.Errorf("got %q", got)
			}
			got = exchangeRaw(t, application, fmt.Sprintf(request, "1.0"))
			if !strings.HasPrefix(got, "HTTP/1.0 200 OK\r\n") || strings.Contains(got, "103") || !strings.HasSuffix(got, "\r\n\r\npage") {
				t.Errorf("a client of HTTP/1.0 got %q", got)
			}
		})
	}
}

func TestStatusThatIsNone(t *testing.T) {
	for _, status := range []string{"000", "099"} {
		application := rawApplication(t, "HTTP/1.1 "+status+" x\r\nSet-Cookie: a=1\r\nContent-Length: 0\r\n\r\n")
		for name, request := range forms {
			t.Run(status+" "+name, func(t *testing.T) {
				got := exchangeRaw(t, application, fmt.Sprintf(request, "1.1"))
				if !strings.HasPrefix(got, "HTTP/1.1 502 ") || strings.Contains(got, "Set-Cookie") {
					t.Errorf("got %q", got)
				}
			})
		}
	}
}
