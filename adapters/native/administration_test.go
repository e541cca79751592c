package native

import (
	"context"
	"encoding/json"
	"net/http"
	"testing"
	"time"
)

// An administrator sees who is logged in and ends that session while the gateway
// runs: the next request is nobody's.
func TestAdministratorEndsASession(t *testing.T) {
	listeners, port, err := listenLoopback("0")
	if err != nil {
		t.Fatal(err)
	}
	urls := DevURLs{App: "http://localhost:" + port}
	p, endParts, err := newDev(&urls, "localhost", DevOptions{Log: discard})
	if err != nil {
		t.Fatal(err)
	}
	defer endParts()
	graceful, end := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- p.run(stop{graceful, t.Context()}, listeners, nil, time.Second, discard) }()
	defer func() {
		end()
		<-done
	}()
	v := newVisitor(t)
	v.logIn(urls.App, "alice")

	socket := startAdmin(t, p.sessions)
	code, out, errs := runMain("sessions", "list", "--json", "--socket", socket)
	var list []SessionInfo
	if err := json.Unmarshal([]byte(out), &list); code != 0 || err != nil || len(list) != 1 {
		t.Fatalf("exit %d, %s%s", code, out, errs)
	}
	s := list[0]
	if s.PreferredUsername != "alice" || s.Subject == "" || s.Created.IsZero() || !s.Expires.After(s.Created) {
		t.Errorf("listed as %+v", s)
	}
	if code, _, errs := runMain("sessions", "revoke", "--socket", socket, s.ID); code != 0 {
		t.Fatal(errs)
	}
	res, err := v.client.Get(urls.App + "/api/whoami")
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusUnauthorized {
		t.Errorf("after the revocation: %s", res.Status)
	}
	if _, out, _ := runMain("sessions", "list", "--json", "--socket", socket); out != "[]\n" {
		t.Errorf("still listed: %s", out)
	}
}
