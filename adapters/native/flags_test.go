package native

import (
	"slices"
	"strings"
	"testing"
)

func TestASessionsIDIsNoOption(t *testing.T) {
	for _, id := range []string{"-" + strings.Repeat("a", 42), "--" + strings.Repeat("b", 41), "-h" + strings.Repeat("-", 41)} {
		var config string
		rest, err := flags{"config": &config}.parse([]string{"revoke", id, "--config", "file"})
		if err != nil || !slices.Equal(rest, []string{"revoke", id}) || config != "file" {
			t.Errorf("%s: %q, %q, %v", id, rest, config, err)
		}
	}
	if rest, err := (flags{}).parse([]string{"--" + strings.Repeat("b", 40)}); err == nil {
		t.Errorf("an unknown option is accepted as %q", rest)
	}
}
