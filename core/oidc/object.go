package oidc

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// object is a JSON object whose members are found by their exact names; struct
// decoding would also take "ISS" for "iss".
type object map[string]json.RawMessage

// maxDepth is how deep a document from outside may nest.
const maxDepth = 32

// errObject says no more: what a provider sent does not belong into a log.
var errObject = errors.New("not a plain JSON object")

// parseObject reads one JSON object and nothing else: valid UTF-8, no member named
// twice (RFC 7519, section 4, lets a parser refuse), nested at most maxDepth deep.
func parseObject(data []byte) (object, error) {
	if !utf8.Valid(data) || tooDeep(data) {
		return nil, errObject
	}
	d := json.NewDecoder(bytes.NewReader(data))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, errObject
	}
	o := object{}
	for d.More() {
		t, err := d.Token()
		name, ok := t.(string)
		if err != nil || !ok {
			return nil, errObject
		}
		if _, twice := o[name]; twice {
			return nil, errObject
		}
		var value json.RawMessage
		if d.Decode(&value) != nil {
			return nil, errObject
		}
		o[name] = value
	}
	if _, err := d.Token(); err != nil {
		return nil, errObject
	}
	if len(bytes.TrimLeft(data[d.InputOffset():], " \t\r\n")) > 0 {
		return nil, errObject
	}
	return o, nil
}

// tooDeep reports whether brackets outside of strings nest deeper than maxDepth.
func tooDeep(data []byte) bool {
	depth, quoted := 0, false
	for i := 0; i < len(data); i++ {
		switch c := data[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			if depth++; depth > maxDepth {
				return true
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return false
}

// has reports whether the member is there and not null.
func (o object) has(name string) bool {
	raw, ok := o[name]
	return ok && string(raw) != "null"
}

// text returns the member if it is a string.
func (o object) text(name string) (string, bool) { return textOf(o[name]) }

func textOf(raw json.RawMessage) (string, bool) {
	var s string
	if len(raw) == 0 || raw[0] != '"' || json.Unmarshal(raw, &s) != nil {
		return "", false
	}
	return s, true
}

// flag returns the member if it is a JSON boolean.
func (o object) flag(name string) (value, ok bool) {
	switch string(o[name]) {
	case "true":
		return true, true
	case "false":
		return false, true
	}
	return false, false
}

// list returns the member's items if it is an array.
func (o object) list(name string) ([]json.RawMessage, bool) { return listOf(o[name]) }

func listOf(raw json.RawMessage) ([]json.RawMessage, bool) {
	var items []json.RawMessage
	if len(raw) == 0 || raw[0] != '[' || json.Unmarshal(raw, &items) != nil {
		return nil, false
	}
	return items, true
}

// texts returns the member if it is an array of strings only.
func (o object) texts(name string) ([]string, bool) {
	items, ok := o.list(name)
	if !ok {
		return nil, false
	}
	all := make([]string, 0, len(items))
	for _, item := range items {
		s, ok := textOf(item)
		if !ok {
			return nil, false
		}
		all = append(all, s)
	}
	return all, true
}

// instant returns the member if it is a NumericDate (RFC 7519, section 2).
func (o object) instant(name string) (time.Time, bool) {
	n, ok := numberOf(o[name])
	if !ok {
		return time.Time{}, false
	}
	// Outside of what calendars hold, the nearest bound orders the same.
	n = math.Max(0, math.Min(n, lastSecond))
	whole, fraction := math.Modf(n)
	return time.Unix(int64(whole), int64(fraction*1e9)), true
}

// lastSecond is the end of the year 9999.
const lastSecond = 253402300799

// numberOf returns raw if it is a JSON number; what exceeds a float is infinite.
func numberOf(raw json.RawMessage) (float64, bool) {
	if len(raw) == 0 || raw[0] != '-' && (raw[0] < '0' || raw[0] > '9') {
		return 0, false
	}
	n, err := strconv.ParseFloat(string(raw), 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return 0, false
	}
	return n, true
}

// printable bounds text from outside for a log record or an error: visible ASCII and
// spaces, at most limit bytes.
func printable(s string, limit int) string {
	var b strings.Builder
	for i := 0; i < len(s) && b.Len() < limit; i++ {
		if c := s[i]; c >= 0x20 && c < 0x7f {
			b.WriteByte(c)
		} else {
			b.WriteByte('?')
		}
	}
	return b.String()
}
