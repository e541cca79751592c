package differential

import (
	_ "embed"
	"fmt"
	"maps"
	"slices"
	"strings"
)

//go:embed ledger.txt
var ledger string

// leastReason is the length of the shortest reason that can say something.
const leastReason = 40

// Ledger is the explained differences.
type Ledger struct {
	// References are the columns between the case and the gateway.
	References []string
	Lines      []Line
}

// Line explains a difference.
type Line struct {
	Difference
	Reason string
	number int
}

// Load reads ledger.txt.
func Load() (*Ledger, error) { return Parse(ledger) }

// Parse reads lines "case | REFERENCE... | gateway | reason", the first of which names
// the columns. "#" begins a comment line. Cases are in order, and each stands once; a
// reason "as CASE" is that of a line before.
func Parse(data string) (*Ledger, error) {
	l := &Ledger{}
	for n, text := range strings.Split(data, "\n") {
		if text == "" || text[0] == '#' {
			continue
		}
		fail := func(format string, args ...any) (*Ledger, error) {
			return nil, fmt.Errorf("ledger line %d: %s", n+1, fmt.Sprintf(format, args...))
		}
		f := strings.Split(text, "|")
		for i := range f {
			f[i] = strings.TrimSpace(f[i])
		}
		if l.References == nil {
			if len(f) < 4 || f[0] != "case" || f[len(f)-2] != "gateway" || f[len(f)-1] != "reason" {
				return fail("want case | REFERENCE... | gateway | reason")
			}
			l.References = f[1 : len(f)-2]
			continue
		}
		if len(f) != len(l.References)+3 {
			return fail("want %d columns, not %d", len(l.References)+3, len(f))
		}
		line := Line{Difference{f[0], map[string]string{}, f[len(f)-2]}, f[len(f)-1], n + 1}
		for i, name := range l.References {
			if line.References[name] = f[i+1]; !slices.Contains([]string{Accepted, Refused, None}, f[i+1]) {
				return fail("a verdict is %s, %s or %s, not %q", Accepted, Refused, None, f[i+1])
			}
		}
		if line.Gateway != Accepted && line.Gateway != Refused {
			return fail("the gateway's verdict is %s or %s, not %q", Accepted, Refused, line.Gateway)
		}
		if !slices.ContainsFunc(l.References, func(name string) bool {
			return line.References[name] != None && line.References[name] != line.Gateway
		}) {
			return fail("no difference")
		}
		if k := len(l.Lines); k > 0 && l.Lines[k-1].Case >= line.Case {
			return fail("%s is not behind %s", line.Case, l.Lines[k-1].Case)
		}
		if other, ok := strings.CutPrefix(line.Reason, "as "); ok {
			before := l.find(other)
			if before == nil {
				return fail("no line of %s before it", other)
			}
			line.Reason = before.Reason
		}
		if len(line.Reason) < leastReason {
			return fail("no reason: %q", line.Reason)
		}
		l.Lines = append(l.Lines, line)
	}
	if l.References == nil {
		return nil, fmt.Errorf("ledger: no line that names the columns")
	}
	return l, nil
}

func (l *Ledger) find(name string) *Line {
	for i := range l.Lines {
		if l.Lines[i].Case == name {
			return &l.Lines[i]
		}
	}
	return nil
}

func (d Difference) same(other Difference) bool {
	return d.Case == other.Case && d.Gateway == other.Gateway && maps.Equal(d.References, other.References)
}

// format is d as a line without its reason.
func (l *Ledger) format(d Difference) string {
	columns := []string{d.Case}
	for _, name := range l.References {
		columns = append(columns, d.References[name])
	}
	return strings.Join(append(columns, d.Gateway), " | ")
}

// Of returns how many lines say that the gateway is stricter than the reference, and how
// many that it is laxer.
func (l *Ledger) Of(reference string) (stricter, laxer int) {
	for _, line := range l.Lines {
		switch verdict := line.References[reference]; {
		case verdict == None || verdict == line.Gateway:
		case verdict == Accepted:
			stricter++
		default:
			laxer++
		}
	}
	return stricter, laxer
}
