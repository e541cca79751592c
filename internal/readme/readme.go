// Package readme reads the shell commands that a Markdown document shows, so that a
// test can hold them to what they promise.
package readme

import (
	"fmt"
	"strings"
)

// Command is one shell command of a document.
type Command struct {
	// Text is the command with its continuation lines and here-documents.
	Text string
	// Line is where it begins, counted from 1.
	Line int
	// Block counts the fenced blocks that hold commands, from 1: commands of one
	// block are meant for one shell.
	Block int
}

// Commands returns the commands of the blocks fenced with ```sh, in order. Comments
// and empty lines are no commands; a line that ends in a backslash goes on, and so
// does one that opens a here-document (<<WORD or <<'WORD'). Fences with other words,
// such as bash or console, are errors: their commands would not be looked at.
func Commands(markdown string) ([]Command, error) {
	var commands []Command
	lines := strings.Split(markdown, "\n")
	fence, block := "", 0
	for i := 0; i < len(lines); i++ {
		line := lines[i]
		trimmed := strings.TrimSpace(line)
		if word, ok := strings.CutPrefix(trimmed, "```"); ok {
			switch {
			case fence != "":
				fence = ""
				continue
			case word == "bash" || word == "shell" || word == "console" || word == "zsh":
				return nil, fmt.Errorf("line %d: fenced with %q, not sh", i+1, word)
			case word == "":
				fence = "text"
			default:
				fence = word
			}
			if fence == "sh" {
				block++
			}
			continue
		}
		if fence != "sh" || trimmed == "" || strings.HasPrefix(trimmed, "#") {
			continue
		}
		c := Command{Text: trimmed, Line: i + 1, Block: block}
		for strings.HasSuffix(lines[i], "\\") && i+1 < len(lines) {
			i++
			c.Text += "\n" + lines[i]
		}
		if end := hereDocument(c.Text); end != "" {
			for i+1 < len(lines) && strings.TrimSpace(lines[i]) != end {
				i++
				c.Text += "\n" + lines[i]
			}
		}
		commands = append(commands, c)
	}
	if fence != "" {
		return nil, fmt.Errorf("a fence is not closed")
	}
	return commands, nil
}

// hereDocument returns the word that ends the here-document which command opens, or
// "".
func hereDocument(command string) string {
	_, after, ok := strings.Cut(command, "<<")
	if !ok {
		return ""
	}
	word, _, _ := strings.Cut(strings.TrimSpace(strings.TrimPrefix(after, "-")), " ")
	return strings.Trim(word, `'"`)
}
