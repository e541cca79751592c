package syumai

import (
	"net/http"
	"strings"
)

// join undoes the library's splitting of header values at commas. Fields of one name
// arrive joined by the runtime, except for Set-Cookie: there a piece is the rest of the
// one before when it begins with white space, as in a date, or names no cookie.
func join(split http.Header) http.Header {
	header := make(http.Header, len(split))
	for name, pieces := range split {
		if name != "Set-Cookie" {
			header[name] = []string{strings.Join(pieces, ",")}
			continue
		}
		var cookies []string
		for _, piece := range pieces {
			pair, _, _ := strings.Cut(piece, ";")
			rest := strings.HasPrefix(piece, " ") || !strings.Contains(pair, "=")
			if n := len(cookies); n > 0 && rest {
				cookies[n-1] += "," + piece
			} else {
				cookies = append(cookies, piece)
			}
		}
		header[name] = cookies
	}
	return header
}
