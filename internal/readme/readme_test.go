package readme

import (
	"slices"
	"testing"
)

func TestCommands(t *testing.T) {
	const document = "# Title\n\n```sh\n# a comment\ngo build .\n\nFOO=bar \\\n  gatehouse serve\n```\n\n" +
		"```go\nfunc main() {}\n```\n\n```\nplain text\n```\n\n```sh\ncat >file <<'EOF'\n# not a comment\n```sh is not special here\nEOF\necho done\n```\n"
	got, err := Commands(document)
	if err != nil {
		t.Fatal(err)
	}
	want := []Command{
		{Text: "go build .", Line: 5, Block: 1},
		{Text: "FOO=bar \\\n  gatehouse serve", Line: 7, Block: 1},
		{Text: "cat >file <<'EOF'\n# not a comment\n```sh is not special here\nEOF", Line: 20, Block: 2},
		{Text: "echo done", Line: 24, Block: 2},
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestCommandsRefuses(t *testing.T) {
	for name, document := range map[string]string{
		"a fence with another shell's name": "```bash\nrm -r x\n```\n",
		"a fence that is not closed":        "```sh\ngo build\n",
	} {
		if got, err := Commands(document); err == nil {
			t.Errorf("%s: %+v", name, got)
		}
	}
}
