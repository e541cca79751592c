package wasihost

import (
	"bytes"
	"strings"
)

// maxTail is how much of an instance's output stands in the report of its end.
const maxTail = 4 << 10

// output hands what a module prints over line by line.
type output struct {
	log     func(line string)
	pending []byte
	tail    []byte
}

func (o *output) Write(p []byte) (int, error) {
	o.tail = append(o.tail, p...)
	o.tail = o.tail[max(0, len(o.tail)-maxTail):]
	o.pending = append(o.pending, p...)
	for {
		line, rest, ok := bytes.Cut(o.pending, []byte("\n"))
		if !ok {
			return len(p), nil
		}
		if len(line) > 0 && o.log != nil {
			o.log(string(line))
		}
		o.pending = rest
	}
}

// flush hands over a last line that no newline ended.
func (o *output) flush() {
	if len(o.pending) > 0 {
		_, _ = o.Write([]byte("\n"))
	}
}

func (o *output) String() string { return strings.TrimSpace(string(o.tail)) }
