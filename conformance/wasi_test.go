package conformance

import (
	"maps"
	"net/http"
	"testing"

	"gatehouse/conformance/redisrest"
	"gatehouse/conformance/wasihost"
)

// wasiTarget runs the core module of the world "wasi", which every host of WASI HTTP
// offers: settings from the environment, and the store behind outbound requests, which
// the case's store answers.
type wasiTarget struct{ module *wasihost.Program }

func TestWASI(t *testing.T) {
	apart(t)
	TestGateway(t, WASITarget(t))
}

// WASITarget returns the platform wasi.
func WASITarget(t *testing.T) Target { return wasiTarget{loadModule(t, wasiModule)} }

var wasiModule = moduleOf("gatehouse/adapters/spin/component/wasi")

func (wasiTarget) Name() string { return "wasi" }

func (wasiTarget) Forgets() bool { return true }

// Limits implements [Limiting]: the store over HTTP counts.
func (wasiTarget) Limits() string { return exactly }

func (wasiTarget) Conditional() bool { return true }

func (m wasiTarget) Start(t testing.TB, w World) Instance {
	const token = "store-token-that-nobody-may-see"
	front := &redisrest.Front{Token: token, Commands: redisrest.Driver{KV: w.KV, Now: w.Now}}
	environ := maps.Clone(w.Config)
	environ["STORE"], environ["STORE_URL"], environ["STORE_TOKEN"] = "rest", "https://store.example", token
	environ["CLIENT_ADDRESS_HEADER"] = peerHeader
	return startModule(t, m.module, w, &wasihost.Environment{
		Environ: environ,
		// As a server in front of the host would.
		Fields: func(r *http.Request) [][2]string { return [][2]string{{peerHeader, r.RemoteAddr}} },
		Network: roundTrip(func(r *http.Request) (*http.Response, error) {
			if r.URL.Scheme == "https" && r.URL.Host == "store.example" {
				return front.RoundTrip(r)
			}
			return w.Network.RoundTrip(r)
		}),
	})
}

// roundTrip is a function that answers.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
