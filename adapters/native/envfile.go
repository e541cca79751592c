package native

import (
	"bytes"
	"strings"
)

// assignment is one NAME=value line of a configuration file.
type assignment struct {
	line  int
	name  string
	value string
}

// lineError is a line that is no assignment. name is what it would have set, if that
// much is known. Neither text quotes the line: it may hold a secret.
type lineError struct {
	line          int
	name          string
	problem, hint string
}

// parseEnvFile reads lines NAME=value. Blank lines and lines that begin with # are
// skipped, "export " before a name is tolerated. A value stands there as it is, or in
// single quotes as it is, or in double quotes with \n, \r, \t, \", \\ and \$
// escaped; nothing is expanded. An unquoted value has no white space before a #,
// because readers of such files disagree about what that means. Names may repeat:
// the caller judges that.
func parseEnvFile(data []byte) (lines []assignment, errs []lineError) {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	number := 0
	for raw := range bytes.SplitSeq(data, []byte("\n")) {
		number++
		text := strings.TrimSpace(string(raw))
		if text == "" || text[0] == '#' {
			continue
		}
		if rest, found := strings.CutPrefix(text, "export "); found {
			text = strings.TrimLeft(rest, " \t")
		}
		name, value, found := strings.Cut(text, "=")
		if name = strings.TrimRight(name, " \t"); !found || !settingName(name) {
			errs = append(errs, lineError{number, "", "is not NAME=value", "names are capitals, digits and underscores; a value of several lines is written in double quotes with \\n"})
			continue
		}
		value, problem, hint := unquote(strings.TrimLeft(value, " \t"))
		if problem != "" {
			errs = append(errs, lineError{number, name, problem, hint})
			continue
		}
		lines = append(lines, assignment{number, name, value})
	}
	return lines, errs
}

// settingName reports whether s has the form of a setting's name: a capital, then
// capitals, digits and underscores, at most 64.
func settingName(s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if !(c >= 'A' && c <= 'Z' || i > 0 && (c == '_' || c >= '0' && c <= '9')) {
			return false
		}
	}
	return s != "" && len(s) <= 64
}

func unquote(text string) (value, problem, hint string) {
	if strings.ContainsFunc(text, func(r rune) bool { return r < 0x20 && r != '\t' || r == 0x7f }) {
		return "", "contains a control character", ""
	}
	if text == "" {
		return "", "", ""
	}
	rest := ""
	switch text[0] {
	case '\'':
		end := strings.IndexByte(text[1:], '\'')
		if end < 0 {
			return "", "has no closing quote", "a value of several lines is written in double quotes with \\n"
		}
		value, rest = text[1:1+end], text[end+2:]
	case '"':
		var ok bool
		if value, rest, ok = unescape(text[1:]); !ok {
			return "", "has no closing quote or an unknown escape", "in double quotes, a backslash is written \\\\ and a line end \\n"
		}
	default:
		if i := strings.IndexByte(text, '#'); i > 0 && (text[i-1] == ' ' || text[i-1] == '\t') {
			return "", "has a # after white space", "put comments on lines of their own, or the value in single quotes"
		}
		return text, "", ""
	}
	if rest = strings.TrimLeft(rest, " \t"); rest != "" && rest[0] != '#' {
		return "", "has text after the closing quote", ""
	}
	return value, "", ""
}

// unescape reads up to the closing double quote.
func unescape(text string) (value, rest string, ok bool) {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		switch c := text[i]; c {
		case '"':
			return b.String(), text[i+1:], true
		case '\\':
			i++
			if i == len(text) {
				return "", "", false
			}
			switch text[i] {
			case 'n':
				b.WriteByte('\n')
			case 'r':
				b.WriteByte('\r')
			case 't':
				b.WriteByte('\t')
			case '"', '\\', '$':
				b.WriteByte(text[i])
			default:
				return "", "", false
			}
		default:
			b.WriteByte(c)
		}
	}
	return "", "", false
}
