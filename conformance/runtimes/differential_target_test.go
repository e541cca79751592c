//go:build runtimes

package runtimes

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"gatehouse/conformance"
	"gatehouse/core"
)

// differentialModules returns the directory that holds the packages locked in
// testdata/differential.
var differentialModules = installed(toolchain{
	variable: "GATEHOUSE_DIFFERENTIAL_MODULES", name: "differential",
	pinned: "testdata/differential/package-lock.json", path: "node_modules",
	install: npm("testdata/differential", "ci"),
})

// libraryWait bounds each request of a library. What it waits for in vain is not what a
// case is about: it is long enough for a busy machine, and shorter than a step may take.
const libraryWait = 10 * time.Second

// libraryParty is testdata/differential/party.mjs around a library: one process for all
// cases, in which each has an instance.
type libraryParty struct{ library, address string }

// startLibraryParty runs the program around one of the packages of testdata/differential.
func startLibraryParty(t *testing.T, library string) libraryParty {
	t.Helper()
	node := program(t, "node", "nodejs")
	modules, err := differentialModules()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(node, "testdata/differential/party.mjs")
	cmd.Env = append(os.Environ(), "GATEHOUSE_DIFFERENTIAL_MODULES="+modules, "LIBRARY="+library)
	return libraryParty{library, start(t, library, cmd).line(t, "listens ")}
}

// Name implements [conformance.Reference].
func (l libraryParty) Name() string { return l.library }

// Start implements [conformance.Reference].
func (l libraryParty) Start(t testing.TB, w conformance.World) conformance.Instance {
	t.Helper()
	c, err := core.LoadConfig(func(name string) (string, bool) { v, ok := w.Config[name]; return v, ok })
	if err != nil {
		t.Fatal(err)
	}
	settings := map[string]any{
		"issuer": c.IssuerText, "clientID": c.ClientID, "clientSecret": c.ClientSecret.Reveal(), "clientAuth": c.ClientAuth,
		"redirectURI": c.AppURL.String() + c.BasePath + "/login/callback", "scope": strings.Join(c.Scopes, " "),
		"clockTolerance": c.ClockSkew.Seconds(), "userinfoClaims": append([]string{}, c.UserinfoClaims...),
		"timeout": libraryWait.Seconds(), "network": conformance.Serve(t, everyHost{w.Network}),
	}
	if len(c.IDTokenAlgs) == 1 {
		settings["idTokenAlg"] = c.IDTokenAlgs[0]
	}
	body, err := json.Marshal(settings)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.Post("http://"+l.address+"/differential/start", "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	id, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%s does not start an instance: %d, %v, %s", l.library, res.StatusCode, err, id)
	}
	return libraryInstance{l.address, string(id), w.Now}
}

// everyHost is a network to which the requests for all origins come at one address.
type everyHost struct{ http.RoundTripper }

func (e everyHost) RoundTrip(r *http.Request) (*http.Response, error) {
	const header = "Differential-Origin"
	origin, err := url.Parse(r.Header.Get(header))
	if err != nil {
		return nil, err
	}
	r.URL.Scheme, r.URL.Host, r.Host = origin.Scheme, origin.Host, origin.Host
	r.Header.Del(header)
	return e.RoundTripper.RoundTrip(r)
}

// libraryInstance is the relying party of one run of a case.
type libraryInstance struct {
	address, id string
	now         func() time.Time
}

// RoundTrip implements [conformance.Instance].
func (i libraryInstance) RoundTrip(r *http.Request) (*http.Response, error) {
	r.Header = maps.Clone(r.Header)
	r.Header.Set("Differential-Instance", i.id)
	r.Header.Set("Differential-Now", fmt.Sprint(i.now().Unix()))
	return conformance.Send(r, i.address, nil)
}

// Close implements [conformance.Instance].
func (i libraryInstance) Close() {}
