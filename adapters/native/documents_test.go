package native

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gatehouse/core/broker/provider"
	"gatehouse/core/config"
)

// guides are the documents that tell people what to set.
var guides = []string{"README.md", "SECURITY.md", "STORAGE.md", "DESIGN.md", "docs/access.md", "docs/broker.md", "docs/broker-github.md", "docs/broker-google.md", "docs/broker-lastfm.md", "docs/broker-provider.md",
	"docs/broker-spotify.md", "docs/configuration.md", "docs/providers.md", "docs/zitadel.md"}

// settingText is what looks like a setting: in code, upper case, two words at least.
var settingText = regexp.MustCompile("`([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)(?:=[^`]*)?`|(?m)^ *([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)=")

// settingRow is a row about a setting in a table.
var settingRow = regexp.MustCompile("(?m)^\\| `([A-Z]+(?:_[A-Z]+)+)`")

// others have such names and are none of ours.
var others = []string{"BROKER_SERVICE_HOST", "BROKER_PORT_80_TCP", "BROKER_URL", "HTTPS_PROXY", "NAME_FILE", "XDG_CONFIG_HOME", "ZITADEL_MASTERKEY", "POSTGRES_PASSWORD", "ZITADEL_DATABASE_PASSWORD", "ZITADEL_ADMIN_PASSWORD"}

func guide(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestTheGuidesNameSettingsThatExist(t *testing.T) {
	known := slices.Clone(others)
	fields := append(config.Fields(&config.Config{}), Settings(&Config{})...)
	// NAME stands for a provider's name; guides show settings of those that are built in.
	for _, name := range []string{"name", "lastfm", "spotify", "github", "google", "acme"} {
		fields = append(fields, config.ProviderFields(&provider.Settings{}, name)...)
	}
	for _, f := range fields {
		if known = append(known, f.Name); f.Secret {
			known = append(known, f.Name+fileSuffix)
		}
	}
	// What a platform sets besides stands in its own guide's tables.
	for _, name := range []string{"docs/cloudflare.md", "docs/spin.md"} {
		for _, m := range settingRow.FindAllStringSubmatch(guide(t, name), -1) {
			known = append(known, m[1])
		}
	}
	for _, name := range guides {
		found := settingText.FindAllStringSubmatch(guide(t, name), -1)
		if len(found) < 3 {
			t.Errorf("%s: only %d settings found", name, len(found))
		}
		for _, m := range found {
			if setting := m[1] + m[2]; !slices.Contains(known, setting) {
				t.Errorf("%s: there is no setting %s", name, setting)
			}
		}
	}
}

// What is marked as a configuration passes gatehouse check, with a COOKIE_SECRET and,
// where a file is named, a key.
func TestTheGuidesConfigurationsAreAccepted(t *testing.T) {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(private)})
	key, _ := json.Marshal(map[string]string{"type": "application", "keyId": "81693565968962154", "key": string(text), "clientId": "123456789012345678", "appId": "78366403256846242"})
	dir := t.TempDir()
	keyFile := filepath.Join(dir, "key.json")
	if err := os.WriteFile(keyFile, key, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]int{"docs/zitadel.md": 3, "docs/providers.md": 2} {
		blocks := regexp.MustCompile("(?ms)^( *)```env\n(.*?)^ *```$").FindAllStringSubmatch(guide(t, name), -1)
		if len(blocks) != want {
			t.Errorf("%s: %d configurations", name, len(blocks))
		}
		for i, block := range blocks {
			settings := regexp.MustCompile(`(?m)^ +`).ReplaceAllString(block[2], "")
			settings = regexp.MustCompile(`(?m)^CLIENT_KEY_FILE=.*$`).ReplaceAllString(settings, "CLIENT_KEY_FILE="+keyFile)
			file := filepath.Join(dir, "gatehouse.env")
			if err := os.WriteFile(file, []byte(settings+"COOKIE_SECRET="+cookieKey()+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			if code, _, errs := runMain("check", "--config", file); code != 0 || strings.Contains(errs, "warning") {
				t.Errorf("%s, configuration %d: exit %d\n%s\n%s", name, i+1, code, errs, settings)
			}
		}
	}
}
