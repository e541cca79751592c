package workershost

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"
)

// platter is a disk that a test looks into. It fails what it is told to: "METHOD" at
// loads, "save METHOD" at saves.
type platter struct {
	mu     sync.Mutex
	held   map[string]map[string]string
	events []string
	fail   map[string]bool
	lost   map[string]bool // saves that take place and fail
	far    time.Duration   // the way to an object
}

func (p *platter) note(event string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.events = append(p.events, event)
	if p.fail[event] {
		return errors.New("disk: on purpose")
	}
	return nil
}

func (p *platter) Load(ctx context.Context, object, method string) (map[string]string, error) {
	if p.far > 0 {
		if _, err := Wait(ctx, p.far); err != nil {
			return nil, err
		}
	}
	if err := p.note(method); err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return maps.Clone(p.held[object]), nil
}

func (p *platter) Save(_ context.Context, object, method string, values map[string]string) error {
	if err := p.note("save " + method); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.held[object] = values
	if p.lost[method] {
		return errors.New("disk: on purpose")
	}
	return nil
}

const diary = `import { DurableObject } from "cloudflare:workers";
	export class Diary extends DurableObject {
		get() { return this.ctx.storage.kv.get("v") ?? "nothing"; }
		put(value) { this.ctx.storage.kv.put("v", value); return "put"; }
		again(value) { this.ctx.storage.kv.put("v", value); return "put"; }
		add(value) { return this.put(this.get() + value); }
		half(value) { this.put(value); throw new Error("changed its mind"); }
		clear() { return this.ctx.storage.deleteAll(); }
	}
	const stub = (env) => env.O.get(env.O.idFromName("a"));`

// onDisk runs the expressions on a Worker whose objects are on p.
func onDisk(t *testing.T, p *platter, expressions ...string) string {
	t.Helper()
	if p.held == nil {
		p.held = map[string]map[string]string{}
	}
	s := isolate(t, diary+outcomes(expressions...), Env{Objects: map[string]*Objects{"O": {Class: "Diary", Disk: p}}})
	_, got := get(t, s, "/")
	return got
}

func TestAnObjectIsLoadedBeforeItIsCalled(t *testing.T) {
	t.Parallel()
	p := &platter{held: map[string]map[string]string{"a": {"v": `"from outside"`}}}
	compare(t, onDisk(t, p, `stub(env).get()`, `stub(env).put("new")`, `stub(env).get()`, `stub(env).clear()`, `stub(env).get()`),
		"from outside", "put", "new", "undefined", "nothing")
	want := []string{"get", "put", "save put", "get", "clear", "save clear", "get"}
	if !slices.Equal(p.events, want) || len(p.held["a"]) != 0 {
		t.Errorf("events %q, left %v", p.events, p.held)
	}
}

func TestAnObjectOutOfReachIsNotCalled(t *testing.T) {
	t.Parallel()
	p := &platter{fail: map[string]bool{"put": true}}
	compare(t, onDisk(t, p, `stub(env).put("new")`, `stub(env).get()`), "disk: on purpose", "nothing")
	if want := []string{"put", "get"}; !slices.Equal(p.events, want) {
		t.Errorf("events %q", p.events)
	}
}

func TestAFailedSaveFailsTheCall(t *testing.T) {
	t.Parallel()
	p := &platter{held: map[string]map[string]string{"a": {"v": `"old"`}}, fail: map[string]bool{"save put": true}, lost: map[string]bool{"again": true}}
	compare(t, onDisk(t, p, `stub(env).put("new")`, `stub(env).get()`, `stub(env).again("kept")`, `stub(env).get()`),
		"disk: on purpose", "old", "disk: on purpose", "kept")
}

func TestACallThatThrowsSavesNothing(t *testing.T) {
	t.Parallel()
	p := &platter{held: map[string]map[string]string{"a": {"v": `"old"`}}}
	compare(t, onDisk(t, p, `stub(env).half("new")`, `stub(env).get()`), "changed its mind", "old")
	if want := []string{"half", "get"}; !slices.Equal(p.events, want) {
		t.Errorf("events %q", p.events)
	}
}

// Each call finds what the one before it has left, although all were loaded before: what
// could not be saved is loaded again.
func TestCallsAtOnceFollowEachOther(t *testing.T) {
	t.Parallel()
	three := `Promise.allSettled([stub(env).add("1"), stub(env).add("2"), stub(env).add("3")])`
	p := &platter{far: time.Second}
	began := `globalThis.began = Date.now()`
	compare(t, onDisk(t, p, began, three, `(Date.now() - began) / 1000`, `stub(env).get()`), "1904", "object", "1", "nothing123")

	p = &platter{fail: map[string]bool{"save put": true}, lost: map[string]bool{"add": true}}
	compare(t, onDisk(t, p, `Promise.allSettled([stub(env).add("1"), stub(env).put("2"), stub(env).add("3")])`, `stub(env).get()`),
		"object", "nothing13")
}
