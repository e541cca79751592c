//go:build wasip1

package wasi

import "fmt"

// maxHeader is room for the fields that a host returns. HTTP libraries of hosts accept
// headers of up to 400 KiB or so.
const maxHeader = 448 << 10

// headerForbidden is a case of header-error.
const headerForbidden = 1

// makeFields makes a fields resource. What the host forbids is left out, and what it
// finds malformed too unless strict, which makes that an error.
func makeFields(list []Field, strict bool) (uint32, error) {
	fields := newFields()
	c := Begin(small)
	defer c.Release()
	for _, f := range list {
		r := c.Enter()
		fieldsAppend(fields, f.Name, f.Value, r)
		if c.Failed(r) && strict && c.U8(r+1) != headerForbidden {
			dropFields(fields)
			return 0, fmt.Errorf("wasi: header field %q is malformed", f.Name)
		}
	}
	return fields, nil
}

// readFields copies a fields resource and drops it.
func readFields(c *Call, fields uint32) []Field {
	r := c.Enter()
	fieldsEntries(fields, r)
	list := c.Fields(r)
	dropFields(fields)
	return list
}
