package cloudflare

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// begin starts a request against handler and returns its pump.
func begin(t testing.TB, text string, hasBody bool, handler http.HandlerFunc) *pump {
	p := newPump(t)
	p.live[1] = true
	p.begin(handler, 1, text, hasBody)
	return p
}

func get(t testing.TB, handler http.HandlerFunc) *pump {
	return begin(t, join([]string{"GET", "https://app.example/"}, nil), false, handler)
}

func TestASmallAnswerGoesOutAtOnce(t *testing.T) {
	p := get(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Add("Set-Cookie", "a=1")
		w.Header().Add("Set-Cookie", "b=2")
		w.WriteHeader(http.StatusAccepted)
		io.WriteString(w, "hello ")
		io.WriteString(w, "world")
	})
	<-p.ended
	if o := p.operation("respond"); o.text != "202\x00Set-Cookie\x00a=1\x00Set-Cookie\x00b=2" || string(o.data) != "hello world" {
		t.Errorf("got %q %q", o.text, o.data)
	}
	if p.kinds() != "respond end" {
		t.Errorf("operations %s", p.kinds())
	}
}

func TestALargeAnswerStreams(t *testing.T) {
	for _, flush := range []bool{false, true} {
		p := newPump(t)
		p.live[1] = true
		var body strings.Builder
		p.serve = func(o operation) (reply, bool) { body.Write(o.data); return reply{}, true }
		piece := strings.Repeat("x", maxBuffer/2+1)
		p.begin(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			for range 3 {
				if _, err := io.WriteString(w, piece); err != nil {
					t.Error(err)
				}
				if flush {
					w.(http.Flusher).Flush()
				}
			}
		}), 1, join([]string{"GET", "https://a/"}, nil), false)
		<-p.ended
		if body.String() != strings.Repeat(piece, 3) || !strings.HasPrefix(p.kinds(), "stream write") || !strings.HasSuffix(p.kinds(), "write close end") {
			t.Errorf("flush %v: %d bytes by %s", flush, body.Len(), p.kinds())
		}
	}
}

func TestAnswersWithoutBody(t *testing.T) {
	for _, status := range []int{204, 205, 304} {
		p := get(t, func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(status)
			if _, err := io.WriteString(w, "x"); !errors.Is(err, http.ErrBodyNotAllowed) {
				t.Errorf("%d: Write returned %v", status, err)
			}
			w.(http.Flusher).Flush()
		})
		<-p.ended
		if o := p.operation("respond"); len(o.data) != 0 {
			t.Errorf("%d: body %q", status, o.data)
		}
	}
	p := begin(t, join([]string{"HEAD", "https://a/"}, nil), false, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "hello") })
	<-p.ended
	if o := p.operation("respond"); len(o.data) != 0 || o.text != "200\x00Content-Length\x005" {
		t.Errorf("HEAD: %q, body %q", o.text, o.data)
	}
}

func TestPanicsAreAnswered(t *testing.T) {
	p := get(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Half", "done")
		io.WriteString(w, "half")
		panic("boom")
	})
	<-p.ended
	if o := p.operation("respond"); !strings.HasPrefix(o.text, "500\x00") || strings.Contains(o.text, "X-Half") || !strings.Contains(string(o.data), "internal_error") {
		t.Errorf("got %q %s", o.text, o.data)
	}
	p = get(t, func(w http.ResponseWriter, r *http.Request) {
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	})
	<-p.ended
	if p.kinds() != "stream abort end" {
		t.Errorf("amid the answer: %s", p.kinds())
	}
}

func TestATargetThatIsNoURL(t *testing.T) {
	p := begin(t, join([]string{"GET", "https://a/%zz"}, nil), false, func(http.ResponseWriter, *http.Request) { t.Error("it was served") })
	<-p.ended
	if o := p.operation("respond"); !strings.HasPrefix(o.text, "400\x00") || !strings.Contains(string(o.data), "invalid_path") {
		t.Errorf("got %q %s", o.text, o.data)
	}
}

func TestTheClientsDepartureEndsTheContext(t *testing.T) {
	p := get(t, func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	p.leave(1)
	<-p.ended
	p.leave(1) // late
}

func TestALostRequestReleasesWhoWaits(t *testing.T) {
	p := newPump(t, 1, 2)
	failed, asked := make(chan error), make(chan struct{})
	p.serve = func(operation) (reply, bool) { close(asked); return reply{}, false }
	go func() {
		_, _, err := p.call(context.WithoutCancel(p.context(1)), operation{kind: "kv-get"})
		failed <- err
	}()
	<-asked
	p.lose(1)
	if err := <-failed; !errors.Is(err, ErrGone) {
		t.Errorf("got %v", err)
	}
	p.done(1, reply{}) // late
	p.lose(1)
}

// Work that several requests wait for goes on in the context of another one when the
// one that began it has ended.
func TestOperationsFindALiveRequest(t *testing.T) {
	p := newPump(t, 1, 2)
	var asked []int
	send := p.bridge.send
	p.bridge.send = func(request, id int, o operation) bool { asked = append(asked, request); return send(request, id, o) }
	p.serve = func(operation) (reply, bool) { return reply{number: 1}, true }
	first := p.context(1)
	call := func(ctx context.Context) error {
		_, _, err := p.call(ctx, operation{kind: "kv-get"})
		return err
	}
	if err := call(first); err != nil {
		t.Error(err)
	}
	p.lose(1)
	if err := call(first); err != nil {
		t.Error(err)
	}
	if err := call(context.Background()); err != nil {
		t.Error(err)
	}
	p.lose(2)
	if err := call(first); !errors.Is(err, ErrGone) {
		t.Errorf("with no request left: %v", err)
	}
	if len(asked) != 3 || asked[0] != 1 || asked[1] != 2 || asked[2] != 2 {
		t.Errorf("asked %v", asked)
	}
}

func TestADeadlineGivesTheOperationUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPump(t, 1)
		ctx, cancel := context.WithTimeout(p.context(1), time.Second)
		defer cancel()
		_, _, err := p.call(ctx, operation{kind: "fetch"})
		if !errors.Is(err, context.DeadlineExceeded) || p.kinds() != "fetch drop" || p.operation("drop").number != 1 {
			t.Errorf("got %v after %s", err, p.kinds())
		}
	})
}

func TestBackgroundWorkKeepsThePump(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		proceed := make(chan struct{})
		p := newPump(t)
		p.live[1] = true
		p.begin(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			p.background(func(ctx context.Context) {
				<-proceed
				if ctx.Err() != nil {
					t.Error("the work's context ended with the request")
				}
			})
		}), 1, join([]string{"GET", "https://a/"}, nil), false)
		synctest.Wait()
		if p.kinds() != "respond" {
			t.Errorf("while it works: %s", p.kinds())
		}
		close(proceed)
		<-p.ended
	})
}

func TestBackgroundWorkIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPump(t, 1)
		var mu sync.Mutex
		ended := 0
		work := func(ctx context.Context) {
			<-ctx.Done()
			mu.Lock()
			ended++
			mu.Unlock()
		}
		began := time.Now()
		for range maxBackground {
			p.background(work) // the last one here and now
		}
		if waited := time.Since(began); waited != backgroundTime {
			t.Errorf("the caller waited %v", waited)
		}
		synctest.Wait()
		if ended != maxBackground {
			t.Errorf("%d of %d ended", ended, maxBackground)
		}
		p.background(func(context.Context) { panic("boom") })
		synctest.Wait()
	})
}
