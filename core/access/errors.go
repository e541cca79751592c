package access

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Error is one mistake in a list of rules.
type Error struct {
	// Line is the number of the line. Each line end and each semicolon that more
	// text follows begins a new one. 0 means the list as a whole.
	Line    int
	Problem string // what is wrong
	Hint    string // how to mend it; may be empty
}

// Error implements error.
func (e *Error) Error() string {
	if e.Line == 0 {
		return e.Problem
	}
	return fmt.Sprintf("line %d %s", e.Line, e.Problem)
}

// Errors is every mistake in a list of rules, in the order of the lines.
type Errors []*Error

// Error implements error: one line per mistake.
func (es Errors) Error() string {
	lines := make([]string, len(es))
	for i, e := range es {
		lines[i] = e.Error()
	}
	return strings.Join(lines, "\n")
}

// mistake is an Error whose line the parser adds.
func mistake(problem, hint string) *Error { return &Error{Problem: problem, Hint: hint} }

// quoted shows text from the list, cut to what fits a message.
func quoted(s string) string {
	const most = 60
	if len(s) > most {
		cut := most
		for cut > 0 && !utf8.RuneStart(s[cut]) {
			cut--
		}
		s = s[:cut] + "..."
	}
	return strconv.Quote(s)
}
