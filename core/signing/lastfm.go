package signing

import (
	"crypto/md5"
	"encoding/hex"
	"maps"
	"slices"
	"strings"

	"gatehouse/core/secret"
)

// unsigned are the parameters of a Last.fm request that its signature leaves out.
var unsigned = []string{"api_sig", "callback", "format"}

// LastFM returns api_sig, Last.fm's signature of a request with these parameters: the
// MD5 of their names and values, sorted by the bytes of the names, and the secret, in
// hexadecimal. Names and values are signed as they are, in UTF-8, neither encoded nor
// normalised; api_sig, callback and format are left out.
//
// Nothing stands between names and values, so different requests can have the same
// signature. Callers must fix the names, and never sign what somebody else composed for
// anything but their own request.
func LastFM(parameters map[string]string, s secret.Text) string {
	var base strings.Builder
	for _, name := range slices.Sorted(maps.Keys(parameters)) {
		if !slices.Contains(unsigned, name) {
			base.WriteString(name)
			base.WriteString(parameters[name])
		}
	}
	base.WriteString(s.Reveal())
	sum := md5.Sum([]byte(base.String()))
	return hex.EncodeToString(sum[:])
}
