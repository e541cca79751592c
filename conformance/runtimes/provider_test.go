//go:build runtimes

package runtimes

import (
	"os"
	"os/exec"
	"testing"
)

// Clients that testdata/oidc-provider/provider.mjs knows; they have the same secret.
const (
	oidcClientID     = "gatehouse"
	oidcProgram      = "program"
	oidcMachine      = "machine"
	oidcClientSecret = "a-secret-of-the-runtimes-suite-0123456789"
)

// oidcProvider is a running npm package oidc-provider.
type oidcProvider struct {
	*process
	issuer string
	// app is the gateway whose callback the client gatehouse may use.
	app string
	// prove makes the DPoP header of a request of a client's, nil for none.
	prove func(method, address string) string
}

// nodeModules returns the directory that holds the packages locked in
// testdata/oidc-provider.
var nodeModules = installed(toolchain{
	variable: "GATEHOUSE_NODE_MODULES", name: "oidc-provider",
	pinned: "testdata/oidc-provider/package-lock.json", path: "node_modules",
	install: npm("testdata/oidc-provider", "ci"),
})

// startOIDCProvider runs the npm package oidc-provider for the gateway at app.
func startOIDCProvider(t *testing.T, app string) *oidcProvider {
	t.Helper()
	return startOIDCProviderAt(t, app, "/login/callback")
}

// startOIDCProviderAt does for who is called back at another path of app.
// more are further variables of provider.mjs, NAME=value.
func startOIDCProviderAt(t *testing.T, app, callback string, more ...string) *oidcProvider {
	t.Helper()
	node := program(t, "node", "nodejs")
	modules, err := nodeModules()
	if err != nil {
		t.Fatal(err)
	}
	// Another host name than the gateway's, so that they are cross-site.
	issuer := "http://127.0.0.1:" + freePort(t)
	cmd := exec.Command(node, "testdata/oidc-provider/provider.mjs")
	cmd.Env = append(os.Environ(),
		"GATEHOUSE_NODE_MODULES="+modules,
		"ISSUER="+issuer,
		"CLIENT_ID="+oidcClientID,
		"CLIENT_SECRET="+oidcClientSecret,
		"REDIRECT_URI="+app+callback,
		"POST_LOGOUT_REDIRECT_URI="+app+"/logout/done",
		"BACKCHANNEL_LOGOUT_URI="+app+"/logout/backchannel",
	)
	cmd.Env = append(cmd.Env, more...)
	p := &oidcProvider{start(t, "oidc-provider", cmd), issuer, app, nil}
	p.line(t, "ready")
	return p
}
