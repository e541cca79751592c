package workershost

import (
	"context"
	"maps"

	"github.com/dop251/goja"
)

// Disk is what the storage of Durable Objects stands on. The storage's values are by
// key, as JSON that tells the types of a structured clone apart: {"object": [[NAME,
// VALUE], ...]}, {"bytes": BASE64}. It must be safe for concurrent use.
type Disk interface {
	// Load returns what object holds, before method is called. It stands for the way
	// to the object too: calls are on their way at the same time, and with an error the
	// caller's promise is rejected, and nothing is called.
	Load(ctx context.Context, object, method string) (map[string]string, error)
	// Save keeps what a call of method has left, if it wrote anything. The answer is
	// held back until then, as the runtime's output gate does; with an error it is lost,
	// and what the object holds is loaded anew.
	Save(ctx context.Context, object, method string, values map[string]string) error
}

// diskState is how an object stands to its disk.
type diskState struct {
	changed bool // since it was loaded
	moments int  // beginnings and ends of saves
	failed  bool // the last save
}

// state is called with the lock held.
func (o *Objects) state(name string) *diskState {
	if o.states == nil {
		o.states = map[string]*diskState{}
	}
	if o.states[name] == nil {
		o.states[name] = &diskState{}
	}
	return o.states[name]
}

// saving marks the beginning of a save and returns what is to be saved; ok is false
// when nothing was written.
func (o *Objects) saving(name string) (values map[string]string, ok bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	state := o.state(name)
	if !state.changed {
		return nil, false
	}
	state.moments++
	return maps.Clone(o.stored[name]), true
}

func (o *Objects) saved(name string, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	state := o.state(name)
	state.moments++
	state.changed, state.failed = false, err != nil
}

// install is called in the object's turn, with what was loaded when moments had passed.
// What the object itself has written since is newer and stays; false means that this
// is not known, and that it has to be loaded once more.
func (o *Objects) install(name string, values map[string]string, moments int) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	state := o.state(name)
	if state.moments != moments {
		return !state.failed
	}
	if o.stored == nil {
		o.stored = map[string]map[string]string{}
	}
	o.stored[name] = maps.Clone(values)
	state.changed = false
	return true
}

// loadNative is a promise of a function that installs what was loaded, or of nothing
// without a disk.
func (s *Isolate) loadNative(binding, name, method string) goja.Value {
	o := s.env.Objects[binding]
	if o.Disk == nil {
		return goja.Undefined()
	}
	o.mu.Lock()
	moments := o.state(name).moments
	o.mu.Unlock()
	return s.async(func(ctx context.Context) (func() any, error) {
		values, err := o.Disk.Load(ctx, name, method)
		if err != nil {
			return nil, err
		}
		return func() any { return func() bool { return o.install(name, values, moments) } }, nil
	})
}

// saveNative is a promise that is kept when what a call has written is on the disk.
func (s *Isolate) saveNative(binding, name, method string) goja.Value {
	o := s.env.Objects[binding]
	if o.Disk == nil {
		return goja.Undefined()
	}
	values, ok := o.saving(name)
	if !ok {
		return goja.Undefined()
	}
	return s.async(func(ctx context.Context) (func() any, error) {
		err := o.Disk.Save(ctx, name, method, values)
		o.saved(name, err)
		return nil, err
	})
}
