//go:build runtimes

package runtimes

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The application that testdata/keycloak/realm.json is written for.
const keycloakExampleApp = "http://localhost:8080"

const keycloakScript = "testdata/keycloak/install.sh"

// keycloakHome returns a Keycloak that keycloakScript made.
var keycloakHome = installed(toolchain{
	variable: "GATEHOUSE_KEYCLOAK", name: "keycloak-installed", pinned: keycloakScript,
	install: func(dir string) error {
		if err := installs("", "bash", keycloakScript, dir); err != nil {
			return fmt.Errorf("java and mvn are needed (Debian packages default-jre-headless and maven): %w", err)
		}
		return nil
	},
})

// keycloak is a running Keycloak with the realm of testdata/keycloak/realm.json.
type keycloak struct {
	issuer string
	// Endpoints of its discovery document.
	Token         string `json:"token_endpoint"`
	Revocation    string `json:"revocation_endpoint"`
	Introspection string `json:"introspection_endpoint"`
}

// startKeycloak runs Keycloak until the test ends, with a client for the gateway at
// app.
func startKeycloak(t *testing.T, app string) *keycloak {
	t.Helper()
	program(t, "java", "default-jre-headless")
	installed, err := keycloakHome()
	if err != nil {
		t.Fatal(err)
	}
	home := keycloakCopy(t, installed, app)
	// Another host name than the gateway's, so that they are cross-site.
	origin := "http://127.0.0.1:" + freePort(t)
	_, port, _ := strings.Cut(strings.TrimPrefix(origin, "http://"), ":")
	cmd := exec.Command(filepath.Join(home, "bin", "kc.sh"), "start", "--optimized", "--import-realm", "--cache=local",
		"--http-enabled=true", "--http-host=127.0.0.1", "--http-port="+port, "--hostname="+origin)
	cmd.Dir = home
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "JAVA_HOME=" + os.Getenv("JAVA_HOME"), "HOME=" + home,
		"JAVA_OPTS_KC_HEAP=-Xms64m -Xmx384m", "JAVA_OPTS_APPEND=-XX:TieredStopAtLevel=1 -Djava.io.tmpdir=" + home}
	p := start(t, "Keycloak", cmd)

	k := &keycloak{issuer: origin + "/realms/example"}
	last := ""
	untilAtMost(t, 4*patience, "Keycloak to be ready", func() bool {
		p.runsStill(t)
		status, err := getJSON(k.issuer+"/.well-known/openid-configuration", k)
		last = fmt.Sprint(status, " ", err)
		return err == nil && status == 200
	}, func() string { return "last answer: " + last })
	if k.Token == "" || k.Revocation == "" || k.Introspection == "" {
		t.Fatalf("Keycloak lacks an endpoint: %+v", k)
	}
	return k
}

// keycloakCopy is a directory that a Keycloak of its own can run in: what it only reads
// is linked to.
func keycloakCopy(t *testing.T, installed, app string) (home string) {
	t.Helper()
	home = t.TempDir()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("no Keycloak in %s: %v", installed, err)
		}
	}
	for _, name := range []string{"conf", "lib", "providers", "themes"} {
		_, err := os.Stat(filepath.Join(installed, name))
		must(err)
		must(os.Symlink(filepath.Join(installed, name), filepath.Join(home, name)))
	}
	// The program takes the directory above its own for its home.
	must(os.CopyFS(filepath.Join(home, "bin"), os.DirFS(filepath.Join(installed, "bin"))))
	must(os.CopyFS(filepath.Join(home, "data", "h2"), os.DirFS(filepath.Join(installed, "data", "h2"))))
	realm, err := os.ReadFile("testdata/keycloak/realm.json")
	must(err)
	must(os.Mkdir(filepath.Join(home, "data", "import"), 0o700))
	must(os.WriteFile(filepath.Join(home, "data", "import", "realm.json"),
		[]byte(strings.ReplaceAll(string(realm), keycloakExampleApp, app)), 0o600))
	return home
}

// settings of a gateway that is the realm's client gatehouse.
func (k *keycloak) settings(more map[string]string) map[string]string {
	all := map[string]string{
		"AUTH_SERVER_URL": k.issuer,
		"CLIENT_ID":       "gatehouse",
		"CLIENT_SECRET":   keycloakSecrets["gatehouse"],
		"REQUIRE_PKCE":    "true",
		"ROLES_CLAIM":     "roles",
		"ACCESS_RULES": "* /editors/* role=editor; * /machines/* role=machine; * /finance/* group=finance; " +
			"* /recent/* acr=1 & max-age=10m | acr=0 & max-age=10m; * /gold/* acr=gold; * /* any",
		"PAR": "on",
	}
	for name, value := range more {
		all[name] = value
	}
	return all
}

// site is the gateway at app, which must have k's settings.
func (k *keycloak) site(app string) *site {
	return &site{
		app: app, provider: k.issuer, foreign: true,
		user: "Alice Example", email: "alice@example.com",
		password: `input[name="password"]`,
		login: func(tab tab, first bool) {
			if first {
				keycloakLogin(tab, "alice")
			}
		},
	}
}

// keycloakLogin fills in and leaves the login page.
func keycloakLogin(tab tab, user string) {
	tab.fill(`input[name="username"]`, user)
	tab.fill(`input[name="password"]`, "password")
	tab.click(`#kc-login`)
}
