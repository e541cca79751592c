package rest

import (
	"errors"
	"strings"
	"testing"
)

// Whatever a service answers, there is a result that can be read in at most one way, or
// one of the errors, whose text is short and of harmless characters.
func FuzzAnswer(f *testing.F) {
	for _, body := range []string{`{"result":"OK"}`, `{"result":null}`, `{"result":1}`, `{"result":["0",["s:v1:a","b"]]}`, `{"result":["0",[]]}`,
		`{"error":"ERR syntax error"}`, `{"error":"ERR Error running script (call to f_0): @user_script:1"}`, `{"result":"","error":""}`,
		`{"result":"\u0000"}`, `{"result":"\ud800"}`, "{\"result\":\"\xff\"}", `[]`, ``, `{"result":-0}`, `{"result":1e3}`, `{"result":[[],[]]}`, `{"error":"A.,:; b"}`} {
		f.Add(200, []byte(body))
		f.Add(400, []byte(body))
	}
	f.Add(401, []byte(`{"result":1}`))
	f.Add(429, []byte(``))
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		r, err := parseAnswer(status, body)
		if err != nil {
			known := 0
			for _, e := range []error{ErrToken, ErrRate, ErrRefused, ErrProtocol} {
				if errors.Is(err, e) {
					known++
				}
			}
			if known != 1 || r != nil {
				t.Fatalf("got %s, %v", r, err)
			}
			_, said, _ := strings.Cut(err.Error(), "refused: status")
			if len(said) > 140 || strings.ContainsFunc(said, func(r rune) bool {
				return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune(" ,-", r))
			}) {
				t.Errorf("says %q", said)
			}
			return
		}
		if status != 200 {
			t.Errorf("a result with status %d", status)
		}
		forms := 0
		if r.null() {
			forms++
		}
		if _, ok := r.text(); ok {
			forms++
		}
		if _, ok := r.integer(); ok {
			forms++
		}
		if _, ok := r.list(); ok {
			forms++
		}
		if forms > 1 {
			t.Errorf("%s has %d forms", r, forms)
		}
		if next, keys, ok := r.page(); ok && (!isCursor(next) || len(keys) > len(body)) {
			t.Errorf("a page of %q and %d keys", next, len(keys))
		}
	})
}
