package main

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"

	"gatehouse/adapters/native/devprovider"
)

const (
	clientID     = "bench"
	clientSecret = "bench-secret-of-no-consequence"
)

// startGateways builds the gatehouse command, runs "gatehouse serve" in every
// configuration and logs in to each.
func startGateways(o options, dir, upstream string, running *processes) ([]*server, error) {
	built := filepath.Join(dir, "gatehouse")
	if out, err := exec.Command("go", "build", "-o", built, "gatehouse").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("go build gatehouse: %w\n%s", err, out)
	}
	binaries := []string{built}
	if o.compare != "" {
		binaries = append(binaries, o.compare)
	}
	var servers []*server
	var commands []*exec.Cmd
	var redirects []string
	for _, configuration := range strings.Split(o.gateway, ",") {
		store, level, _ := strings.Cut(configuration, "/")
		for i, binary := range binaries {
			address, err := freeAddress()
			if err != nil {
				return nil, err
			}
			s := &server{name: fmt.Sprintf("gatehouse, %s, log %s", store, level), address: address}
			cmd := exec.Command(binary, "serve")
			switch {
			case i > 0:
				s.name += ", " + filepath.Base(binary)
			case o.profile != "":
				if cmd, err = again("gatehouse", o.profileOf(store+"-"+level)); err != nil {
					return nil, err
				}
			}
			cmd.Env = []string{
				"APP_URL=http://" + address, "LISTEN_ADDR=" + address, "DEV_MODE=true", "PROXY_TARGET=" + upstream,
				"CLIENT_ID=" + clientID, "CLIENT_SECRET=" + clientSecret, "SCOPES=openid profile email groups",
				"COOKIE_SECRET=" + randomKey(), "ADMIN_SOCKET=none", "LOG_LEVEL=" + level,
				"STORE=" + store, "STORE_PATH=" + filepath.Join(dir, fmt.Sprintf("%s-%d.db", level, i)),
			}
			servers, commands = append(servers, s), append(commands, cmd)
			redirects = append(redirects, "http://"+address+"/login/callback")
		}
	}
	issuer, err := startProvider(redirects)
	if err != nil {
		return nil, err
	}
	for i, s := range servers {
		commands[i].Env = append(commands[i].Env, "AUTH_SERVER_URL="+issuer)
		if s.pid, err = running.start(commands[i], s.address); err != nil {
			return nil, fmt.Errorf("%w; its settings: %s", err, strings.Join(commands[i].Env, " "))
		}
		if s.cookie, err = logIn("http://"+s.address, "/login/authorize?return_to=/", "gatehouse-dev"); err != nil {
			return nil, fmt.Errorf("%s: log in: %w", s.name, err)
		}
	}
	return servers, nil
}

// profileOf is the file for the profile of the server with that name, or empty.
func (o options) profileOf(name string) string {
	if o.profile == "" {
		return ""
	}
	return filepath.Join(o.profile, name+".pprof")
}

// startProvider serves an OpenID provider in this process until it ends. It has nothing
// to do once everyone is logged in.
func startProvider(redirects []string) (issuer string, err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	issuer = "http://" + l.Addr().String()
	provider, err := devprovider.New(devprovider.Options{
		Issuer: issuer, ClientID: clientID, ClientSecret: clientSecret, RedirectURIs: redirects,
	})
	if err != nil {
		return "", err
	}
	go http.Serve(l, provider)
	return issuer, nil
}

func randomKey() string {
	var key [32]byte
	rand.Read(key[:])
	return base64.RawURLEncoding.EncodeToString(key[:])
}
