package main

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"os/exec"
)

// startPeer runs oauth2-proxy from the given binary in front of the same application,
// with a cookie session and its log as quiet as it gets, and logs in to it.
func startPeer(binary, upstream string, running *processes) (*server, error) {
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	origin := "http://" + address
	issuer, err := startProvider([]string{origin + "/oauth2/callback"})
	if err != nil {
		return nil, err
	}
	var key [32]byte
	rand.Read(key[:])
	s := &server{name: "oauth2-proxy, cookie session", address: address}
	s.pid, err = running.start(exec.Command(binary,
		"--provider=oidc", "--oidc-issuer-url="+issuer, "--client-id="+clientID, "--client-secret="+clientSecret,
		"--cookie-secret="+base64.RawURLEncoding.EncodeToString(key[:]), "--cookie-secure=false", "--email-domain=*",
		"--redirect-url="+origin+"/oauth2/callback", "--code-challenge-method=S256", "--skip-provider-button=true",
		"--upstream="+upstream, "--http-address="+address, "--scope=openid profile email groups",
		"--request-logging=false", "--auth-logging=false", "--standard-logging=false"), address)
	if err != nil {
		return nil, err
	}
	if s.cookie, err = logIn(origin, "/oauth2/start?rd=/", "_oauth2_proxy"); err != nil {
		return nil, fmt.Errorf("%s: log in: %w", s.name, err)
	}
	return s, nil
}
