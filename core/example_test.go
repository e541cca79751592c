package core_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"

	"gatehouse/core"
	"gatehouse/core/kv"
)

// settings are what a deployment provides as variables and secrets.
var settings = map[string]string{
	"APP_URL":         "https://app.example.com",
	"AUTH_SERVER_URL": "https://issuer.example",
	"CLIENT_ID":       "my-client",
	"CLIENT_SECRET":   "from the provider",
	"COOKIE_SECRET":   "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
	"PROXY_TARGET":    "http://127.0.0.1:8081",
}

func lookup(name string) (string, bool) { v, ok := settings[name]; return v, ok }

// newGateway assembles a gateway as an adapter does.
func newGateway() (*core.Gateway, error) {
	config, err := core.LoadConfig(lookup)
	if err != nil {
		return nil, err
	}
	return core.New(config, core.Platform{
		KV:      &kv.Memory{},
		Fetch:   offline{},
		Forward: offline{},
	})
}

// offline is a platform without network.
type offline struct{}

func (offline) RoundTrip(*http.Request) (*http.Response, error) { return nil, io.ErrUnexpectedEOF }
func (offline) Forward(http.ResponseWriter, *http.Request, func(int, http.Header)) error {
	return io.ErrUnexpectedEOF
}

func ExampleNew() {
	gateway, err := newGateway()
	if err != nil {
		fmt.Println(err)
		return
	}
	// A person without a session is sent to log in.
	r := httptest.NewRequest("GET", "https://app.example.com/reports?month=11", nil)
	r.Header.Set("Accept", "text/html")
	w := httptest.NewRecorder()
	gateway.ServeHTTP(w, r)
	fmt.Println(w.Code, w.Header().Get("Location"))
	// Output: 303 /login?return_to=%2Freports%3Fmonth%3D11
}

func ExampleLoadConfig_incorrect() {
	// Every mistake is reported at once.
	_, err := core.LoadConfig(func(name string) (string, bool) {
		switch name {
		case "APP_URL":
			return "http://app.example.com", true
		case "COOKIE_SECRET":
			return "c2hvcnQ", true
		}
		v, ok := settings[name]
		return v, ok
	})
	for _, line := range strings.Split(err.Error(), "\n") {
		fmt.Println(line)
	}
	// Output:
	// COOKIE_SECRET: key 1 has 5 bytes, 32 are needed
	// APP_URL: must be https, because the session cookie is Secure
}

func ExampleGateway_Protect() {
	gateway, err := newGateway()
	if err != nil {
		fmt.Println(err)
		return
	}
	mux := http.NewServeMux()
	mux.Handle("/hello", gateway.Protect(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		who, _ := core.IdentityFrom(r.Context())
		fmt.Fprintf(w, "hello %s", who.Name)
	})))
	mux.Handle("/", gateway)

	w := httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequest("GET", "https://app.example.com/hello", nil))
	fmt.Println(w.Code)
	// Output: 401
}
