package conformance

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// count is a section of assertions about what a step took: calls, records in the
// log, and how captured values go together.
type count struct {
	only  tags
	lines []countLine
}

type countLine struct {
	source  string
	kind    string // fetch, kv, log, header, status or equal
	operand text
	second  text // equal
	op      string
	n       int
	negated bool
}

var (
	countNumber = regexp.MustCompile(`^(fetch|kv(?:\.[a-z]+)?|header|status) (?:([^\s=<>]\S*) )?(?:(==|<=|>=) )?(\d+)$`)
	countLog    = regexp.MustCompile(`^log (!?)contains (.+)$`)
	countEqual  = regexp.MustCompile(`^(!?)equal (\{[^}]*\}|\S+) (\{[^}]*\}|\S+)$`)
)

func (c *count) parse(data string) error {
	for _, line := range joinLines(data) {
		if line == "" {
			continue
		}
		l := countLine{source: line, op: "=="}
		var err error
		if m := countNumber.FindStringSubmatch(line); m != nil {
			l.kind = m[1]
			if m[3] != "" {
				l.op = m[3]
			}
			l.n, err = strconv.Atoi(m[4])
			if err == nil {
				l.operand, err = parseText(m[2])
			}
			switch {
			case (l.kind == "header" || l.kind == "status") && m[2] == "":
				err = fmt.Errorf("%s without a name or number", l.kind)
			case strings.HasPrefix(l.kind, "kv") && m[2] != "":
				err = fmt.Errorf("unexpected %q", m[2])
			case strings.HasPrefix(l.kind, "kv.") && !strings.Contains(" get put delete swap list ", " "+l.kind[3:]+" "):
				err = fmt.Errorf("no operation %s", l.kind)
			}
		} else if m := countLog.FindStringSubmatch(line); m != nil {
			l.kind, l.negated = "log", m[1] == "!"
			l.operand, err = parseText(m[2])
		} else if m := countEqual.FindStringSubmatch(line); m != nil {
			l.kind, l.negated = "equal", m[1] == "!"
			if l.operand, err = parseText(m[2]); err == nil {
				l.second, err = parseText(m[3])
			}
		} else {
			err = fmt.Errorf("unknown assertion")
		}
		if err != nil {
			return fmt.Errorf("%s: %w", line, err)
		}
		c.lines = append(c.lines, l)
	}
	return nil
}

// tally is what one step took.
type tally struct {
	fetches []string // "METHOD URL" without query
	kv      map[string]int
	log     string
	header  func(name string) int
	status  map[string]int // how many of the step's answers have it
}

func (l *countLine) check(s *scope, t tally) error {
	operand, err := s.expand(l.operand)
	if err != nil {
		return err
	}
	got := 0
	switch {
	case l.kind == "log":
		if strings.Contains(t.log, operand) == l.negated {
			return fmt.Errorf("%s: the log of this step is\n%s", l.source, t.log)
		}
		return nil
	case l.kind == "equal":
		second, err := s.expand(l.second)
		if err == nil && (operand == second) == l.negated {
			err = fmt.Errorf("%s: %s and %s", l.source, shorten(operand), shorten(second))
		}
		return err
	case l.kind == "header":
		got = t.header(operand)
	case l.kind == "status":
		got = t.status[operand]
	case l.kind == "kv":
		for _, n := range t.kv {
			got += n
		}
	case l.kind == "fetch":
		for _, f := range t.fetches {
			if _, url, _ := strings.Cut(f, " "); operand == "" || url == operand {
				got++
			}
		}
	default:
		got = t.kv[strings.TrimPrefix(l.kind, "kv.")]
	}
	ok := map[string]bool{"==": got == l.n, "<=": got <= l.n, ">=": got >= l.n}[l.op]
	if !ok {
		return fmt.Errorf("%s: got %d (fetched %v, store %v)", l.source, got, t.fetches, t.kv)
	}
	return nil
}
