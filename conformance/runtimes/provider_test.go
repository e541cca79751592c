//go:build runtimes

package runtimes

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
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
}

// nodeModules returns the directory that holds the packages locked in
// testdata/oidc-provider: $GATEHOUSE_NODE_MODULES, or one below the user's cache
// directory that is filled when it does not exist.
var nodeModules = sync.OnceValues(func() (string, error) {
	if dir := os.Getenv("GATEHOUSE_NODE_MODULES"); dir != "" {
		return dir, nil
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	lock, err := os.ReadFile("testdata/oidc-provider/package-lock.json")
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(lock)
	dir := filepath.Join(cache, "gatehouse", "oidc-provider-"+hex.EncodeToString(sum[:8]))
	modules := filepath.Join(dir, "node_modules")
	if _, err := os.Stat(modules); err == nil {
		return modules, nil
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return "", err
	}
	// Filled aside and renamed, so that what stands there is complete.
	aside, err := os.MkdirTemp(filepath.Dir(dir), "installing-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(aside)
	if err := os.CopyFS(aside, os.DirFS("testdata/oidc-provider")); err != nil {
		return "", err
	}
	cmd := exec.Command("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
	cmd.Dir = aside
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("npm ci: %v\n%s", err, out)
	}
	if err := os.Rename(aside, dir); err != nil {
		return "", err
	}
	return modules, nil
})

// startOIDCProvider runs the npm package oidc-provider for the gateway at app.
func startOIDCProvider(t *testing.T, app string) *oidcProvider {
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
		"REDIRECT_URI="+app+"/login/callback",
		"POST_LOGOUT_REDIRECT_URI="+app+"/logout/done",
	)
	p := &oidcProvider{start(t, "oidc-provider", cmd), issuer, app}
	p.line(t, "ready")
	return p
}
