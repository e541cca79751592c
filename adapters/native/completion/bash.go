package completion

import (
	"fmt"
	"strings"
)

// bash writes a function for bash. Where it has nothing to offer, as for the value of a
// file option, the shell completes file names.
func bash(b *strings.Builder, program string, commands []Command) {
	fmt.Fprintf(b, `# bash completion for %[1]s
_%[1]s() {
    local cur="${COMP_WORDS[COMP_CWORD]}" prev="${COMP_WORDS[COMP_CWORD-1]}" words=""
    if [ "$cur" = "=" ]; then
        cur=""
    elif [ "$prev" = "=" ]; then
        prev="${COMP_WORDS[COMP_CWORD-2]}"
    fi
    COMPREPLY=()
    if [ "$COMP_CWORD" -eq 1 ]; then
        words="%[2]s"
    else
        case "$prev" in
`, program, strings.Join(names(commands), " "))
	fmt.Fprintf(b, "            %s) return ;;\n", strings.Join(append(taking(commands, Text), taking(commands, File)...), "|"))
	done := map[string]bool{}
	for _, c := range commands {
		for _, o := range c.Options {
			if o.Value == Choice && !done[o.Name] {
				done[o.Name] = true
				fmt.Fprintf(b, "            %s) words=\"%s\" ;;\n", o.Name, strings.Join(o.Choices, " "))
			}
		}
	}
	b.WriteString("            *)\n                case \"${COMP_WORDS[1]}\" in\n")
	for _, c := range commands {
		var offered []string
		for _, o := range c.Options {
			offered = append(offered, o.Name)
		}
		offered = append(offered, "--help")
		if len(c.Words) > 0 {
			fmt.Fprintf(b, "                    %s) words=\"%s\"; [ \"$COMP_CWORD\" -eq 2 ] && words=\"%s $words\" ;;\n", c.Name, strings.Join(offered, " "), strings.Join(c.Words, " "))
		} else {
			fmt.Fprintf(b, "                    %s) words=\"%s\" ;;\n", c.Name, strings.Join(offered, " "))
		}
	}
	fmt.Fprintf(b, `                esac ;;
        esac
    fi
    COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -o default -F _%[1]s %[1]s
`, program)
}
