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

// collectionLength letters are 129 bits.
const collectionLength = 30

// drawLetters returns n random letters.
func drawLetters(n int) string {
	code := make([]byte, 0, n)
	for b := make([]byte, 1); len(code) < n; {
		// 240 is the largest multiple of 20 that a byte reaches.
		if rand.Read(b); b[0] < 240 {
			code = append(code, codeLetters[b[0]%20])
		}
	}
	return string(code)
}

// readLetters reads what a person typed or copied: case, blanks and dashes do not
// matter. ok is false for what is no code of n letters.
func readLetters(text string, n int) (code string, ok bool) {
	text = strings.Map(func(r rune) rune {
		switch {
		case r == ' ' || r == '-' || r == '\t' || r == '\r' || r == '\n' || r == '\u2010' || r == '\u2013':
			return -1
		case r >= 'a' && r <= 'z':
			return r - 'a' + 'A'
		}
		return r
	}, text)
	return text, len(text) == n && strings.Trim(text, codeLetters) == ""
}

// drawUserCode returns a code as it is shown: WDJB-MJHT.
func drawUserCode() string { return group(drawLetters(codeLength), codeLength/2) }

// parseUserCode reads a user code as a person typed it.
func parseUserCode(text string) (code string, ok bool) {
	code, ok = readLetters(text, codeLength)
	if !ok {
		return "", false
	}
	return group(code, codeLength/2), true
}

// userCodeID is the id of the record of a user code.
func userCodeID(code string) string { return "user code " + code }

// group writes a code in groups of n letters.
func group(code string, n int) string {
	var b strings.Builder
	for i := range len(code) {
		if i > 0 && i%n == 0 {
			b.WriteByte('-')
		}
		b.WriteByte(code[i])
	}
	return b.String()
}
