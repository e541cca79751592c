package introspection

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"

	"gatehouse/core/bearer"
)

// keyFormat changes when the meaning of a key does.
const keyFormat = "gatehouse introspection 1"

// key is where answers about a token are kept, in memory and in the store: the SHA-256,
// in base64url, over endpoint, client, policy and token. A token that is fine for one
// server, client or route says nothing about another. Every part comes after its length,
// so that no two lists of parts read alike.
func (i *Introspector) key(endpoint, raw string) string {
	b := make([]byte, 0, len(i.policy)+len(endpoint)+len(raw)+16)
	b = append(b, i.policy...)
	b = appendPart(b, endpoint)
	b = appendPart(b, raw)
	sum := sha256.Sum256(b)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// policyPart is what does not change from token to token.
func policyPart(clientID string, p bearer.Policy) []byte {
	b := appendPart(nil, keyFormat)
	b = appendPart(b, clientID)
	b = appendPart(b, p.Issuer)
	b = binary.BigEndian.AppendUint64(b, uint64(p.Leeway))
	for _, list := range [][]string{p.Audiences, p.Scopes} {
		b = binary.BigEndian.AppendUint64(b, uint64(len(list)))
		for _, item := range list {
			b = appendPart(b, item)
		}
	}
	return b
}

func appendPart(b []byte, part string) []byte {
	return append(binary.BigEndian.AppendUint64(b, uint64(len(part))), part...)
}
