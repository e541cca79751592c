package wasihost

import (
	"bytes"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// fields is a resource of wasi:http/types. Names are in small letters, as in the
// header maps of the hosts in use.
type fields struct {
	lines     []line
	immutable bool
}

type line struct {
	name  string
	value []byte
}

// forbidden are the names that a host keeps for itself: it takes them out of what
// comes in, and refuses them in fields that a module makes.
var forbidden = map[string]bool{
	"connection": true, "keep-alive": true, "proxy-connection": true, "proxy-authenticate": true,
	"proxy-authorization": true, "te": true, "transfer-encoding": true, "upgrade": true, "host": true,
	"http2-settings": true,
}

// Cases of header-error.
const (
	invalidSyntax = iota
	forbiddenName
	immutable
)

func headerError(number int) choice { return failed(choice{number: number}) }

// fieldsOf makes the fields of a message from outside.
func fieldsOf(h http.Header, more ...[2]string) *fields {
	f := &fields{immutable: true}
	for _, name := range slices.Sorted(maps.Keys(h)) {
		lower := strings.ToLower(name)
		for _, v := range h[name] {
			if !forbidden[lower] {
				f.lines = append(f.lines, line{lower, []byte(v)})
			}
		}
	}
	for _, l := range more {
		f.lines = append(f.lines, line{l[0], []byte(l[1])})
	}
	return f
}

// header makes the header of a message to the outside.
func (f *fields) header() http.Header {
	h := http.Header{}
	for _, l := range f.lines {
		h.Add(l.name, string(l.value))
	}
	return h
}

// view is a copy that cannot be changed.
func (f *fields) view() *fields { return &fields{slices.Clone(f.lines), true} }

func (f *fields) values(name string) []any {
	values := []any{}
	for _, l := range f.lines {
		if l.name == strings.ToLower(name) {
			values = append(values, l.value)
		}
	}
	return values
}

func (f *fields) remove(name string) {
	f.lines = slices.DeleteFunc(f.lines, func(l line) bool { return l.name == strings.ToLower(name) })
}

// edit checks a change and makes it: values are added behind those of the name, in
// place of them if replace is set.
func (f *fields) edit(name string, values []any, replace bool) choice {
	if f.immutable {
		return headerError(immutable)
	}
	lower := strings.ToLower(name)
	if !isToken(lower) {
		return headerError(invalidSyntax)
	}
	if forbidden[lower] {
		return headerError(forbiddenName)
	}
	for _, v := range values {
		if !isFieldValue(v.([]byte)) {
			return headerError(invalidSyntax)
		}
	}
	if replace {
		f.remove(name)
	}
	for _, v := range values {
		f.lines = append(f.lines, line{lower, bytes.Clone(v.([]byte))})
	}
	return ok(nil)
}

// isToken reports whether s is a token of RFC 9110 5.6.2.
func isToken(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return r <= ' ' || r > '~' || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, r)
	})
}

// isFieldValue reports whether v can be sent (RFC 9110 5.5).
func isFieldValue(v []byte) bool {
	for _, b := range v {
		if b < ' ' && b != '\t' || b == 0x7F {
			return false
		}
	}
	return true
}

var _ = implement("wasi:http/types", map[string]func(in *instance, args []any) any{
	"[constructor]fields": func(*instance, []any) any { return &fields{} },
	"[static]fields.from-list": func(_ *instance, args []any) any {
		f := &fields{}
		for _, e := range args[0].([]any) {
			pair := e.([]any)
			if c := f.edit(pair[0].(string), pair[1:], false); c.number != 0 {
				return c
			}
		}
		return ok(f)
	},
	"[method]fields.get": func(_ *instance, args []any) any {
		return args[0].(*fields).values(args[1].(string))
	},
	"[method]fields.has": func(_ *instance, args []any) any {
		return len(args[0].(*fields).values(args[1].(string))) > 0
	},
	"[method]fields.set": func(_ *instance, args []any) any {
		return args[0].(*fields).edit(args[1].(string), args[2].([]any), true)
	},
	"[method]fields.delete": func(_ *instance, args []any) any {
		return args[0].(*fields).edit(args[1].(string), nil, true)
	},
	"[method]fields.append": func(_ *instance, args []any) any {
		return args[0].(*fields).edit(args[1].(string), args[2:], false)
	},
	"[method]fields.entries": func(_ *instance, args []any) any {
		entries := []any{}
		for _, l := range args[0].(*fields).lines {
			entries = append(entries, []any{l.name, l.value})
		}
		return entries
	},
	"[method]fields.clone": func(_ *instance, args []any) any {
		return &fields{lines: slices.Clone(args[0].(*fields).lines)}
	},
})
