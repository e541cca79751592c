package access_test

import (
	"os"
	"strings"
	"testing"

	"gatehouse/core/access"
)

func TestTheGuidesListsAreAccepted(t *testing.T) {
	t.Parallel()
	guide, err := os.ReadFile("../../docs/access.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := strings.Split(string(guide), "```access\n")[1:]
	if len(blocks) != 5 {
		t.Fatalf("%d lists found", len(blocks))
	}
	for i, block := range blocks {
		text, _, _ := strings.Cut(block, "```")
		if _, err := access.Parse(text); err != nil {
			t.Errorf("list %d: %v", i+1, err)
		}
	}
	for _, setting := range []string{
		`GET /reports/* group="head of sales"; * /reports/* deny; * /* any`,
		"* /admin/* role=admin\n* /* any",
	} {
		if _, err := access.Parse(setting); err != nil || !strings.Contains(string(guide), strings.ReplaceAll(setting, "\n", `\n`)) {
			t.Errorf("%q: %v", setting, err)
		}
	}
}
