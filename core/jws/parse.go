package jws

import (
	"encoding/base64"
	"strings"

	"gatehouse/core/strictjson"
)

// encoding is strict: a segment has exactly one spelling.
var encoding = base64.RawURLEncoding.Strict()

// Message is a compact JWS that was taken apart. Nothing of it is verified.
type Message struct {
	Header  strictjson.Object
	Payload strictjson.Object
	// Input and Signature are what [Verify] takes.
	Input     string
	Signature []byte
}

// Parse takes a compact JWS apart whose payload is a JSON object (RFC 7515, section
// 5.2). Headers that change how the rest is read, and critical ones, of which none is
// understood, are refused (RFC 8725, section 3.10). reason is a fixed text, "" when there
// is a message. The length of raw is the caller's to bound.
func Parse(raw string) (m *Message, reason string) {
	parts := strings.SplitN(raw, ".", 4)
	if len(parts) != 3 {
		return nil, "not a compact JWS"
	}
	var decoded [3][]byte
	for i, part := range parts {
		var err error
		if decoded[i], err = encoding.DecodeString(part); err != nil || strings.ContainsAny(part, "\r\n") {
			return nil, "not base64url"
		}
	}
	m = &Message{Input: raw[:len(parts[0])+1+len(parts[1])], Signature: decoded[2]}
	var err error
	if m.Header, err = strictjson.Parse(decoded[0]); err != nil {
		return nil, "header is " + err.Error()
	}
	for _, name := range []string{"crit", "b64", "zip", "enc"} {
		if _, ok := m.Header[name]; ok {
			return nil, name + " in the header"
		}
	}
	if m.Payload, err = strictjson.Parse(decoded[1]); err != nil {
		return nil, "payload is " + err.Error()
	}
	return m, ""
}
