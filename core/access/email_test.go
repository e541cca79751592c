package access

import (
	"strings"
	"testing"

	"gatehouse/core/identity"
)

func withEmail(address string, verified bool) *identity.Identity {
	return &identity.Identity{Subject: "1", Email: address, EmailVerified: &verified}
}

func TestEmailDomains(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, address string
		in            bool
	}{
		{"address in the domain", "alice@example.com", true},
		{"domain in capitals", "alice@EXAMPLE.Com", true},
		{"plus address", "alice+x@example.com", true},
		{"quote and dash", "o'neill-x@example.com", true},
		{"subdomain", "alice@sub.example.com", false},
		{"suffix of a name", "alice@evil-example.com", false},
		{"suffix without a dash", "alice@evilexample.com", false},
		{"prefix of a name", "alice@example.com.evil.test", false},
		{"other top-level domain", "alice@example.co", false},
		{"two @, ours last", "alice@evil.test@example.com", false},
		{"two @, ours first", "alice@example.com@evil.test", false},
		{"@ in a quoted local part", `"alice@evil.test"@example.com`, false},
		{"quoted local part", `"alice"@example.com`, false},
		{"fullwidth @", "alice＠example.com", false},
		{"fullwidth @ before a plain one", "alice＠evil.test@example.com", false},
		{"small @", "alice﹫evil.test@example.com", false},
		{"fullwidth letters", "alice@ｅxample.com", false},
		{"letter that folds to ASCII", "alice@example.\u212aom", false},
		{"fullwidth dot", "alice@example。com", false},
		{"local part beyond ASCII", "zoë@example.com", false},
		{"dot at the end", "alice@example.com.", false},
		{"dot at the beginning", "alice@.example.com", false},
		{"no local part", "@example.com", false},
		{"no domain", "alice@", false},
		{"domain only", "example.com", false},
		{"blank before", " alice@example.com", false},
		{"blank after", "alice@example.com ", false},
		{"blank inside", "alice @example.com", false},
		{"two addresses with a comma", "alice@evil.test,bob@example.com", false},
		{"two addresses with a blank", "alice@evil.test bob@example.com", false},
		{"name and address", "Alice <alice@example.com>", false},
		{"mailto", "mailto:alice@example.com", false},
		{"comment", "alice@example.com(evil)", false},
		{"comment in the domain", "alice@(evil)example.com", false},
		{"NUL", "alice@example.com\x00.evil.test", false},
		{"line end", "alice@example.com\n", false},
		{"domain literal", "alice@[192.0.2.1]", false},
		{"route", "<@evil.test:alice@example.com>", false},
		{"local part too long", strings.Repeat("a", 65) + "@example.com", false},
		{"empty", "", false},
	} {
		if got := inDomain(withEmail(test.address, true), "example.com"); got != test.in {
			t.Errorf("%s: %q is %v", test.name, test.address, got)
		}
		if inDomain(withEmail(test.address, false), "example.com") {
			t.Errorf("%s: %q is not verified", test.name, test.address)
		}
		if inDomain(&identity.Identity{Email: test.address}, "example.com") {
			t.Errorf("%s: nobody says that %q is verified", test.name, test.address)
		}
	}
}

func TestEmailAddresses(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, address string
		same          bool
	}{
		{"same", "Alice.B@example.com", true},
		{"domain in capitals", "Alice.B@EXAMPLE.COM", true},
		{"local part in another case", "alice.b@example.com", false},
		{"without its dot", "AliceB@example.com", false},
		{"plus address", "Alice.B+x@example.com", false},
		{"other domain", "Alice.B@example.org", false},
		{"other local part", "xAlice.B@example.com", false},
	} {
		if got := hasAddress(withEmail(test.address, true), "Alice.B", "example.com"); got != test.same {
			t.Errorf("%s: %q is %v", test.name, test.address, got)
		}
	}
}

func TestDomains(t *testing.T) {
	t.Parallel()
	for domain, want := range map[string]bool{
		"example.com": true, "localhost": true, "xn--bcher-kva.example": true, "a-b.3c": true,
		"": false, ".": false, "a..b": false, "-a.b": false, "a-.b": false, "a_b.c": false, "a.b.": false, "[::1]": false,
		strings.Repeat("a", 63) + ".b": true, strings.Repeat("a", 64) + ".b": false, strings.Repeat("a.", 127) + "b": false,
	} {
		if got := isDomain(domain); got != want {
			t.Errorf("%q is %v", domain, got)
		}
	}
}

// Whatever the provider sends as an address, it is in a domain only if it says so in
// its only reading.
func FuzzEmailDomain(f *testing.F) {
	for _, address := range []string{"alice@example.com", "a@b@example.com", `"a@b"@example.com`, "alice＠example.com", "alice@EXAMPLE.com.", "@example.com"} {
		f.Add(address, "example.com")
	}
	f.Fuzz(func(t *testing.T, address, domain string) {
		if inDomain(withEmail(address, false), domain) {
			t.Fatalf("%q is not verified", address)
		}
		rules, err := Parse("* /* email-domain=" + quote(domain) + "\n")
		in := inDomain(withEmail(address, true), domain)
		if err != nil && in {
			t.Fatalf("%q is in %q, which no rule can name", address, domain)
		}
		if err == nil && in != rules.Decide("GET", "/", Subject{Identity: withEmail(address, true)}).Allowed {
			t.Fatalf("%q in %q: a rule says something else", address, domain)
		}
		if !in {
			return
		}
		for i := range len(address) {
			if c := address[i]; c <= 0x20 || c >= 0x7f {
				t.Fatalf("%q has the byte %#x", address, c)
			}
		}
		if strings.Count(address, "@") != 1 || !strings.HasSuffix(strings.ToLower(address), "@"+strings.ToLower(domain)) || address[0] == '@' {
			t.Fatalf("%q is not in %q", address, domain)
		}
	})
}
