package config

import (
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"gatehouse/core/secret"
)

// Setters for [Field.Set]; each refuses what it cannot take whole.

func text(dst *string) func(string) error {
	return func(v string) error {
		for i := 0; i < len(v); i++ {
			if v[i] < 0x20 || v[i] == 0x7f {
				return errors.New("contains a control character")
			}
		}
		*dst = v
		return nil
	}
}

// rawText takes any text; what it means is judged in [Config.check].
func rawText(dst *string) func(string) error {
	return func(v string) error { *dst = v; return nil }
}

func secretText(dst *secret.Text) func(string) error {
	return func(v string) error { *dst = secret.New(v); return nil }
}

func boolean(dst *bool) func(string) error {
	return func(v string) error {
		switch v {
		case "true":
			*dst = true
		case "false":
			*dst = false
		default:
			return errors.New("must be true or false")
		}
		return nil
	}
}

func integer(dst *int, least, most int) func(string) error {
	return func(v string) error {
		n, err := strconv.Atoi(v)
		if err != nil || n < least || n > most {
			return fmt.Errorf("must be a number from %d to %d", least, most)
		}
		*dst = n
		return nil
	}
}

// Duration is a [Field]'s Set that takes a duration from least to most.
func Duration(dst *time.Duration, least, most time.Duration) func(string) error {
	return func(v string) error {
		d, err := time.ParseDuration(v)
		if err != nil {
			return errors.New("is not a duration")
		}
		if d < least || d > most {
			return fmt.Errorf("must be from %s to %s", short(least), short(most))
		}
		*dst = d
		return nil
	}
}

// short spells d like the documentation, without minutes and seconds that are zero at
// the end: 1h, not 1h0m0s.
func short(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = s[:len(s)-2]
	}
	if strings.HasSuffix(s, "h0m") {
		s = s[:len(s)-2]
	}
	return s
}

// OneOf is a [Field]'s Set that takes one of choices.
func OneOf(dst *string, choices ...string) func(string) error {
	return func(v string) error {
		if !slices.Contains(choices, v) {
			return fmt.Errorf("must be one of %s", strings.Join(choices, ", "))
		}
		*dst = v
		return nil
	}
}

// Level is a [Field]'s Set that takes the least severity that is logged.
func Level(dst *slog.Level) func(string) error {
	return func(v string) error {
		var name string
		if err := OneOf(&name, "debug", "info", "warn", "error")(v); err != nil {
			return err
		}
		return dst.UnmarshalText([]byte(name))
	}
}

// split cuts a list at commas and drops empty items.
func split(v string) []string {
	var items []string
	for _, item := range strings.Split(v, ",") {
		if item = strings.TrimSpace(item); item != "" {
			items = append(items, item)
		}
	}
	return items
}

// list reads names separated by commas; "none" is the empty list.
func list(dst *[]string) func(string) error {
	return func(v string) error {
		*dst = nil
		if v != "none" {
			*dst = split(v)
		}
		return nil
	}
}

func each(v string, set func(string) error) error {
	items := split(v)
	if len(items) == 0 || len(items) > 100 {
		return errors.New("must have 1 to 100 entries")
	}
	for i, item := range items {
		if err := set(item); err != nil {
			// By number, because an entry may be a URL with a password.
			return fmt.Errorf("entry %d %w", i+1, err)
		}
	}
	return nil
}

func hosts(dst *[]string) func(string) error {
	return func(v string) error {
		return each(v, func(item string) error {
			u, err := url.Parse("https://" + item)
			if err != nil || u.Host != item || !validHost(u) || item != strings.ToLower(item) {
				return errors.New("is not a lower-case host name with an optional port")
			}
			*dst = append(*dst, strings.TrimSuffix(item, ":443"))
			return nil
		})
	}
}

func prefixes(dst *[]netip.Prefix) func(string) error {
	return func(v string) error {
		return each(v, func(item string) error {
			p, err := netip.ParsePrefix(item)
			if err != nil {
				a, err := netip.ParseAddr(item)
				if err != nil {
					return errors.New("is neither an address nor a CIDR block")
				}
				p = netip.PrefixFrom(a, a.BitLen())
			}
			if a := p.Addr(); a.Is4In6() && p.Bits() >= 96 {
				p = netip.PrefixFrom(a.Unmap(), p.Bits()-96)
			}
			if least := widest(p.Addr()); p.Bits() < least {
				return fmt.Errorf("would trust far too many addresses; the widest block is /%d", least)
			}
			*dst = append(*dst, p.Masked())
			return nil
		})
	}
}

// widest is the shortest prefix that a private network has: 10.0.0.0/8 and fc00::/7.
func widest(a netip.Addr) int {
	if a.Is4() {
		return 8
	}
	return 7
}

var algorithmNames = []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}

func algorithms(dst *[]string) func(string) error {
	return func(v string) error {
		return each(v, func(item string) error {
			if !slices.Contains(algorithmNames, item) {
				return errors.New("is not an accepted algorithm")
			}
			*dst = append(*dst, item)
			return nil
		})
	}
}

// scopeToken is RFC 6749, section 3.3.
func scopeToken(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] <= 0x20 || s[i] >= 0x7f || s[i] == '"' || s[i] == '\\' {
			return false
		}
	}
	return s != ""
}

// scopeTokens reads a list of names without blanks and quotes.
func scopeTokens(dst *[]string, problem string) func(string) error {
	return func(v string) error {
		return each(v, func(item string) error {
			if !scopeToken(item) {
				return errors.New(problem)
			}
			*dst = append(*dst, item)
			return nil
		})
	}
}

func scopes(dst *[]string) func(string) error {
	return func(v string) error {
		*dst = []string{"openid"}
		for i, s := range strings.FieldsFunc(v, func(r rune) bool { return r == ' ' || r == ',' }) {
			if !scopeToken(s) {
				return fmt.Errorf("entry %d is not a scope", i+1)
			}
			if !slices.Contains(*dst, s) {
				*dst = append(*dst, s)
			}
		}
		return nil
	}
}

func appendScope(dst *[]string, id *string, before, after string) func(string) error {
	return func(v string) error {
		if !scopeToken(v) || strings.ContainsAny(v, ":,") {
			return errors.New("is not an id")
		}
		if id != nil {
			*id = v
		}
		if scope := before + v + after; !slices.Contains(*dst, scope) {
			*dst = append(*dst, scope)
		}
		return nil
	}
}

// cookieSecrets refuses what is short or evidently not random.
func cookieSecrets(dst *[]secret.Text) func(string) error {
	return func(v string) error {
		var seen []string
		for i, item := range split(v) {
			raw, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(item, "="))
			if err != nil {
				raw, err = base64.RawStdEncoding.DecodeString(strings.TrimRight(item, "="))
			}
			var seenByte [256]bool
			distinct := 0
			for _, b := range raw {
				if !seenByte[b] {
					seenByte[b] = true
					distinct++
				}
			}
			switch {
			case err != nil:
				return fmt.Errorf("key %d is not base64url", i+1)
			case len(raw) < 32:
				return fmt.Errorf("key %d has %d bytes, 32 are needed", i+1, len(raw))
			case distinct < 8:
				return fmt.Errorf("key %d is not random", i+1)
			case slices.Contains(seen, string(raw)):
				return fmt.Errorf("key %d stands there twice", i+1)
			}
			seen = append(seen, string(raw))
			*dst = append(*dst, secret.New(string(raw)))
		}
		if n := len(*dst); n == 0 || n > 10 {
			return errors.New("must hold 1 to 10 keys")
		}
		return nil
	}
}
