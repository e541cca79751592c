package proxy

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"gatehouse/core/identity"
)

func someone() *identity.Identity {
	yes := true
	return &identity.Identity{
		Issuer: "https://id.example.com", Subject: "1234", Name: "Änne  Example ", PreferredUsername: "anne",
		Email: "anne@example.com", EmailVerified: &yes,
		Groups:       []string{"staff", "a,b", "", "Ops Team"},
		ProjectRoles: map[string]map[string]string{"writer": {"1": "x"}, "admin": nil},
		Roles:        []string{"reviewer", "admin"},
	}
}

func TestIdentityHeaders(t *testing.T) {
	r := testRules(t)
	got, err := r.IdentityHeaders(someone())
	want := http.Header{
		"X-Forwarded-User":               {"1234"},
		"X-Forwarded-Email":              {"anne@example.com"},
		"X-Forwarded-Preferred-Username": {"anne"},
		"X-Forwarded-Groups":             {"staff,a%2Cb,Ops Team"},
		"X-Gatehouse-Issuer":             {"https://id.example.com"},
		"X-Gatehouse-Name":               {"%C3%84nne%20%20Example%20"},
		"X-Gatehouse-Email-Verified":     {"true"},
		"X-Gatehouse-Roles":              {"admin,reviewer,writer"},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got  %v, %v\nwant %v", got, err, want)
	}
	if got, err := r.IdentityHeaders(&identity.Identity{Subject: "1"}); err != nil || len(got) != 1 {
		t.Errorf("what was not asserted is sent: %v, %v", got, err)
	}
	no := false
	if got, err := r.IdentityHeaders(&identity.Identity{Subject: "1", Email: "a@example.com", EmailVerified: &no}); err != nil ||
		got["X-Forwarded-Email"] != nil || got.Get("X-Gatehouse-Email-Verified") != "false" {
		t.Errorf("an address that is not verified is sent: %v, %v", got, err)
	}
	if got, err := r.IdentityHeaders(nil); got != nil || err != nil {
		t.Errorf("of nobody: %v, %v", got, err)
	}
}

func TestIdentityTooLarge(t *testing.T) {
	r := testRules(t)
	id := &identity.Identity{Subject: "1"}
	for i := range 5000 {
		id.Groups = append(id.Groups, fmt.Sprintf("group-%d", i))
	}
	if h, err := r.IdentityHeaders(id); h != nil || !errors.Is(err, ErrIdentityTooLarge) {
		t.Errorf("5000 groups: %v headers, %v", len(h), err)
	}
	in, _ := requestFor("/")
	if out, err := r.Outgoing(in, "/", Additions{Identity: id}); out != nil || !errors.Is(err, ErrIdentityTooLarge) {
		t.Errorf("Outgoing = %v, %v", out, err)
	}
	name := len("X-Forwarded-User")
	if _, err := r.IdentityHeaders(&identity.Identity{Subject: strings.Repeat("a", maxIdentity-name)}); err != nil {
		t.Errorf("at the limit: %v", err)
	}
	if _, err := r.IdentityHeaders(&identity.Identity{Subject: strings.Repeat("a", maxIdentity-name+1)}); err == nil {
		t.Error("above the limit: accepted")
	}
}

func FuzzIdentityValue(f *testing.F) {
	for _, seed := range []string{"plain", " a  b ", "100%", "a,b", "a\r\nX-Forwarded-User: admin", "é\xff", "\x00\x7f\u0085"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		want := strings.ToValidUTF8(s, "\uFFFD")
		for _, encoded := range []string{encodeValue(s), encodeList([]string{s})} {
			for i := range len(encoded) {
				if c := encoded[i]; c < ' ' || c >= 0x7f {
					t.Fatalf("%q holds %q", encoded, c)
				}
			}
			if strings.Trim(encoded, " ") != encoded {
				t.Fatalf("%q has blanks that parsers remove", encoded)
			}
			decoded, err := url.PathUnescape(encoded)
			if len(s) <= maxIdentity && (err != nil || decoded != want || !utf8.ValidString(decoded)) {
				t.Fatalf("%q decodes to %q, %v; want %q", encoded, decoded, err, want)
			}
		}
		list := encodeList([]string{s, "next"})
		if s != "" && len(list) <= maxIdentity && strings.Count(list, ",") != 1 {
			t.Fatalf("%q is not a list of two", list)
		}
	})
}
