package conformance

import (
	"cmp"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// signedToken describes the token that {idtoken} stands for in the answer after it, or
// {accesstoken}, {logouttoken} and {proof} in the request: the standard one, with the header and the
// claims that the section changes.
type signedToken struct {
	alg, kid, key string
	jwk           string // the key that the header says, "" for none, with /private whole
	typ           string
	corrupt       bool
	raw           bool           // claims replaces the standard claims
	header        map[string]any // further members of the header
	claims        text
	// twice and headerTwice are members that are put in front of the others as they are.
	twice, headerTwice string
}

// kidOfEach draws a key ID for each token.
const kidOfEach = "each"

func parseSignedToken(data string) (*signedToken, error) {
	return (&signedToken{alg: "RS256", kid: "k1", key: "k1"}).parse(data)
}

// parse changes t as a section says.
func (t *signedToken) parse(data string) (*signedToken, error) {
	head, body := "", strings.TrimSuffix(data, "\n")
	if !strings.HasPrefix(body, "{") {
		head, body, _ = strings.Cut(body, "\n\n")
	}
	for line := range strings.SplitSeq(head, "\n") {
		if line == "" {
			continue
		}
		name, value, _ := strings.Cut(line, ":")
		value = strings.TrimSpace(value)
		switch name {
		case "alg":
			t.alg = value
		case "kid":
			t.kid = value
		case "typ":
			t.typ = value
		case "key":
			_, known := signingKeys[value]
			if !known && !slices.Contains([]string{"none", "hmac-of-public", "hmac-of-nothing"}, value) {
				return nil, fmt.Errorf("unknown key %q", value)
			}
			t.key = value
		case "jwk":
			if _, err := headerJWK(value); err != nil {
				return nil, err
			}
			t.jwk = value
		case "signature":
			if t.corrupt = value == "corrupt"; !t.corrupt {
				return nil, fmt.Errorf("unknown signature %q", value)
			}
		case "header":
			if err := json.Unmarshal([]byte(value), &t.header); err != nil {
				return nil, fmt.Errorf("header: %w", err)
			}
		case "twice":
			t.twice = value
		case "header-twice":
			t.headerTwice = value
		case "claims":
			if t.raw = value == "only"; !t.raw {
				return nil, fmt.Errorf("unknown claims %q", value)
			}
		default:
			return nil, fmt.Errorf("unknown line %q", line)
		}
	}
	if body == "" {
		body = "{}"
	}
	var err error
	t.claims, err = parseText(body)
	return t, err
}

// standardIDToken is what {idtoken} stands for without a section of its own.
var standardIDToken, _ = parseSignedToken("")

// makeIDToken builds and signs an ID token (OIDC Core 1.0, section 2).
func (t *signedToken) makeIDToken(s *scope) (string, error) {
	claims := map[string]any{
		"iss": s.config["AUTH_SERVER_URL"], "sub": "alice", "aud": s.config["CLIENT_ID"],
		"iat": s.now().Unix(), "exp": s.now().Unix() + 300,
		"name": "Alice Example", "preferred_username": "alice", "email": "alice@example.com", "email_verified": true,
	}
	if nonce, ok := s.lookup("nonce"); ok {
		claims["nonce"] = nonce
	}
	return t.make(s, t.typ, claims)
}

// makeAccessToken builds and signs a JWT access token (RFC 9068, section 2).
func (t *signedToken) makeAccessToken(s *scope) (string, error) {
	return t.make(s, cmp.Or(t.typ, "at+jwt"), map[string]any{
		"iss": s.config["AUTH_SERVER_URL"], "sub": "robot", "aud": s.config["CLIENT_ID"], "client_id": "program",
		"iat": s.now().Unix(), "exp": s.now().Unix() + 300, "jti": strconv.FormatInt(s.now().UnixNano(), 36), "scope": "read",
	})
}

// makeLogoutToken builds and signs a logout token (OIDC Back-Channel Logout 1.0, section
// 2.4).
func (t *signedToken) makeLogoutToken(s *scope) (string, error) {
	return t.make(s, cmp.Or(t.typ, "logout+jwt"), map[string]any{
		"iss": s.config["AUTH_SERVER_URL"], "sub": "alice", "aud": s.config["CLIENT_ID"],
		"iat": s.now().Unix(), "exp": s.now().Unix() + 120, "jti": strconv.FormatInt(s.now().UnixNano(), 36),
		"events": map[string]any{"http://schemas.openid.net/event/backchannel-logout": map[string]any{}},
	})
}

// make changes and signs claims. "-" for alg, kid or typ leaves it out of the header.
func (t *signedToken) make(s *scope, typ string, claims map[string]any) (string, error) {
	if t.raw {
		claims = map[string]any{}
	}
	text, err := s.expand(t.claims)
	if err != nil {
		return "", err
	}
	var changes map[string]any
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&changes); err != nil {
		return "", fmt.Errorf("claims of the token: %w", err)
	}
	for name, v := range changes {
		if claims[name] = v; v == nil {
			delete(claims, name)
		}
	}
	header := map[string]any{"alg": t.alg, "kid": t.kid}
	if typ != "" {
		header["typ"] = typ
	}
	if t.jwk != "" {
		header["jwk"], err = headerJWK(t.jwk)
		if err != nil {
			return "", err
		}
	}
	maps.Copy(header, t.header)
	for name, v := range header {
		if v == "-" {
			delete(header, name)
		}
	}
	if t.kid == kidOfEach {
		header["kid"] = rand.Text()
	}
	h, _ := json.Marshal(header)
	p, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	token, err := compact(inFront(t.headerTwice, h), inFront(t.twice, p), t.alg, t.key)
	if err == nil && t.corrupt {
		token, err = tamper(token, "-20")
	}
	return token, err
}

// inFront puts members in front of those of object, which has some.
func inFront(members string, object []byte) []byte {
	if members == "" {
		return object
	}
	return append([]byte("{"+members+","), object[1:]...)
}
