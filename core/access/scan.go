package access

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// statement is one line of the list, trimmed.
type statement struct {
	number int
	text   string
}

// statements divides text into lines and these at semicolons outside of quotes.
// Lines that begin with # are comments up to their end, semicolons included.
func statements(text string) []statement {
	var all []statement
	number := 0
	for physical := range strings.SplitSeq(strings.TrimPrefix(text, "\ufeff"), "\n") {
		physical = strings.TrimSpace(physical)
		number++
		if physical == "" || physical[0] == '#' {
			continue
		}
		parts := splitUnquoted(physical, ";")
		if last := len(parts) - 1; last > 0 && strings.TrimSpace(parts[last].text) == "" {
			parts = parts[:last] // the semicolon and the line end are one end
		}
		for i, p := range parts {
			if i > 0 {
				number++
			}
			if part := strings.TrimSpace(p.text); part != "" {
				all = append(all, statement{number, part})
			}
		}
	}
	return all
}

// piece is text and the separator that ended it, 0 for the last.
type piece struct {
	text      string
	separator byte
}

// splitUnquoted divides text at separators outside of quotes. A quote that nothing
// closes reaches to the end.
func splitUnquoted(text, separators string) []piece {
	var all []piece
	begin, inside := 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case inside && c == '\\':
			i++
		case c == '"':
			inside = !inside
		case !inside && strings.IndexByte(separators, c) >= 0:
			all = append(all, piece{text[begin:i], c})
			begin = i + 1
		}
	}
	return append(all, piece{text[begin:], 0})
}

// checkVisible refuses what people reading the list would not see, such as blanks
// other than the space and characters that change the direction of text.
func checkVisible(text string) *Error {
	for i, r := range text {
		switch {
		case r == '\t' || r == ' ':
		case r == utf8.RuneError, !unicode.IsPrint(r):
			if r == utf8.RuneError && !strings.HasPrefix(text[i:], "\ufffd") {
				return mistake("is not text in UTF-8", "")
			}
			return mistake(fmt.Sprintf("has a character that cannot be seen (%U)", r), "write blanks as spaces")
		}
	}
	return nil
}

// cutField cuts the first word off.
func cutField(text string) (field, rest string) {
	if i := strings.IndexAny(text, " \t"); i >= 0 {
		return text[:i], strings.TrimLeft(text[i:], " \t")
	}
	return text, ""
}

// special are the characters that a value has in quotes only: operators, and what
// looks like one of another language (lists, wildcards, negation, comments).
const special = " \t;&|=,()!*#\\\"'"

const quoteHint = `values with blanks or any of ; & | = , ( ) ! * # \ ' " stand in double quotes, in which \" and \\ are escapes`

// cutValue reads a value in quotes, or one without that ends before a blank or one of
// until. wasQuoted tells "5" from 5.
func cutValue(text, until string) (value, rest string, wasQuoted bool, err *Error) {
	if !strings.HasPrefix(text, `"`) {
		end := strings.IndexAny(text, " \t"+until)
		if end < 0 {
			end = len(text)
		}
		if value = text[:end]; strings.ContainsAny(value, special) {
			return "", "", false, mistake("has the value "+quoted(value)+" without quotes", valueHint(value))
		}
		return value, text[end:], false, nil
	}
	var b strings.Builder
	for i := 1; i < len(text); i++ {
		switch c := text[i]; c {
		case '"':
			return b.String(), text[i+1:], true, nil
		case '\\':
			if i++; i == len(text) || text[i] != '"' && text[i] != '\\' {
				return "", "", true, mistake("has an unknown escape in quotes", quoteHint)
			}
			b.WriteByte(text[i])
		default:
			b.WriteByte(c)
		}
	}
	return "", "", true, mistake("has a quote that is not closed", quoteHint)
}

func valueHint(value string) string {
	switch {
	case strings.Contains(value, ","):
		return "for one of several write them out: group=a | group=b; " + quoteHint
	case strings.Contains(value, "*"):
		return "values are compared whole, there are no wildcards; " + quoteHint
	}
	return quoteHint
}
