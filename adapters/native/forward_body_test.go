package native

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"testing"
	"time"
)

// A client that asks first gets the application's own answer: 100 from it makes the
// client send, and a refusal spares it the body.
func TestForwardExpectContinue(t *testing.T) {
	f := behind(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/refuse" {
			w.WriteHeader(http.StatusExpectationFailed)
			return
		}
		io.Copy(w, r.Body)
	})
	ask := func(t *testing.T, path string) (*bufio.Reader, net.Conn, string) {
		t.Helper()
		conn, err := net.Dial("tcp", f.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		conn.SetDeadline(time.Now().Add(30 * time.Second))
		fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n", path)
		r := bufio.NewReader(conn)
		status, err := r.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		return r, conn, status
	}
	if _, _, status := ask(t, "/refuse"); status != "HTTP/1.1 417 Expectation Failed\r\n" {
		t.Errorf("refused: the first answer is %q", status)
	}
	r, conn, status := ask(t, "/")
	if status != "HTTP/1.1 100 Continue\r\n" {
		t.Fatalf("accepted: the first answer is %q", status)
	}
	r.ReadString('\n')
	io.WriteString(conn, "data")
	res, err := http.ReadResponse(r, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != 200 || read(t, res.Body) != "data" {
		t.Errorf("accepted: %s", res.Status)
	}
}

// The answer may begin, and go on, while the request's body is being sent.
func TestForwardBothDirectionsAtOnce(t *testing.T) {
	f := behind(t, func(w http.ResponseWriter, r *http.Request) {
		rc := http.NewResponseController(w)
		rc.EnableFullDuplex()
		buf := make([]byte, 4)
		for {
			n, err := r.Body.Read(buf)
			w.Write(buf[:n])
			rc.Flush()
			if err != nil {
				return
			}
		}
	})
	body, send := io.Pipe()
	r, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, f.URL, body)
	go io.WriteString(send, "ping")
	res := do(t, r)
	for i := range 3 {
		got := make([]byte, 4)
		if _, err := io.ReadFull(res.Body, got); err != nil || string(got) != "ping" {
			t.Fatalf("round %d: %q, %v", i, got, err)
		}
		go io.WriteString(send, "ping")
	}
	io.ReadFull(res.Body, make([]byte, 4))
	send.Close()
	if rest := read(t, res.Body); rest != "" {
		t.Errorf("the rest is %q", rest)
	}
}

// A body of any size passes through a buffer of fixed size.
func TestForwardHugeBodiesInLittleMemory(t *testing.T) {
	const size = 100 << 20
	f := behind(t, func(w http.ResponseWriter, r *http.Request) {
		n, _ := io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Length", fmt.Sprint(n))
		io.CopyN(w, zeros{}, n)
	})
	runtime.GC()
	var before, now runtime.MemStats
	runtime.ReadMemStats(&before)
	r, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, f.URL, io.NopCloser(io.LimitReader(zeros{}, size)))
	r.ContentLength = size
	res := do(t, r)
	received, most := int64(0), uint64(0)
	var err error
	for err == nil {
		var n int64
		n, err = io.CopyN(io.Discard, res.Body, 10<<20)
		received += n
		runtime.ReadMemStats(&now)
		most = max(most, now.HeapInuse)
	}
	if received != size {
		t.Errorf("%d of %d bytes came back: %v", received, size, err)
	}
	if grown := int64(most) - int64(before.HeapInuse); grown > 16<<20 {
		t.Errorf("the heap grew by %d bytes", grown)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }
