package config

import "strings"

// Error is one mistake in a configuration.
type Error struct {
	Name    string // the setting
	Problem string // what is wrong; never the value of a secret
	Hint    string // how to mend it; may be empty
}

// Error implements error.
func (e *Error) Error() string { return e.Name + ": " + e.Problem }

// Errors is every mistake in a configuration: first those in single settings, in the
// order of the table, then those in how settings go together.
type Errors []*Error

// Error implements error: one line per mistake.
func (es Errors) Error() string {
	lines := make([]string, len(es))
	for i, e := range es {
		lines[i] = e.Error()
	}
	return strings.Join(lines, "\n")
}

// Has reports whether a mistake in the named setting is known already.
func (es Errors) Has(name string) bool {
	for _, e := range es {
		if e.Name == name {
			return true
		}
	}
	return false
}
