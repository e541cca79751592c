package completion

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

var program = []Command{
	{Name: "login", About: "Log in", Options: []Option{
		{Name: "--broker", About: "The broker", Value: Text},
		{Name: "--flow", About: "How", Value: Choice, Choices: []string{"loopback", "poll", "paste"}},
		{Name: "--key-file", About: "A key", Value: File},
		{Name: "--json", About: "Print JSON"},
	}},
	{Name: "call", About: "Call", Words: []string{"GET", "POST"}, Options: []Option{{Name: "-d", About: "A parameter", Value: Text, Repeats: true}}},
	{Name: "logout", About: "Log out"},
}

func TestBash(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("bash is not installed")
		}
		t.Skip("bash is not installed")
	}
	for _, c := range []struct {
		line string // the last word is the one to complete, "" after a blank
		want string
	}{
		{"prog ", "login call logout"},
		{"prog log", "login logout"},
		{"prog x", ""},
		{"prog login ", "--broker --flow --key-file --json --help"},
		{"prog login --f", "--flow"},
		{"prog login --flow ", "loopback poll paste"},
		{"prog login --flow = p", "poll paste"},
		{"prog login --flow =", "loopback poll paste"},
		{"prog login --flow poll --j", "--json"},
		{"prog login --broker ", ""},
		{"prog login --key-file ", ""},
		{"prog call ", "GET POST -d --help"},
		{"prog call G", "GET"},
		{"prog call GET ", "-d --help"},
		{"prog frobnicate ", ""},
	} {
		words := strings.Split(c.line, " ")
		quoted := make([]string, len(words))
		for i, w := range words {
			quoted[i] = "'" + w + "'"
		}
		script := "set -eu\n" + Script("bash", "prog", program) + "\nCOMP_WORDS=(" + strings.Join(quoted, " ") + "); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _prog || true; echo \"${COMPREPLY[*]-}\"\n"
		out, err := exec.Command(bash, "--norc", "-c", script).CombinedOutput()
		if err != nil || strings.TrimSpace(string(out)) != c.want {
			t.Errorf("%q: got %q, %v, want %q", c.line, out, err, c.want)
		}
	}
}

func TestEveryShellKnowsEveryWord(t *testing.T) {
	for _, shell := range Shells {
		script := Script(shell, "prog", program)
		for _, c := range program {
			for _, o := range c.Options {
				word := o.Name
				if shell == "fish" {
					word = strings.TrimLeft(word, "-")
				}
				if !strings.Contains(script, word) {
					t.Errorf("%s: no %s", shell, o.Name)
				}
				for _, choice := range o.Choices {
					if !strings.Contains(script, choice) {
						t.Errorf("%s: no %s", shell, choice)
					}
				}
			}
			for _, word := range append([]string{c.Name}, c.Words...) {
				if !strings.Contains(script, word) {
					t.Errorf("%s: no %s", shell, word)
				}
			}
		}
	}
	if Script("cmd", "prog", program) != "" || slices.Contains(Shells, "cmd") {
		t.Error("there is a script for another shell")
	}
}
