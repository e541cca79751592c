package wasihost

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Trap is a fault of the module for which a host ends the instance.
type Trap struct{ Reason string }

func (t *Trap) Error() string { return "trap: " + t.Reason }

func trapf(format string, args ...any) { panic(&Trap{fmt.Sprintf(format, args...)}) }

// table holds the resources of an instance. A handle is never used twice, so that
// every use after a drop is found.
type table struct {
	entries map[uint32]*entry
	handles map[any]*entry
	last    uint32
}

// entry is a resource. Its parent must outlive it.
type entry struct {
	handle   uint32
	kind     *resource
	value    any
	parent   *entry
	children []*entry
}

// childOf is a resource that must be dropped before its parent is.
type childOf struct{ parent, value any }

// dropper is a resource that does something when the module drops it.
type dropper interface{ drop() }

func newTable() *table {
	return &table{entries: map[uint32]*entry{}, handles: map[any]*entry{}}
}

// add makes a handle for v, which may be a [childOf].
func (t *table) add(kind *resource, v any) uint32 {
	t.last++
	e := &entry{handle: t.last, kind: kind, value: v}
	if c, ok := v.(childOf); ok {
		e.value, e.parent = c.value, t.handles[c.parent]
		e.parent.children = append(e.parent.children, e)
	}
	t.entries[e.handle], t.handles[e.value] = e, e
	return e.handle
}

// find returns the resource of a handle, or traps.
func (t *table) find(kind *resource, handle uint32) *entry {
	e := t.entries[handle]
	switch {
	case e == nil && handle != 0 && handle <= t.last:
		trapf("%s %d is used after it was dropped or given away", kind.name, handle)
	case e == nil:
		trapf("%d is no handle; want %s", handle, kind.name)
	case e.kind != kind:
		trapf("handle %d is a %s; want %s", handle, e.kind.name, kind.name)
	}
	return e
}

// take removes the resource of a handle, or traps: a resource with children can be
// neither dropped nor given away.
func (t *table) take(kind *resource, handle uint32) any {
	e := t.find(kind, handle)
	if len(e.children) > 0 {
		trapf("%s %d is dropped or given away before its %s", kind.name, handle, e.children[0].kind.name)
	}
	if e.parent != nil {
		e.parent.children = slices.DeleteFunc(e.parent.children, func(c *entry) bool { return c == e })
	}
	delete(t.entries, handle)
	delete(t.handles, e.value)
	return e.value
}

// left describes the resources that are still there: "2 fields, 1 pollable"; "" for
// none.
func (t *table) left() string {
	counts := map[string]int{}
	for _, e := range t.entries {
		counts[e.kind.name]++
	}
	var words []string
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		words = append(words, fmt.Sprintf("%d %s", counts[name], name))
	}
	return strings.Join(words, ", ")
}

// clear ends what the module left behind.
func (t *table) clear() {
	for _, e := range t.entries {
		if d, ok := e.value.(dropper); ok {
			d.drop()
		}
	}
	clear(t.entries)
	clear(t.handles)
}
