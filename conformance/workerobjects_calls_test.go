package conformance

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"gatehouse/conformance/workershost"
)

// watchedObjects notes which objects were called before the latest request.
type watchedObjects struct {
	durableTarget
	mu     sync.Mutex
	disk   *recordDisk
	before int
}

func (w *watchedObjects) Start(t testing.TB, world World) Instance {
	i := w.durableTarget.Start(t, world)
	objects, _ := w.objects.Load(t)
	w.disk = objects.(*workershost.Objects).Disk.(*recordDisk)
	return watchedInstance{i.(*workerInstance), w}
}

type watchedInstance struct {
	*workerInstance
	watched *watchedObjects
}

func (i watchedInstance) RoundTrip(r *http.Request) (*http.Response, error) {
	i.watched.mu.Lock()
	i.watched.before = len(i.watched.disk.called())
	i.watched.mu.Unlock()
	return i.workerInstance.RoundTrip(r)
}

// A cookie that does not open calls no object: each one called would be made, for
// whoever sends cookies. The cases say what the gateway answers and count operations.
func TestNoObjectIsCalledForACookieThatDoesNotOpen(t *testing.T) {
	suite, err := loadSuite(testdata)
	if err != nil {
		t.Fatal(err)
	}
	worker := openWorker(t)
	played := 0
	for _, c := range suite.cases {
		const opens = "session_read_again_after_five_seconds" // shows that calls are seen
		if !strings.HasPrefix(c.Name, "session_cookie_") && c.Name != opens {
			continue
		}
		played++
		t.Run(c.Name, func(t *testing.T) {
			w := &watchedObjects{durableTarget: durableTarget{worker, new(sync.Map)}}
			suite.play(t, c, w, "strong")
			calls := w.disk.called()
			if !slices.ContainsFunc(calls[:w.before], func(call string) bool { return strings.HasPrefix(call, "put ") }) {
				t.Errorf("the session before it was not stored: %q", calls)
			}
			if calls = calls[w.before:]; (len(calls) > 0) != (c.Name == opens) {
				t.Errorf("calls of the last request: %q", calls)
			}
		})
	}
	if played < 10 {
		t.Errorf("%d cases", played)
	}
}
