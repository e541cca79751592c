package syumai

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"gatehouse/core/problem"
)

// handler serves the library's requests with next. A panic, which would end the program,
// is answered as a problem if nothing went out yet.
func handler(next http.Handler, log *slog.Logger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		out := &answer{ResponseWriter: w, head: r.Method == http.MethodHead}
		defer func() {
			e := recover()
			if e == nil {
				out.WriteHeader(http.StatusOK)
				return
			}
			if e != http.ErrAbortHandler {
				log.Error("panic", "panic", fmt.Sprint(e))
			}
			if out.status == 0 {
				clear(out.Header())
				problem.Internal.Write(out, false, "", nil)
			}
		}()
		next.ServeHTTP(out, received(r))
	})
}

// backgroundTime bounds work in the background; the runtime ends it half a minute after
// the answer.
const backgroundTime = 25 * time.Second

// tasks is work in the background, for which the program stays.
type tasks struct {
	extend func(task func()) // waitUntil: runs task, elsewhere
	log    *slog.Logger
	all    sync.WaitGroup
}

// run is a platform's Background.
func (t *tasks) run(work func(context.Context)) {
	t.all.Add(1)
	t.extend(func() {
		defer t.all.Done()
		ctx, cancel := context.WithTimeout(context.Background(), backgroundTime)
		defer cancel()
		defer func() {
			if e := recover(); e != nil {
				t.log.Error("background work panicked", "panic", fmt.Sprint(e))
			}
		}()
		work(ctx)
	})
}
