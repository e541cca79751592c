package workershost

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/dop251/goja"
)

// Objects is a namespace of Durable Objects: their storage, which outlives isolates.
// It is safe for concurrent use, but an object's class runs in every isolate that
// calls it: isolates that are used in turn share objects, parallel ones do not.
type Objects struct {
	// Class is the exported class of the Worker.
	Class string
	// Disk is what the storage stands on; nil means memory.
	Disk Disk

	mu     sync.Mutex
	stored map[string]map[string]string // by object and key; values as the polyfill writes them
	loaded map[string]map[string]string // what the disk held before the call under way
	alarms map[string]time.Time
}

// Disk is what the storage of Durable Objects stands on. The storage's values are by
// key, as JSON that tells the types of a structured clone apart: {"object": [[NAME,
// VALUE], ...]}, {"bytes": BASE64}. It must be safe for concurrent use.
type Disk interface {
	// Load returns what object holds, before method is called. It stands for the way
	// to the object too: with an error the caller's promise is rejected, and nothing is
	// called.
	Load(ctx context.Context, object, method string) (map[string]string, error)
	// Save keeps what a call of method has changed. The answer is held back until then,
	// as the runtime's output gate does; with an error it is lost.
	Save(ctx context.Context, object, method string, values map[string]string) error
}

// Names returns the names of the objects that hold something or wait for an alarm.
func (o *Objects) Names() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	var out []string
	for name, m := range o.stored {
		if len(m) > 0 {
			out = append(out, name)
		}
	}
	for name := range o.alarms {
		if !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// objectNatives are the natives of a Durable Object's storage. They are synchronous;
// the polyfill makes promises of them.
func (s *Isolate) objectNatives() map[string]any {
	with := func(binding string, f func(o *Objects)) {
		o := s.env.Objects[binding]
		o.mu.Lock()
		defer o.mu.Unlock()
		f(o)
	}
	return map[string]any{
		"newActor": func() int64 {
			// A context of its own, which waits for requests.
			s.handles++
			s.actors[s.handles] = s.newContext(nil)
			return s.handles
		},
		// inActor runs f in the object's context, later.
		"inActor": func(id int64, f goja.Callable) {
			c, from := s.actors[id], s.here()
			hold := s.loop.carrier(from.ctx)
			from.carriers[hold] = true
			release := func() { delete(from.carriers, hold); hold.stop() }
			s.loop.post(func() {
				c.enter(func() { _, _ = f(goja.Undefined(), s.vm.ToValue(release)) })
			})
		},
		// load and save are promises, at once kept without a disk.
		"load": func(binding, name, method string) goja.Value {
			return s.disk(binding, func(ctx context.Context, o *Objects) error {
				values, err := o.Disk.Load(ctx, name, method)
				if err != nil {
					return err
				}
				o.mu.Lock()
				defer o.mu.Unlock()
				if o.stored == nil {
					o.stored = map[string]map[string]string{}
				}
				o.stored[name] = values
				if o.loaded == nil {
					o.loaded = map[string]map[string]string{}
				}
				o.loaded[name] = maps.Clone(values)
				return nil
			})
		},
		"save": func(binding, name, method string) goja.Value {
			return s.disk(binding, func(ctx context.Context, o *Objects) error {
				o.mu.Lock()
				values := maps.Clone(o.stored[name])
				same := maps.Equal(values, o.loaded[name])
				o.mu.Unlock()
				if same {
					return nil
				}
				return o.Disk.Save(ctx, name, method, values)
			})
		},
		"storedGet": func(binding, name, key string) (value any) {
			with(binding, func(o *Objects) {
				if v, ok := o.stored[name][key]; ok {
					value = v
				}
			})
			return value
		},
		"storedPut": func(binding, name, key, value string) {
			with(binding, func(o *Objects) {
				if o.stored == nil {
					o.stored = map[string]map[string]string{}
				}
				if o.stored[name] == nil {
					o.stored[name] = map[string]string{}
				}
				o.stored[name][key] = value
			})
		},
		"storedDelete": func(binding, name, key string) (was bool) {
			with(binding, func(o *Objects) {
				_, was = o.stored[name][key]
				delete(o.stored[name], key)
			})
			return was
		},
		"storedClear": func(binding, name string) {
			with(binding, func(o *Objects) { delete(o.stored, name) })
		},
		"storedKeys": func(binding, name, prefix string) (keys []string) {
			with(binding, func(o *Objects) {
				for k := range o.stored[name] {
					if strings.HasPrefix(k, prefix) {
						keys = append(keys, k)
					}
				}
			})
			slices.Sort(keys)
			return keys
		},
		// setAlarm takes milliseconds since 1970; 0 removes the alarm.
		"setAlarm": func(binding, name string, at float64) {
			with(binding, func(o *Objects) {
				if o.alarms == nil {
					o.alarms = map[string]time.Time{}
				}
				o.alarms[name] = time.UnixMilli(int64(at))
				if at == 0 {
					delete(o.alarms, name)
				}
			})
		},
		"getAlarm": func(binding, name string) (at float64) {
			with(binding, func(o *Objects) {
				if t, ok := o.alarms[name]; ok {
					at = float64(t.UnixMilli())
				}
			})
			return at
		},
	}
}

// disk is a promise of f, which has to do with the disk of a namespace that has one.
func (s *Isolate) disk(binding string, f func(ctx context.Context, o *Objects) error) goja.Value {
	o := s.env.Objects[binding]
	if o.Disk == nil {
		return goja.Undefined()
	}
	return s.async(func(ctx context.Context) (func() any, error) { return nil, f(ctx, o) })
}

// fireAlarms calls the alarm handlers that are due. It is called when a request
// arrives: between requests nobody could tell.
func (s *Isolate) fireAlarms() {
	type alarm struct {
		at            time.Time
		binding, name string
	}
	var due []alarm
	now := s.clock()
	for binding, o := range s.env.Objects {
		o.mu.Lock()
		for name, at := range o.alarms {
			if !at.After(now) {
				due = append(due, alarm{at, binding, name})
				delete(o.alarms, name)
			}
		}
		o.mu.Unlock()
	}
	slices.SortFunc(due, func(a, b alarm) int {
		return cmp.Or(a.at.Compare(b.at), strings.Compare(a.name, b.name))
	})
	for _, a := range due {
		if _, err := s.actor(goja.Undefined(), s.vm.ToValue(a.binding), s.vm.ToValue(a.name)); err != nil {
			s.log("error", "alarm: "+err.Error())
		}
	}
}
