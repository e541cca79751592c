package access

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"time"

	"gatehouse/core/stepup"
)

// Bounds of max-age. Below the least one a person would log in again and again.
const (
	minAge = time.Minute
	maxAge = 90 * 24 * time.Hour
)

const termHint = "terms are role=, group=, email=, email-domain=, scope=, acr=, max-age=, claim:NAME=VALUE and verified-email, joined by & and |; any, deny and preflight stand alone"

// parseTerm reads one trimmed term. What it returns beside an error is not used.
func parseTerm(text string) (term, *Error) {
	end := strings.IndexAny(text, "=: \t\"")
	if end < 0 {
		end = len(text)
	}
	t := term{kind: text[:end]}
	rest := text[end:]
	switch t.kind {
	case "":
		if text == "" {
			return t, mistake("lacks a term before or after & or |", termHint)
		}
	case wordAny, wordDeny, wordPreflight:
		return t, mistake("has "+t.kind+" beside other terms", t.kind+" stands alone")
	case kindVerifiedEmail:
		return t, trailing(t.kind, rest)
	case kindClaim:
		return parseClaim(t, rest)
	case kindRole, kindGroup, kindEmail, kindEmailDomain, kindScope, kindACR, kindMaxAge:
		return parseNamed(t, rest)
	}
	return t, mistake("has the unknown term "+quoted(text), termHint)
}

// trailing complains about text after a whole term.
func trailing(term, rest string) *Error {
	rest = strings.TrimLeft(rest, " \t")
	switch {
	case rest == "":
		return nil
	case rest[0] == '#':
		return mistake("has a comment after its requirement", "comments stand on lines of their own")
	}
	return mistake("has "+quoted(rest)+" after "+quoted(term), "join terms with & or |; "+quoteHint)
}

// readValue reads =VALUE up to the end of the term.
func readValue(text, form string) (value string, wasQuoted bool, e *Error) {
	rest, found := strings.CutPrefix(text, "=")
	if !found || rest == "" || rest[0] == ' ' || rest[0] == '\t' {
		return "", false, mistake("lacks a value, which is written "+form+" without blanks", quoteHint)
	}
	value, rest, wasQuoted, e = cutValue(rest, "")
	if e == nil && strings.TrimSpace(value) == "" {
		e = mistake("has an empty value in "+form, "")
	}
	if e == nil {
		e = trailing(value, rest)
	}
	return value, wasQuoted, e
}

func parseNamed(t term, rest string) (term, *Error) {
	value, _, e := readValue(rest, t.kind+"=VALUE")
	if e != nil {
		return t, e
	}
	t.value = value
	switch t.kind {
	case kindEmail:
		local, domain, ok := splitAddress(value)
		if !ok {
			return t, mistake("has "+quoted(value)+", which is not a plain e-mail address", "one @, no quotes, ASCII only; domains beyond ASCII are written as xn--")
		}
		t.name, t.value = local, strings.ToLower(domain)
	case kindEmailDomain:
		if !isDomain(value) {
			return t, mistake("has "+quoted(value)+", which is not a domain", "for example email-domain=example.com: the domain itself without @, not those below it; beyond ASCII it is written as xn--")
		}
		t.value = strings.ToLower(value)
	case kindACR:
		if !stepup.ValidACR(value) {
			return t, mistake("has "+quoted(value)+", which is not an authentication context class", "visible ASCII; one acr=VALUE for each, joined by |")
		}
	case kindMaxAge:
		d, err := time.ParseDuration(value)
		if err != nil || d < minAge || d > maxAge || d%time.Second != 0 {
			return t, mistake("has the age "+quoted(value), "a duration of whole seconds from 1m to 2160h, for example max-age=15m")
		}
		t.age, t.value = d, d.String()
	case kindScope:
		for i := 0; i < len(value); i++ {
			// scope-token of RFC 6749, section 3.3
			if c := value[i]; c <= 0x20 || c >= 0x7f || c == '"' || c == '\\' {
				return t, mistake("has "+quoted(value)+", which is not a scope", "one scope=NAME for each")
			}
		}
	}
	return t, nil
}

const claimForm = "claim:NAME=VALUE"

func parseClaim(t term, rest string) (term, *Error) {
	rest, found := strings.CutPrefix(rest, ":")
	if !found {
		return t, mistake("has a claim without a name", "write "+claimForm)
	}
	var e *Error
	if t.name, rest, _, e = cutValue(rest, "="); e != nil {
		return t, e
	}
	switch t.name {
	case "":
		return t, mistake("has a claim without a name", "write "+claimForm)
	case "email":
		return t, mistake("compares the claim email, whether it is verified or not", "write email=, which asks for a verified address")
	}
	var wasQuoted bool
	if t.value, wasQuoted, e = readValue(rest, claimForm); e != nil || wasQuoted {
		return t, e
	}
	return typed(t)
}

// typed gives a value without quotes the type that it has in JSON.
func typed(t term) (term, *Error) {
	switch {
	case t.value == "true":
		t.want = wantTrue
	case t.value == "false":
		t.want = wantFalse
	case t.value == "null":
		return t, mistake("asks for a claim that is null", `a claim cannot be required to be absent; the text is "null"`)
	case strings.IndexByte("-0123456789", t.value[0]) >= 0 && json.Valid([]byte(t.value)):
		n, err := strconv.ParseFloat(t.value, 64)
		if err != nil || math.Abs(n) >= maxExact {
			return t, mistake("has the number "+quoted(t.value)+", which is too large to be compared exactly", `if the provider sends text, write it in quotes: claim:NAME="`+t.value+`"`)
		}
		t.want, t.number = wantNumber, n
		t.value = strconv.FormatFloat(n, 'g', -1, 64)
	}
	return t, nil
}
