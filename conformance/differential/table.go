package differential

import (
	"fmt"
	"strings"
)

// Table is the counts of the references, with titles over them, in Markdown.
func Table(titles, references []string, counts map[string]*Counts) string {
	var b strings.Builder
	fmt.Fprintf(&b, "| cases | %s |\n|---|%s\n", strings.Join(titles, " | "), strings.Repeat("---|", len(titles)))
	for _, row := range []struct {
		name  string
		value func(*Counts) int
	}{
		{"compared", func(n *Counts) int { return n.Played - n.Application }},
		{"both accept", func(n *Counts) int { return n.EqualAccepted }},
		{"both refuse", func(n *Counts) int { return n.EqualRefused }},
		{"the gateway is stricter", func(n *Counts) int { return n.Stricter }},
		{"the gateway is laxer", func(n *Counts) int { return n.Laxer }},
		{"not compared: nothing for the library to decide", func(n *Counts) int { return n.Application }},
	} {
		fmt.Fprintf(&b, "| %s |", row.name)
		for _, name := range references {
			fmt.Fprintf(&b, " %d |", row.value(counts[name]))
		}
		fmt.Fprintln(&b)
	}
	return b.String()
}
