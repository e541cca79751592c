package workershost

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/dop251/goja"
)

// Objects is a namespace of Durable Objects: their storage, which outlives isolates.
// It is safe for concurrent use, but an object's class runs in every isolate that
// calls it: isolates that are used in turn share objects, parallel ones do not. Alarms
// are kept here too.
type Objects struct {
	// Class is the exported class of the Worker.
	Class string
	// Disk is what the storage stands on; nil means memory.
	Disk Disk

	mu     sync.Mutex
	stored map[string]map[string]string // by object and key; values as the polyfill writes them
	states map[string]*diskState
	alarms map[string]time.Time
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
		"load": s.loadNative,
		"save": s.saveNative,
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
				o.state(name).changed = true
			})
		},
		"storedDelete": func(binding, name, key string) (was bool) {
			with(binding, func(o *Objects) {
				_, was = o.stored[name][key]
				delete(o.stored[name], key)
				o.state(name).changed = true
			})
			return was
		},
		"storedClear": func(binding, name string) {
			with(binding, func(o *Objects) {
				delete(o.stored, name)
				o.state(name).changed = true
			})
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
