package native

import (
	"slices"
	"strings"
	"testing"

	"gatehouse/core/config"
)

// Settings of the gateway and of the server share one name space, and the reference is
// made from the table.
func TestSettingsTable(t *testing.T) {
	var names []string
	for _, f := range append(config.Fields(&config.Config{}), Settings(&Config{})...) {
		if slices.Contains(names, f.Name) || slices.Contains(names, f.Name+fileSuffix) {
			t.Errorf("%s occurs twice", f.Name)
		}
		names = append(names, f.Name)
		if f.Secret {
			names = append(names, f.Name+fileSuffix)
		}
		if !settingName(f.Name) || f.Section == "" || f.Set == nil || !strings.HasSuffix(f.Doc, ".") {
			t.Errorf("%s is incomplete", f.Name)
		}
		if f.Default != "" {
			if err := f.Set(f.Default); err != nil {
				t.Errorf("%s: its own default %v", f.Name, err)
			}
		}
	}
}

func TestAdminSocketDefault(t *testing.T) {
	for _, c := range []struct{ name, environ, want string }{
		{"beside the store", "STORE_PATH=x.db", "x.db.sock"},
		{"none for a store in memory", "STORE=memory", ""},
		{"none for a store over HTTP", "STORE=rest STORE_URL=https://a.example STORE_TOKEN=t", ""},
		{"asked for with a store in memory", "STORE=memory ADMIN_SOCKET=a.sock", "a.sock"},
		{"switched off", "ADMIN_SOCKET=none", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			server, errs := openSource("", strings.Fields(c.environ)).loadServer()
			if len(errs) > 0 || server.AdminSocket != c.want {
				t.Errorf("got %q, %v", server.AdminSocket, errs)
			}
		})
	}
	_, errs := openSource("", []string{"STORE_PATH=" + strings.Repeat("x", maxSocketPath)}).loadServer()
	if len(errs) != 1 || errs[0].Name != "ADMIN_SOCKET" {
		t.Errorf("a path too long for a socket: %v", errs)
	}
}
