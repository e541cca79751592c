package config_test

import (
	"strings"
	"testing"

	"gatehouse/core/broker/provider"
	"gatehouse/core/config"
	"gatehouse/internal/reference"
)

func TestTheReferenceDescribesEveryField(t *testing.T) {
	reference.Part{File: "../../docs/configuration.md", Name: "The gateway's settings", Command: "go test ./core/config -update"}.
		Check(t, config.Reference(described()))
}

func TestReference(t *testing.T) {
	got := config.Reference([]config.Field{
		{Name: "A", Section: "First", Required: true, Doc: "One | two."},
		{Name: "B", Section: "Second", Secret: true, Doc: "Hidden."},
		{Name: "C", Section: "First", Default: "1s", Doc: "Three."},
	})
	const want = "## First\n\n| name | default | meaning |\n|---|---|---|\n" +
		"| `A` | required | One \\| two. |\n| `C` | `1s` | Three. |\n\n" +
		"## Second\n\n| name | default | meaning |\n|---|---|---|\n| `B` (secret) |  | Hidden. |\n\n"
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// described are the settings of the reference; NAME stands for a provider's name.
func described() []config.Field {
	return append(config.Fields(&config.Config{}), config.ProviderFields(&provider.Settings{}, "name")...)
}

func TestEveryFieldIsDescribed(t *testing.T) {
	names := map[string]bool{}
	for _, f := range described() {
		if names[f.Name] || f.Name != strings.ToUpper(f.Name) || f.Section == "" || f.Set == nil || !strings.HasSuffix(f.Doc, ".") {
			t.Errorf("%s is described badly or twice", f.Name)
		}
		names[f.Name] = true
		if f.Required && f.Default != "" || f.Secret && f.Default != "" || f.Required && f.Hint == "" {
			t.Errorf("%s: a default nobody sees, a default secret, or no hint", f.Name)
		}
		if f.Default != "" {
			if err := f.Set(f.Default); err != nil {
				t.Errorf("%s: its default %v", f.Name, err)
			}
		}
	}
	if names["HOST"] {
		t.Error("HOST is a setting again")
	}
}
