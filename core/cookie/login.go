package cookie

import (
	"crypto/sha256"
	"encoding/base64"
	"slices"
	"strings"
)

const (
	// tagSize is the length of the part of a login's cookie name that its state decides.
	tagSize = 11
	// maxLogins bounds what the logins under way, of browsers and of programs, take of the
	// Cookie header in bytes, so that with the session's cookies at their largest it stays
	// below the 8 KiB that are accepted.
	maxLogins = 5500
)

// Tag is what a login's state adds to the name of its cookie: logins in parallel do not
// overwrite each other, and the state cannot be read from it.
func Tag(state string) string {
	sum := sha256.Sum256([]byte(state))
	return base64.RawURLEncoding.EncodeToString(sum[:])[:tagSize]
}

// Tagged reports whether name is prefix and a [Tag]. Other names were not made here, and
// must not be echoed in a header.
func Tagged(name, prefix string) bool {
	tag, ours := strings.CutPrefix(name, prefix)
	if !ours || len(tag) != tagSize {
		return false
	}
	for i := 0; i < len(tag); i++ {
		c := tag[i]
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_') {
			return false
		}
	}
	return true
}

// MakeRoom returns removals, and further ones until the cookies of all logins keep within
// their bound when name is set to value: the first of lines go first. lines are the
// request's Cookie headers, in which browsers put the oldest first (RFC 6265, section 5.4).
func (n Names) MakeRoom(lines, removals []string, name, value string) []string {
	type login struct {
		name string
		size int
	}
	var others []login
	total := size(name, value)
	Each(lines, func(other, value string) {
		if other == name || !Tagged(other, n.LoginPrefix) && !Tagged(other, n.BrokerPrefix) || slices.Contains(removals, n.Clear(other)) {
			return
		}
		others = append(others, login{other, size(other, value)})
		total += size(other, value)
	})
	for ; total > maxLogins && len(others) > 0; others = others[1:] {
		total -= others[0].size
		if removal := n.Clear(others[0].name); !slices.Contains(removals, removal) {
			removals = append(removals, removal)
		}
	}
	return removals
}

// size is what a cookie takes of the header: with "=" and "; ".
func size(name, value string) int { return len(name) + len(value) + 3 }
