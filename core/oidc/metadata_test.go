package oidc

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	"gatehouse/core/egress"
)

type metadataVector struct {
	Name, Expect, Comment string
	Set                   map[string]any
	Raw                   string
	RawSet                string `json:"raw-set"` // a member in place of the usual one
	PKCE                  bool
}

func (c metadataVector) body() []byte {
	if c.Raw != "" {
		return []byte(c.Raw)
	}
	base := baseMetadata()
	if c.RawSet != "" {
		name, _, _ := strings.Cut(strings.TrimPrefix(c.RawSet, `"`), `"`)
		delete(base, name)
		return []byte(strings.TrimSuffix(string(must(json.Marshal(base))), "}") + "," + c.RawSet + "}")
	}
	return must(json.Marshal(with(base, c.Set)))
}

func TestMetadata(t *testing.T) {
	for _, c := range vectors[metadataVector](t, "metadata.json") {
		t.Run(c.Name, func(t *testing.T) {
			f := newFake(t)
			m, err := f.provider(func(o *Options) { o.RequirePKCE = c.PKCE }).parseMetadata(c.body())
			switch {
			case c.Expect == "":
				if err != nil || m == nil || m.Issuer != testIssuer {
					t.Errorf("got %v; want it accepted (%s)", err, c.Comment)
				}
			case m != nil:
				t.Errorf("metadata and not an error (%s)", c.Comment)
			case c.Expect == "unavailable":
				if !errors.Is(err, ErrUnavailable) {
					t.Errorf("got %v; want ErrUnavailable (%s)", err, c.Comment)
				}
			default:
				if !errors.Is(err, ErrMetadata) || !strings.Contains(err.Error(), c.Expect) {
					t.Errorf("got %v; want ErrMetadata with %q (%s)", err, c.Expect, c.Comment)
				}
			}
		})
	}
}

func TestDiscoveryAddresses(t *testing.T) {
	for _, c := range []struct{ issuer, appended, inserted string }{
		{"https://op.example.com", "https://op.example.com/.well-known/openid-configuration", "https://op.example.com/.well-known/oauth-authorization-server"},
		{"https://op.example.com/", "https://op.example.com/.well-known/openid-configuration", "https://op.example.com/.well-known/oauth-authorization-server"},
		{"https://op.example.com/realms/a", "https://op.example.com/realms/a/.well-known/openid-configuration", "https://op.example.com/.well-known/oauth-authorization-server/realms/a"},
		{"https://op.example.com/realms/a/", "https://op.example.com/realms/a/.well-known/openid-configuration", "https://op.example.com/.well-known/oauth-authorization-server/realms/a"},
		{"https://op.example.com/a%2Fb", "https://op.example.com/a%2Fb/.well-known/openid-configuration", "https://op.example.com/.well-known/oauth-authorization-server/a%2Fb"},
	} {
		t.Run(c.issuer, func(t *testing.T) {
			p := newFake(t).provider(func(o *Options) { o.Issuer = c.issuer })
			if got := p.discoveryURL(); got != c.appended {
				t.Errorf("appended: %q, want %q", got, c.appended)
			}
			if got := p.insertedURL(); got != c.inserted {
				t.Errorf("inserted: %q, want %q", got, c.inserted)
			}
		})
	}
}

func TestMetadataAnswers(t *testing.T) {
	const appended, inserted = "/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"
	good := func(*http.Request) (*http.Response, error) { return jsonAnswer(baseMetadata()), nil }
	for _, c := range []struct {
		name  string
		edit  func(*fake)
		want  error
		asked map[string]int
	}{
		{"200 with JSON", func(f *fake) {}, nil, map[string]int{appended: 1}},
		{"200 with JSON called text", func(f *fake) {
			f.override[appended] = func(*http.Request) (*http.Response, error) {
				return answer(200, "text/plain", string(must(json.Marshal(baseMetadata())))), nil
			}
		}, nil, map[string]int{appended: 1}},
		{"200 with JSON called HTML", func(f *fake) {
			f.override[appended] = func(*http.Request) (*http.Response, error) {
				return answer(200, "text/html; charset=utf-8", string(must(json.Marshal(baseMetadata())))), nil
			}
		}, ErrUnavailable, map[string]int{appended: 1}},
		{"404 and the other form there", func(f *fake) {
			f.fail(appended, 404)
			f.override[inserted] = good
		}, nil, map[string]int{appended: 1, inserted: 1}},
		{"404 twice", func(f *fake) { f.fail(appended, 404) }, ErrUnavailable, map[string]int{appended: 1, inserted: 1}},
		{"403 and the other form there", func(f *fake) {
			f.fail(appended, 403)
			f.override[inserted] = good
		}, ErrUnavailable, map[string]int{appended: 1}},
		{"500 and the other form there", func(f *fake) {
			f.fail(appended, 500)
			f.override[inserted] = good
		}, ErrUnavailable, map[string]int{appended: 1}},
		{"302 to where it is", func(f *fake) {
			f.override[appended] = func(*http.Request) (*http.Response, error) {
				r := answer(302, "application/json", "")
				r.Header.Set("Location", testIssuer+inserted)
				return r, nil
			}
			f.override[inserted] = good
		}, ErrUnavailable, map[string]int{appended: 1}},
		{"206", func(f *fake) { f.fail(appended, 206) }, ErrUnavailable, map[string]int{appended: 1}},
		{"no connection", func(f *fake) {
			f.override[appended] = func(*http.Request) (*http.Response, error) { return nil, errors.New("refused") }
		}, ErrUnavailable, map[string]int{appended: 1}},
		{"more than 1 MiB", func(f *fake) {
			f.metadata["x"] = strings.Repeat("x", 1<<20)
		}, ErrUnavailable, map[string]int{appended: 1}},
		{"the other form of another issuer", func(f *fake) {
			f.fail(appended, 404)
			f.override[inserted] = func(*http.Request) (*http.Response, error) {
				return jsonAnswer(with(baseMetadata(), map[string]any{"issuer": "https://evil.example"})), nil
			}
		}, ErrMetadata, map[string]int{appended: 1, inserted: 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFake(t)
			c.edit(f)
			m, err := f.provider(nil).Metadata(context.Background())
			if !errors.Is(err, c.want) || (m == nil) != (c.want != nil) {
				t.Errorf("got %v, %v; want %v", m, err, c.want)
			}
			for _, path := range []string{appended, inserted} {
				if f.asked[path] != c.asked[path] {
					t.Errorf("%s was asked %d times, want %d", path, f.asked[path], c.asked[path])
				}
			}
		})
	}
}

func TestLoopbackIssuer(t *testing.T) {
	const issuer = "http://127.0.0.1:5556"
	for _, c := range []struct {
		name, member, address string
		ok                    bool
	}{
		{"everything on it", "token_endpoint", issuer + "/token", true},
		{"page on another loopback name", "authorization_endpoint", "http://localhost:5557/authorize", true},
		{"page of http elsewhere", "authorization_endpoint", "http://op.example.com/authorize", false},
		{"page of https elsewhere", "authorization_endpoint", "https://op.example.com/authorize", true},
		{"token endpoint of http elsewhere", "token_endpoint", "http://op.example.com/token", false},
		{"name that only looks like loopback", "authorization_endpoint", "http://localhost.example.com/authorize", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFake(t)
			p := f.provider(func(o *Options) {
				o.Issuer = issuer
				o.Egress = &egress.Client{Transport: f, Hosts: []string{"127.0.0.1:5556"}, PlainHosts: []string{"127.0.0.1:5556"}}
			})
			metadata := map[string]any{"issuer": issuer, "authorization_endpoint": issuer + "/authorize", "token_endpoint": issuer + "/token", "jwks_uri": issuer + "/keys"}
			_, err := p.parseMetadata(must(json.Marshal(with(metadata, map[string]any{c.member: c.address}))))
			if (err == nil) != c.ok {
				t.Errorf("got %v", err)
			}
		})
	}
}
