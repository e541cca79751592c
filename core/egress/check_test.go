package egress_test

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"gatehouse/core/egress"
)

func testClient(t http.RoundTripper) *egress.Client {
	return &egress.Client{
		Transport: t, Timeout: 5 * time.Second, MaxBody: 1 << 20,
		Hosts:      []string{"issuer.example", "other.example:8443", "127.0.0.1:9000", "[::1]:9000"},
		PlainHosts: []string{"127.0.0.1:9000", "[::1]:9000"},
	}
}

// refusing fails the test when it is asked.
type refusing struct{ t *testing.T }

func (r refusing) RoundTrip(q *http.Request) (*http.Response, error) {
	r.t.Errorf("asked for %s", q.URL)
	return nil, errors.New("no")
}

func TestWhichAddressesMayBeAsked(t *testing.T) {
	for _, test := range []struct {
		address string
		want    error
	}{
		{"https://issuer.example", nil},
		{"https://issuer.example/a?b=c", nil},
		{"https://issuer.example:443/a", nil},
		{"https://ISSUER.Example/a", nil},
		{"https://other.example:8443/a", nil},
		{"http://127.0.0.1:9000/a", nil},
		{"http://[::1]:9000/a", nil},
		{"https://127.0.0.1:9000/a", nil},

		{"http://issuer.example/a", egress.ErrScheme},
		{"http://issuer.example:443/a", egress.ErrHost},
		{"http://other.example:8443/", egress.ErrScheme},
		{"ftp://issuer.example/a", egress.ErrScheme},
		{"file://issuer.example/etc/passwd", egress.ErrScheme},
		{"//issuer.example/a", egress.ErrScheme},
		{"javascript://issuer.example/a", egress.ErrScheme},

		{"https://evil.example/", egress.ErrHost},
		{"https://issuer.example.evil.example/", egress.ErrHost},
		{"https://evil.example/issuer.example", egress.ErrHost},
		{"https://evilissuer.example/", egress.ErrHost},
		{"https://sub.issuer.example/", egress.ErrHost},
		{"https://issuer.example./", egress.ErrHost},
		{"https://issuer.example:8443/", egress.ErrHost},
		{"https://issuer.example:80/", egress.ErrHost},
		{"https://issuer.example:/", egress.ErrHost},
		{"https://issuer.example:443:443/", egress.ErrHost},
		{"https://other.example/", egress.ErrHost},
		{"https://user@issuer.example/", egress.ErrHost},
		{"https://user:password@issuer.example/", egress.ErrHost},
		{"https://issuer.example@evil.example/", egress.ErrHost},
		{"https://evil.example#@issuer.example/", egress.ErrHost},
		{"https://evil.example?@issuer.example/", egress.ErrHost},
		{"https:issuer.example/a", egress.ErrHost},
		{"https:///a", egress.ErrHost},
		{"/a", egress.ErrHost},
		{"", egress.ErrHost},
		{"http://127.0.0.1/a", egress.ErrHost},
		{"http://localhost:9000/", egress.ErrHost},
		{"http://[::ffff:127.0.0.1]:9000/", egress.ErrHost},
		{"http://169.254.169.254/latest", egress.ErrHost},
	} {
		t.Run(test.address, func(t *testing.T) {
			u, err := url.Parse(test.address)
			if err != nil {
				u = &url.URL{Scheme: "https", Host: strings.TrimSuffix(strings.TrimPrefix(test.address, "https://"), "/")}
			}
			c := testClient(refusing{t})
			if err := c.Check(u); !errors.Is(err, test.want) || (err == nil) != (test.want == nil) {
				t.Errorf("got %v, want %v", err, test.want)
			}
			if test.want == nil {
				return
			}
			a, err := c.Do(t.Context(), &http.Request{Method: "GET", URL: u})
			if a != nil || !errors.Is(err, test.want) || strings.Contains(err.Error(), "password") {
				t.Errorf("Do: got %v, %v", a, err)
			}
		})
	}
}

func TestHost(t *testing.T) {
	for address, want := range map[string]string{
		"https://A.example:443/x": "a.example", "http://a.example:80": "a.example", "https://a.example:80": "a.example:80",
		"http://a.example:443": "a.example:443", "https://[::1]:443": "[::1]", "https://a.example:8443": "a.example:8443",
	} {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		if got := egress.Host(u); got != want {
			t.Errorf("%s: %q, want %q", address, got, want)
		}
	}
}
