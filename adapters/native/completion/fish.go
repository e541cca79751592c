package completion

import (
	"fmt"
	"strings"
)

// fish writes commands for fish.
func fish(b *strings.Builder, program string, commands []Command) {
	fmt.Fprintf(b, "# fish completion for %[1]s\ncomplete -c %[1]s -f\n", program)
	for _, c := range commands {
		fmt.Fprintf(b, "complete -c %s -n __fish_use_subcommand -a %s -d '%s'\n", program, c.Name, c.About)
	}
	for _, c := range commands {
		seen := fmt.Sprintf("complete -c %s -n '__fish_seen_subcommand_from %s' ", program, c.Name)
		if len(c.Words) > 0 {
			fmt.Fprintf(b, "complete -c %[1]s -n '__fish_seen_subcommand_from %[2]s; and not __fish_seen_subcommand_from %[3]s' -a '%[3]s'\n", program, c.Name, strings.Join(c.Words, " "))
		}
		for _, o := range c.Options {
			kind, name := "-l", strings.TrimLeft(o.Name, "-")
			if !strings.HasPrefix(o.Name, "--") {
				kind = "-s"
			}
			b.WriteString(seen + kind + " " + name)
			switch o.Value {
			case Text:
				b.WriteString(" -x")
			case File:
				b.WriteString(" -r -F")
			case Choice:
				fmt.Fprintf(b, " -x -a '%s'", strings.Join(o.Choices, " "))
			}
			fmt.Fprintf(b, " -d '%s'\n", o.About)
		}
		b.WriteString(seen + "-l help -d 'Print the usage text'\n")
	}
}
