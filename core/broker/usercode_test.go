package broker

import (
	"strings"
	"testing"
)

func TestUserCodes(t *testing.T) {
	seen := map[string]bool{}
	letters := map[rune]int{}
	const n = 2000
	for range n {
		code := drawUserCode()
		if got, ok := parseUserCode(code); !ok || got != code || seen[code] || len(code) != 9 {
			t.Fatalf("%q is read as %q, or was drawn before", code, got)
		}
		seen[code] = true
		for _, c := range strings.ReplaceAll(code, "-", "") {
			letters[c]++
		}
	}
	// 16000 letters: 800 of each of 20, with a deviation of 28.
	for _, c := range codeLetters {
		if letters[c] < 600 || letters[c] > 1000 {
			t.Errorf("%c was drawn %d times", c, letters[c])
		}
	}
	for _, good := range []string{"bcdf-ghjk", "BCDFGHJK", " bc df gh jk ", "BCDF–GHJK"} {
		if got, ok := parseUserCode(good); !ok || got != "BCDF-GHJK" {
			t.Errorf("%q is read as %q", good, got)
		}
	}
	for _, bad := range []string{"", "BCDFGHJ", "BCDFGHJKL", "BCDFGHJA", "BCDF_GHJK", "BCDFGHJ\x00", strings.Repeat("B", 100000), "ΒCDFGHJK"} {
		if got, ok := parseUserCode(bad); ok {
			t.Errorf("%.20q is read as %q", bad, got)
		}
	}
}

func TestCollectionCodes(t *testing.T) {
	code := drawLetters(collectionLength)
	if got, ok := readLetters(strings.ToLower(group(code, 5)), collectionLength); !ok || got != code {
		t.Errorf("%q is read as %q", code, got)
	}
	if drawLetters(collectionLength) == code {
		t.Error("drawn twice")
	}
}

func FuzzReadLetters(f *testing.F) {
	f.Add("BCDF-GHJK")
	f.Fuzz(func(t *testing.T, text string) {
		if code, ok := parseUserCode(text); ok {
			if again, ok := parseUserCode(code); !ok || again != code {
				t.Errorf("%q is read as %q, and that as %q", text, code, again)
			}
		}
	})
}
