// Package strictjson reads JSON from outside: one object, whose members have exact
// names, each once. What two readers could understand differently is refused.
package strictjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"strconv"
	"time"
	"unicode/utf8"
)

// Object is a JSON object whose members are found by their exact names; struct
// decoding would also take "ISS" for "iss".
type Object map[string]json.RawMessage

// MaxDepth is how deep a document from outside may nest.
const MaxDepth = 32

// ErrObject says no more: what somebody sent does not belong into a log.
var ErrObject = errors.New("not a plain JSON object")

// Parse reads one JSON object and nothing else: valid UTF-8, no member named
// twice (RFC 7519, section 4, lets a parser refuse), nested at most MaxDepth deep.
func Parse(data []byte) (Object, error) {
	if !utf8.Valid(data) || tooDeep(data) {
		return nil, ErrObject
	}
	d := json.NewDecoder(bytes.NewReader(data))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, ErrObject
	}
	o := Object{}
	for d.More() {
		t, err := d.Token()
		name, ok := t.(string)
		if err != nil || !ok {
			return nil, ErrObject
		}
		if _, twice := o[name]; twice {
			return nil, ErrObject
		}
		var value json.RawMessage
		if d.Decode(&value) != nil {
			return nil, ErrObject
		}
		o[name] = value
	}
	if _, err := d.Token(); err != nil {
		return nil, ErrObject
	}
	if len(bytes.TrimLeft(data[d.InputOffset():], " \t\r\n")) > 0 {
		return nil, ErrObject
	}
	return o, nil
}

// tooDeep reports whether brackets outside of strings nest deeper than MaxDepth.
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
			if depth++; depth > MaxDepth {
				return true
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return false
}

// Has reports whether the member is there and not null.
func (o Object) Has(name string) bool {
	raw, ok := o[name]
	return ok && string(raw) != "null"
}

// Text returns the member if it is a string.
func (o Object) Text(name string) (string, bool) { return TextOf(o[name]) }

// TextOf returns raw if it is a string.
func TextOf(raw json.RawMessage) (string, bool) {
	var s string
	if len(raw) == 0 || raw[0] != '"' || json.Unmarshal(raw, &s) != nil {
		return "", false
	}
	return s, true
}

// Flag returns the member if it is a JSON boolean.
func (o Object) Flag(name string) (value, ok bool) {
	switch string(o[name]) {
	case "true":
		return true, true
	case "false":
		return false, true
	}
	return false, false
}

// List returns the member's items if it is an array.
func (o Object) List(name string) ([]json.RawMessage, bool) { return listOf(o[name]) }

func listOf(raw json.RawMessage) ([]json.RawMessage, bool) {
	var items []json.RawMessage
	if len(raw) == 0 || raw[0] != '[' || json.Unmarshal(raw, &items) != nil {
		return nil, false
	}
	return items, true
}

// Texts returns the member if it is an array of strings only.
func (o Object) Texts(name string) ([]string, bool) {
	items, ok := o.List(name)
	if !ok {
		return nil, false
	}
	all := make([]string, 0, len(items))
	for _, item := range items {
		s, ok := TextOf(item)
		if !ok {
			return nil, false
		}
		all = append(all, s)
	}
	return all, true
}

// Instant returns the member if it is a NumericDate (RFC 7519, section 2).
func (o Object) Instant(name string) (time.Time, bool) {
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

// Number returns the member if it is a JSON number; what exceeds a float is infinite.
func (o Object) Number(name string) (float64, bool) { return numberOf(o[name]) }

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
