package proxy

// Classes of bytes in a path (RFC 3986 sections 2.3 and 3.3).
const (
	classEscape     = iota // may not stand raw
	classLiteral           // sub-delims, ":", "@" and "/": raw and escaped differ
	classUnreserved        // raw and escaped mean the same
)

func class(c byte) int {
	switch c {
	case '!', '$', '&', '\'', '(', ')', '*', '+', ',', ';', '=', ':', '@', '/':
		return classLiteral
	case '-', '.', '_', '~':
		return classUnreserved
	}
	if isAlphanumeric(c) {
		return classUnreserved
	}
	return classEscape
}

const upperHex = "0123456789ABCDEF"

func isAlphanumeric(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
}

func isControl(c byte) bool { return c < 0x20 || c == 0x7f }

func appendEscape(b []byte, c byte) []byte {
	return append(b, '%', upperHex[c>>4], upperHex[c&15])
}

// unescape decodes the escape that s begins with.
func unescape[T []byte | string](s T) (c byte, ok bool) {
	if len(s) < 3 {
		return 0, false
	}
	high, ok1 := hexDigit(s[1])
	low, ok2 := hexDigit(s[2])
	return high<<4 | low, ok1 && ok2
}

func hexDigit(c byte) (byte, bool) {
	switch {
	case c >= '0' && c <= '9':
		return c - '0', true
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10, true
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10, true
	}
	return 0, false
}
