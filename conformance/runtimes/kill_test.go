//go:build runtimes

package runtimes

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"maps"
	mathrand "math/rand/v2"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"gatehouse/conformance/rotation"

	"go.etcd.io/bbolt"
)

// The native gateway is killed again and again while sessions begin and are refreshed,
// until clients have the answers to 1,000 logins and refreshes, of which each session has one:
// after each restart every session whose refresh was answered is there, with the access token
// that a client had, and no page of the store is damaged. In the end every session whose
// login was answered and whose refresh was not is asked for.
//
// Between redeeming and saving a crash takes the new tokens with it. A provider that
// takes a refresh token again until its successor is used keeps these sessions too; one
// that does not has ended their grants itself.
func TestKilledGatewayLosesNoSession(t *testing.T) {
	for name, grace := range map[string]bool{"grace": true, "no grace": false} {
		t.Run(name, func(t *testing.T) { newKilled(t, grace).play(1000) })
	}
}

// killed is a gateway that is killed, and what its clients know.
type killed struct {
	t        *testing.T
	app      string
	provider *rotation.Provider
	settings map[string]string
	gateway  *process
	chance   *mathrand.Rand

	events  atomic.Int64 // answered logins and refreshes
	until   atomic.Int64 // redemptions and events before the next kill
	trigger chan struct{}

	mu       sync.Mutex
	up       chan struct{} // closed while the gateway runs
	sessions []*answered
}

// answered is a session whose login a client has the answer to.
type answered struct {
	client *http.Client
	token  string // that a client has; "" before
}

func newKilled(t *testing.T, grace bool) *killed {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	provider := rotation.Serve(t)
	k := &killed{t: t, provider: provider, chance: mathrand.New(mathrand.NewPCG(seed, 0)), trigger: make(chan struct{}, 1), up: make(chan struct{})}
	provider.Grace, provider.Redeeming = grace, k.count
	application := httptest.NewServer(http.HandlerFunc(rotation.Application))
	t.Cleanup(application.Close)
	port := freePort(t)
	k.app = "http://localhost:" + port
	k.settings = provider.Settings()
	maps.Copy(k.settings, map[string]string{
		"APP_URL": k.app, "DEV_MODE": "true", "LISTEN_ADDR": "127.0.0.1:" + port,
		"PROXY_TARGET": application.URL, "COOKIE_SECRET": base64.RawURLEncoding.EncodeToString([]byte(rand.Text() + rand.Text())),
		"STORE": "bolt", "STORE_PATH": filepath.Join(t.TempDir(), "a.db"), "ADMIN_SOCKET": "none",
	})
	return k
}

// count is called at every redemption and at every answer.
func (k *killed) count() {
	if k.until.Add(-1) == 0 {
		k.trigger <- struct{}{}
	}
}

func (k *killed) start() {
	k.gateway = start(k.t, "gatehouse serve", gatehouse(k.t, []string{"serve"}, k.settings))
	awaitReady(k.t, k.gateway, k.app)
}

// play goes on until there were so many events.
func (k *killed) play(events int64) {
	t := k.t
	k.start()
	var clients sync.WaitGroup
	for range 8 {
		clients.Go(func() {
			for k.events.Load() < events && !t.Failed() {
				k.visit()
			}
		})
	}
	done := make(chan struct{})
	go func() { clients.Wait(); close(done) }()
	kills := 0
	for over := false; !over; {
		k.until.Store(20 + k.chance.Int64N(60))
		k.mu.Lock()
		close(k.up)
		k.mu.Unlock()
		select {
		case <-done:
			over = true
		case <-k.trigger:
			// Some steps later than the redemption or the answer, or none.
			time.Sleep(time.Duration(k.chance.Int64N(int64(5 * time.Millisecond))))
		}
		k.mu.Lock()
		k.up = make(chan struct{})
		k.mu.Unlock()
		_ = syscall.Kill(-k.gateway.cmd.Process.Pid, syscall.SIGKILL)
		<-k.gateway.exited
		k.gateway.stopped = true
		kills++
		k.sound()
		k.start()
		k.check()
		if t.Failed() {
			return
		}
	}
	kept, ended := k.doubtful()
	t.Logf("%d kills, %d logins and refreshes, %+v; of those without an answer %d were kept and %d ended by the provider",
		kills, k.events.Load(), k.provider.Counts(), kept, ended)
}

// sound looks at every page of the store that was left behind.
func (k *killed) sound() {
	db, err := bbolt.Open(k.settings["STORE_PATH"], 0o600, &bbolt.Options{ReadOnly: true, Timeout: patience})
	if err != nil {
		k.t.Fatalf("the store of a killed gateway does not open: %v", err)
	}
	defer db.Close()
	err = db.View(func(tx *bbolt.Tx) error {
		var all []error
		for err := range tx.Check() {
			all = append(all, err)
		}
		return errors.Join(all...)
	})
	if err != nil {
		k.t.Errorf("the store of a killed gateway: %v", err)
	}
}

// visit is a login and a refresh, when the gateway runs.
func (k *killed) visit() {
	k.mu.Lock()
	up := k.up
	k.mu.Unlock()
	select {
	case <-up:
	case <-k.t.Context().Done():
		return
	}
	jar, _ := cookiejar.New(nil)
	// On a connection of its own no request is sent again by itself.
	transport := &http.Transport{DisableKeepAlives: true}
	callback := false
	client := &http.Client{Jar: jar, Transport: transport, Timeout: patience, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if r.URL.Path == "/public" && r.Response.StatusCode == http.StatusSeeOther {
			callback = true
			return http.ErrUseLastResponse
		}
		return nil
	}}
	res, err := client.Get(k.app + "/login/authorize?return_to=/public")
	if err != nil {
		return
	}
	res.Body.Close()
	if !callback {
		k.t.Errorf("a login ends with %s at %s", res.Status, res.Request.URL.Path)
		return
	}
	s := &answered{client: client}
	k.mu.Lock()
	k.sessions = append(k.sessions, s)
	k.mu.Unlock()
	k.events.Add(1)
	k.count()
	status, token, err := k.ask(s)
	if err != nil {
		return
	}
	if status != http.StatusOK || token == "" {
		k.t.Errorf("a session that just began answers %d", status)
		return
	}
	k.mu.Lock()
	s.token = token
	k.mu.Unlock()
	k.events.Add(1)
	k.count()
}

// ask returns the status and the access token that reached the application.
func (k *killed) ask(s *answered) (int, string, error) {
	r, err := http.NewRequest(http.MethodGet, k.app+"/x", nil)
	if err != nil {
		return 0, "", err
	}
	r.Header.Set("Accept", "application/json")
	res, err := s.client.Do(r)
	if err != nil {
		return 0, "", err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return res.StatusCode, string(body), err
}

// check asks for every session that was refreshed.
func (k *killed) check() {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, s := range k.sessions {
		if s.token == "" {
			continue
		}
		if status, token, err := k.ask(s); err != nil || status != http.StatusOK || token != s.token {
			k.t.Errorf("a session answers %d, %v, with the access token %q and not %q", status, err, token, s.token)
		}
	}
}

// doubtful asks for every session whose refresh has no answer, until leases are over.
func (k *killed) doubtful() (kept, ended int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	var group sync.WaitGroup
	var mu sync.Mutex
	before := k.provider.Counts().Reused
	for _, s := range k.sessions {
		if s.token != "" {
			continue
		}
		group.Go(func() {
			status, token, err := k.ask(s)
			for tries := 0; tries < 5 && err == nil && status == http.StatusServiceUnavailable; tries++ {
				status, token, err = k.ask(s)
			}
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil && status == http.StatusOK && k.provider.Live(token):
				kept++
			case err == nil && status == http.StatusUnauthorized && !k.provider.Grace:
				ended++
			default:
				k.t.Errorf("a session whose refresh has no answer answers %s", fmt.Sprint(status, err))
			}
		})
	}
	group.Wait()
	if reused := k.provider.Counts().Reused - before; ended > reused {
		k.t.Errorf("%d sessions ended, and the provider has ended %d", ended, reused)
	}
	return kept, ended
}
