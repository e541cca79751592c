package native

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"gatehouse/adapters/native/login"
	"gatehouse/core/config"
)

// Output rules: results go to stdout and everything else to stderr, one message a
// line, as "gatehouse: error:", "gatehouse: warning:" or "gatehouse: hint:". No
// capital at the beginning, no period at the end. An error that the user can mend is
// followed by a hint.

type messages struct {
	w io.Writer
	// json: failures are objects for programs.
	json bool
}

func (m messages) error(text string)   { m.line("error", text) }
func (m messages) warning(text string) { m.line("warning", text) }
func (m messages) hint(text string) {
	if text != "" {
		m.line("hint", text)
	}
}

func (m messages) line(kind, text string) {
	fmt.Fprintf(m.w, "gatehouse: %s: %s\n", kind, printable(text))
}

// printable replaces control characters, so that foreign text cannot drive a
// terminal or begin a line of its own.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x20 || (r >= 0x7f && r < 0xa0) || r == 0x2028 || r == 0x2029 || (r >= 0x202a && r <= 0x202e) || (r >= 0x2066 && r <= 0x2069) {
			return '?'
		}
		return r
	}, text)
}

// usageError is a command line that makes no sense.
type usageError struct{ problem, hint string }

func (e *usageError) Error() string { return e.problem }

func usagef(hint, format string, args ...any) error {
	return &usageError{fmt.Sprintf(format, args...), hint}
}

// hintedError is a failure with advice.
type hintedError struct {
	error
	hint string
}

func (e *hintedError) Unwrap() error { return e.error }
func (e *hintedError) Hint() string  { return e.hint }

func withHint(err error, hint string) error { return &hintedError{err, hint} }

// report prints err with its hints and returns the exit code that it stands for.
func (m messages) report(err error) int {
	var usage *usageError
	var mistakes config.Errors
	var hinted *hintedError
	var failure *login.Failure
	switch {
	case err != nil && m.json:
		if !errors.As(err, &failure) {
			failure = login.Failed(err)
		}
		_ = json.NewEncoder(m.w).Encode(failure.JSON())
		return failure.ExitCode()
	case errors.As(err, &failure):
		m.error(plain(err))
		m.hint(failure.Hint())
		return failure.ExitCode()
	case err == nil:
		return exitOK
	case errors.As(err, &usage):
		m.error(usage.problem)
		m.hint(usage.hint)
		return exitUsage
	case errors.As(err, &mistakes):
		for _, e := range mistakes {
			m.error(e.Error())
			m.hint(e.Hint)
		}
		return exitConfig
	case errors.As(err, &hinted):
		m.error(plain(err))
		m.hint(hinted.hint)
	default:
		m.error(plain(err))
	}
	return exitFailure
}

// plain drops this package's name, which says nothing to a user of the command.
func plain(err error) string { return strings.TrimPrefix(err.Error(), "native: ") }
