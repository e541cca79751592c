package access

import (
	"encoding/json"
	"strings"
)

// String is the list in canonical form, which [Parse] reads as the same rules: one
// line each, without comments, domains in lower case. It is empty for nil.
func (r *Rules) String() string {
	if r == nil {
		return ""
	}
	var b strings.Builder
	for i := range r.lines {
		l := &r.lines[i]
		b.WriteString(l.methods.String() + " " + l.pattern.String() + " ")
		if l.preflight {
			b.WriteString(wordPreflight)
		} else {
			b.WriteString(l.require.String())
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func (r requirement) String() string {
	switch {
	case len(r) == 0:
		return wordDeny
	case r.anybody():
		return wordAny
	}
	alternatives := make([]string, len(r))
	for i, all := range r {
		terms := make([]string, len(all))
		for j, t := range all {
			terms[j] = t.String()
		}
		alternatives[i] = strings.Join(terms, " & ")
	}
	return strings.Join(alternatives, " | ")
}

// String is the term as a line has it.
func (t term) String() string {
	switch t.kind {
	case kindVerifiedEmail:
		return t.kind
	case kindEmail:
		return t.kind + "=" + bareOrQuoted(t.name+"@"+t.value)
	case kindClaim:
		return t.kind + ":" + bareOrQuoted(t.name) + "=" + t.claimValue()
	}
	return t.kind + "=" + bareOrQuoted(t.value)
}

func (t term) claimValue() string {
	switch {
	case t.want != wantText:
		return t.value
	case json.Valid([]byte(t.value)):
		return quote(t.value)
	}
	return bareOrQuoted(t.value)
}

func bareOrQuoted(s string) string {
	if strings.ContainsAny(s, special) {
		return quote(s)
	}
	return s
}

func quote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}
