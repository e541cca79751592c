package cloudflare

import (
	"net/http"
	"slices"
	"strings"
)

// separator joins texts that cross between Go and JavaScript. Neither a URL nor a
// header value, key or binding's name can contain it.
const separator = "\x00"

// join makes one text of fields and a header, of which every value is a pair of its
// own: a value is never split and never merged with another. What contains a
// separator is left out, because it could not be told from two texts.
func join(fields []string, header http.Header) string {
	size := 0
	for _, f := range fields {
		size += len(f) + 1
	}
	names := make([]string, 0, len(header))
	for name, values := range header {
		names = append(names, name)
		for _, v := range values {
			size += len(name) + len(v) + 2
		}
	}
	slices.Sort(names)
	var b strings.Builder
	b.Grow(size)
	for i, f := range fields {
		if i > 0 {
			b.WriteString(separator)
		}
		if !strings.Contains(f, separator) {
			b.WriteString(f)
		}
	}
	for _, name := range names {
		for _, v := range header[name] {
			if strings.Contains(name, separator) || strings.Contains(v, separator) {
				continue
			}
			b.WriteString(separator)
			b.WriteString(name)
			b.WriteString(separator)
			b.WriteString(v)
		}
	}
	return b.String()
}

// split returns the first n fields of text, missing ones empty, and the header after
// them. Values of one name keep their order.
func split(text string, n int) ([]string, http.Header) {
	fields := make([]string, n)
	header := make(http.Header, 16)
	more := text != ""
	next := func() (field string) {
		field, text, more = strings.Cut(text, separator)
		return field
	}
	for i := range fields {
		if !more {
			return fields, header
		}
		fields[i] = next()
	}
	for more {
		name := next()
		if !more {
			break
		}
		name = http.CanonicalHeaderKey(name)
		header[name] = append(header[name], next())
	}
	return fields, header
}
