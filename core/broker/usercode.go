package broker

import (
	"crypto/rand"
	"strings"
)

// codeLetters have no vowels, so that codes are no words, and nothing that looks alike
// (RFC 8628, section 6.1). Eight of twenty letters are 34 bits.
const (
	codeLetters = "BCDFGHJKLMNPQRSTVWXZ"
	codeLength  = 8
)

// drawUserCode returns a code as it is shown: WDJB-MJHT.
func drawUserCode() string {
	code := make([]byte, 0, codeLength+1)
	for b := make([]byte, 1); len(code) < codeLength+1; {
		if len(code) == codeLength/2 {
			code = append(code, '-')
		}
		// 240 is the largest multiple of 20 that a byte reaches.
		if rand.Read(b); b[0] < 240 {
			code = append(code, codeLetters[b[0]%20])
		}
	}
	return string(code)
}

// parseUserCode reads what a person typed: case, blanks and dashes do not matter.
func parseUserCode(text string) (code string, ok bool) {
	text = strings.Map(func(r rune) rune {
		switch {
		case r == ' ' || r == '-' || r == '\u2010' || r == '\u2013' || r == '\t':
			return -1
		case r >= 'a' && r <= 'z':
			return r - 'a' + 'A'
		}
		return r
	}, text)
	if len(text) != codeLength || strings.Trim(text, codeLetters) != "" {
		return "", false
	}
	return text[:codeLength/2] + "-" + text[codeLength/2:], true
}

// userCodeID is the id of the record of a user code.
func userCodeID(code string) string { return "user code " + code }

// group writes a code of letters and digits in groups of five.
func group(code string) string {
	var b strings.Builder
	for i, c := range []byte(code) {
		if i > 0 && i%5 == 0 {
			b.WriteByte('-')
		}
		b.WriteByte(c)
	}
	return b.String()
}

// ungroup reads a code as a person copied it. ok is false for what no code looks like.
func ungroup(text string) (code string, ok bool) {
	text = strings.Map(func(r rune) rune {
		switch {
		case r == ' ' || r == '-' || r == '\t' || r == '\r' || r == '\n':
			return -1
		case r >= 'a' && r <= 'z':
			return r - 'a' + 'A'
		}
		return r
	}, text)
	raw, err := codes.DecodeString(text)
	return text, err == nil && len(raw) == 16
}
