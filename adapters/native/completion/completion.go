// Package completion writes what makes a shell complete a command's words: scripts for
// bash (3.2 and newer), zsh and fish.
package completion

import (
	"slices"
	"strings"
)

// Command is one word of the command line and what may follow it.
type Command struct {
	Name, About string
	// Words may come next, before options.
	Words   []string
	Options []Option
}

// Option is an option of a command. Texts are plain: letters, digits, blanks, and signs
// that mean nothing to a shell.
type Option struct {
	// Name has its hyphens.
	Name, About string
	// Value is what the option takes; "": nothing.
	Value Value
	// Choices are all values, of Choice.
	Choices []string
	// Repeats: the option may be given again.
	Repeats bool
}

// Value is a kind of value.
type Value string

// Kinds of values.
const (
	None   Value = ""
	Text   Value = "text"
	File   Value = "file"
	Choice Value = "choice"
)

// Shells are those that there are scripts for.
var Shells = []string{"bash", "zsh", "fish"}

// Script returns the script of a shell for a program and its commands, or "" for a shell
// that is not one of Shells.
func Script(shell, program string, commands []Command) string {
	var b strings.Builder
	switch shell {
	case "bash":
		bash(&b, program, commands)
	case "zsh":
		zsh(&b, program, commands)
	case "fish":
		fish(&b, program, commands)
	}
	return b.String()
}

func names(commands []Command) (all []string) {
	for _, c := range commands {
		all = append(all, c.Name)
	}
	return all
}

// taking returns the names of the options of any command that take such a value.
func taking(commands []Command, value Value) (all []string) {
	for _, c := range commands {
		for _, o := range c.Options {
			if o.Value == value && !slices.Contains(all, o.Name) {
				all = append(all, o.Name)
			}
		}
	}
	return all
}
