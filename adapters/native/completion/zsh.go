package completion

import (
	"fmt"
	"strings"
)

// zsh writes a function for zsh, which works when it is sourced and as a file of fpath.
func zsh(b *strings.Builder, program string, commands []Command) {
	fmt.Fprintf(b, "#compdef %[1]s\n# zsh completion for %[1]s\n_%[1]s() {\n    local -a commands\n    commands=(\n", program)
	for _, c := range commands {
		fmt.Fprintf(b, "        '%s:%s'\n", c.Name, c.About)
	}
	fmt.Fprintf(b, `    )
    if (( CURRENT == 2 )); then
        _describe -t commands command commands
        return
    fi
    local command=$words[2]
    shift words
    (( CURRENT-- ))
    case $command in
`)
	for _, c := range commands {
		fmt.Fprintf(b, "        %s) _arguments '--help[Print the usage text]'", c.Name)
		for _, o := range c.Options {
			fmt.Fprintf(b, " \\\n            '%s'", zshOption(o))
		}
		if len(c.Words) > 0 {
			fmt.Fprintf(b, " \\\n            '1:word:(%s)'", strings.Join(c.Words, " "))
		}
		b.WriteString(" ;;\n")
	}
	fmt.Fprintf(b, `    esac
}
if [ "$funcstack[1]" = "_%[1]s" ]; then
    _%[1]s "$@"
else
    compdef _%[1]s %[1]s
fi
`, program)
}

func zshOption(o Option) string {
	text := o.Name
	if o.Value != None && strings.HasPrefix(o.Name, "--") {
		text += "="
	}
	text += "[" + o.About + "]"
	switch o.Value {
	case Text:
		text += ":value: "
	case File:
		text += ":file:_files"
	case Choice:
		text += ":value:(" + strings.Join(o.Choices, " ") + ")"
	}
	if o.Repeats {
		text = "*" + text
	}
	return text
}
