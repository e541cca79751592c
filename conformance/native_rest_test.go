package conformance_test

import (
	"net/http"
	"net/url"
	"testing"

	"gatehouse/conformance"
	"gatehouse/conformance/nativehost"
	"gatehouse/conformance/redisrest"
	"gatehouse/core/kv/rest"
	"gatehouse/core/secret"
)

// restTarget is the native gateway with its store behind HTTP: every operation of the
// store is an outbound request, which the case's store answers.
type restTarget struct{ nativehost.Target }

func TestNativeRest(t *testing.T) { conformance.TestGateway(t, restTarget{}) }

func (restTarget) Name() string { return "native-rest" }

func (r restTarget) Start(t testing.TB, w conformance.World) conformance.Instance {
	const token = "store-token-that-nobody-may-see"
	address := &url.URL{Scheme: "https", Host: "store.example"}
	front := &redisrest.Front{Token: token, Commands: redisrest.Driver{KV: w.KV, Now: w.Now}}
	w.KV = rest.New(rest.Options{URL: address, Token: secret.New(token), Now: w.Now,
		Transport: roundTrip(func(req *http.Request) (*http.Response, error) {
			if req.URL.String() != "https://store.example" {
				t.Errorf("the store is asked at %s", req.URL)
			}
			return front.RoundTrip(req)
		})})
	return r.Target.Start(t, w)
}

// roundTrip is a function that answers.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
