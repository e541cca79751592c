// Package check holds compose.yaml to what docs/zitadel.md says of it. It is a module of
// its own because of the library, the one that docker compose reads such files with.
package check

import (
	"context"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
)

const file = "../compose.yaml"

// secrets are values that a deployment could have.
var secrets = []string{
	"ZITADEL_MASTERKEY=0123456789abcdef0123456789abcdef", "POSTGRES_PASSWORD=a",
	"ZITADEL_DATABASE_PASSWORD=b", "ZITADEL_ADMIN_PASSWORD=Aa1!c",
}

// load reads the file as docker compose does, with the schema, for this environment.
func load(environment []string) (*types.Project, error) {
	o, err := cli.NewProjectOptions([]string{file}, cli.WithEnv(environment))
	if err != nil {
		return nil, err
	}
	return o.LoadProject(context.Background())
}

func TestCompose(t *testing.T) {
	project, err := load(secrets)
	if err != nil {
		t.Fatal(err)
	}
	if len(project.Services) != 2 {
		t.Errorf("%d services", len(project.Services))
	}
	pinned := regexp.MustCompile(`^[a-z0-9./-]+:v?\d+\.\d+(\.\d+)?(-[a-z0-9]+)?(@sha256:[0-9a-f]{64})?$`)
	for name, s := range project.Services {
		if !pinned.MatchString(s.Image) {
			t.Errorf("%s: image %s has no full version", name, s.Image)
		}
		if s.HealthCheck == nil || s.HealthCheck.Disable || len(s.HealthCheck.Test) == 0 {
			t.Errorf("%s: no health check", name)
		}
		if s.Privileged || s.NetworkMode == "host" || s.User == "0" {
			t.Errorf("%s has more rights than it needs", name)
		}
		for _, p := range s.Ports {
			if p.HostIP != "127.0.0.1" {
				t.Errorf("%s: port %s is open on %q", name, p.Published, p.HostIP)
			}
		}
	}
	if n := len(project.Services["postgres"].Ports); n != 0 {
		t.Errorf("the database has %d ports", n)
	}
	if _, outside := project.Services["postgres"].Networks["provider"]; outside || !project.Networks["database"].Internal {
		t.Error("the database can be reached from outside")
	}
}

// Each secret comes from the environment; without one nothing starts.
func TestSecrets(t *testing.T) {
	for i, s := range secrets {
		name, _, _ := strings.Cut(s, "=")
		for _, without := range [][]string{
			slices.Delete(slices.Clone(secrets), i, i+1),
			append(slices.Delete(slices.Clone(secrets), i, i+1), name+"="),
		} {
			if _, err := load(without); err == nil || !strings.Contains(err.Error(), "docs/zitadel.md") {
				t.Errorf("without %s: %v", name, err)
			}
		}
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`(?m)^\s+(\w*(?:PASSWORD|MASTERKEY|SECRET)): *(.*)$`).FindAllStringSubmatch(string(text), -1) {
		if !strings.HasPrefix(m[2], "${") {
			t.Errorf("%s is written into the file", m[1])
		}
	}
}

// The template names what is read, and has no values that could be left in.
func TestTemplate(t *testing.T) {
	text, err := os.ReadFile("../.env.example")
	if err != nil {
		t.Fatal(err)
	}
	var got, want []string
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); !strings.HasPrefix(line, "#") {
			got = append(got, line)
		}
	}
	guide, err := os.ReadFile("../../../docs/zitadel.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range secrets {
		name, _, _ := strings.Cut(s, "=")
		want = append(want, name+"=")
		if !regexp.MustCompile(`(?m)^ *` + name + `=.*\$\(openssl rand `).Match(guide) {
			t.Errorf("the guide does not make %s", name)
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("template has %v, want %v", got, want)
	}
}
