package conformance

import (
	"strings"
	"testing"
)

func TestProofSectionsAreRead(t *testing.T) {
	const request = "rule: r\nspec: RFC 9449 4.3\n%s-- request --\nGET /x\nDPoP: {proof}\n-- response --\n401\n"
	for section, want := range map[string]string{
		"-- proof --\n": "",
		"-- proof --\nalg: EdDSA\nkey: ed1\njwk: ed1/private\n\n{\"htm\":null}\n": "",
		"-- proof --\njwk: nobody\n":                   `unknown jwk "nobody"`,
		"-- proof --\njwk: es1/whole\n":                `unknown jwk "es1"`,
		"-- proof --\nkey: nobody\n":                   `unknown key "nobody"`,
		"-- proof --\n-- proof --\n":                   "the one before it has no request",
		"-- accesstoken --\njwk: es1\n-- proof --\n\n": "",
	} {
		_, err := ParseCase("x", []byte(strings.Replace(request, "%s", section, 1)))
		if err == nil && want != "" || err != nil && (want == "" || !strings.Contains(err.Error(), want)) {
			t.Errorf("%q: %v, want %q", section, err, want)
		}
	}
}
