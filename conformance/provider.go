package conformance

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"time"
)

// provider is the standing OpenID provider: it answers for its metadata and its
// keys without being announced.
type provider struct {
	standing bool
	down     bool
	late     bool                       // documents take lateness
	metadata map[string]json.RawMessage // overrides; null removes
	keys     []string                   // KEY, or KEY/VARIANT/VARIANT
}

// lateness is long enough, in real time, for parallel requests to come together.
const lateness = 300 * time.Millisecond

// apply reads the value of a "provider" key or directive.
func (p *provider) apply(value string) error {
	switch value {
	case "standing":
		p.standing, p.down, p.late = true, false, false
	case "none":
		p.standing = false
	case "down":
		p.down = true
	case "late":
		p.late = true
	default:
		return fmt.Errorf("want standing, none, down or late, not %q", value)
	}
	return nil
}

// override reads NAME=JSON or !NAME.
func (p *provider) override(value string) error {
	m := maps.Clone(p.metadata)
	if m == nil {
		m = map[string]json.RawMessage{}
	}
	p.metadata = m
	if name, ok := strings.CutPrefix(value, "!"); ok {
		m[name] = nil
		return nil
	}
	name, v, ok := strings.Cut(value, "=")
	if !ok || name == "" {
		return fmt.Errorf("want NAME=JSON or !NAME, not %q", value)
	}
	t, err := parseText(v)
	if err != nil {
		return err
	}
	m[name] = json.RawMessage(t.source)
	return nil
}

// publish sets the keys of the JWKS.
func (p *provider) publish(keys []string) error {
	for _, k := range keys {
		name, variants := splitKey(k)
		if _, ok := signingKeys[name]; !ok && name != "-" && name != foreignCurve {
			return fmt.Errorf("unknown key %q", name)
		}
		for _, v := range variants {
			if v != "nokid" && v != "noalg" && v != "enc" {
				return fmt.Errorf("unknown variant %q", k)
			}
		}
	}
	p.keys = keys
	return nil
}

// splitKey takes KEY/VARIANT/VARIANT apart.
func splitKey(k string) (name string, variants []string) {
	parts := strings.Split(k, "/")
	return parts[0], parts[1:]
}

// keysPath is where the keys stand: where the metadata say, if that is below the issuer.
func (p *provider) keysPath(s *scope) string {
	if address := p.metadata["jwks_uri"]; address != nil {
		t, err := parseText(strings.Trim(string(address), `"`))
		if err != nil {
			return "/jwks"
		}
		text, err := s.expand(t)
		if path, below := strings.CutPrefix(text, s.config["AUTH_SERVER_URL"]+"/"); err == nil && below {
			return "/" + path
		}
	}
	return "/jwks"
}

// change applies a directive.
func (p *provider) change(word string, args []string) error {
	switch word {
	case "jwks":
		return p.publish(args)
	case "discovery":
		return p.override(strings.Join(args, " "))
	}
	return p.apply(strings.Join(args, " "))
}

// document returns what stands at path, or false.
func (p *provider) document(s *scope, path string) (string, bool, error) {
	issuer := s.config["AUTH_SERVER_URL"]
	switch path {
	case "/.well-known/openid-configuration":
		doc := map[string]any{
			"issuer":                                issuer,
			"authorization_endpoint":                issuer + "/authorize",
			"token_endpoint":                        issuer + "/token",
			"userinfo_endpoint":                     issuer + "/userinfo",
			"introspection_endpoint":                issuer + "/introspect",
			"end_session_endpoint":                  issuer + "/logout",
			"jwks_uri":                              issuer + "/jwks",
			"response_types_supported":              []string{"code"},
			"subject_types_supported":               []string{"public"},
			"grant_types_supported":                 []string{"authorization_code", "refresh_token"},
			"id_token_signing_alg_values_supported": []string{"RS256", "ES256", "EdDSA"},
			"token_endpoint_auth_methods_supported": []string{"client_secret_basic", "client_secret_post", "none"},
			"code_challenge_methods_supported":      []string{"S256"},
			"scopes_supported":                      []string{"openid", "email", "profile"},
		}
		for name, v := range p.metadata {
			if v == nil {
				delete(doc, name)
				continue
			}
			t, err := parseText(string(v))
			if err != nil {
				return "", false, err
			}
			text, err := s.expand(t)
			if err != nil {
				return "", false, err
			}
			if !json.Valid([]byte(text)) {
				return "", false, fmt.Errorf("discovery: %s=%s is not JSON", name, text)
			}
			doc[name] = json.RawMessage(text)
		}
		b, err := json.Marshal(doc)
		return string(b), true, err
	case p.keysPath(s):
		keys := []json.RawMessage{}
		for _, k := range p.keys {
			if name, variants := splitKey(k); name != "-" {
				keys = append(keys, publicJWK(name, variants))
			}
		}
		b, err := json.Marshal(map[string]any{"keys": keys})
		return string(b), true, err
	}
	return "", false, nil
}
