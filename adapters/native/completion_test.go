package native

import (
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"gatehouse/adapters/native/completion"
)

// What shells complete is what the command takes and what its usage text says.
func TestVocabulary(t *testing.T) {
	var names []string
	for _, cmd := range commands() {
		names = append(names, cmd.name)
	}
	var offered []string
	for _, cmd := range vocabulary() {
		offered = append(offered, cmd.Name)
		for _, o := range cmd.Options {
			if !strings.Contains(usage, o.Name) {
				t.Errorf("%s %s is not in the usage text", cmd.Name, o.Name)
			}
			arg := []string{o.Name}
			if o.Value != completion.None {
				arg = []string{o.Name, "value"}
			}
			c := &call{stdout: io.Discard, say: messages{w: io.Discard}}
			err := c.dispatch(append(append([]string{cmd.Name}, arg...), "--no-such-option"))
			var wrong *usageError
			if !errors.As(err, &wrong) || wrong.problem != "unknown option --no-such-option" {
				t.Errorf("%s %s: %v", cmd.Name, o.Name, err)
			}
			if o.Repeats {
				err := c.dispatch(append(append(append([]string{cmd.Name}, arg...), arg...), "--no-such-option"))
				if !errors.As(err, &wrong) || wrong.problem != "unknown option --no-such-option" {
					t.Errorf("%s %s twice: %v", cmd.Name, o.Name, err)
				}
			}
			for _, text := range append([]string{o.About, cmd.About}, append(o.Choices, cmd.Words...)...) {
				if strings.ContainsAny(text, "'\"[]:$`\\()") {
					t.Errorf("%s %s: a shell could misread %q", cmd.Name, o.Name, text)
				}
			}
		}
	}
	if !slices.Equal(names, offered) {
		t.Errorf("shells complete %v, and there are %v", offered, names)
	}
	// Every option of the usage text's first part belongs to a command.
	synopsis, _, _ := strings.Cut(usage, "Gatehouse puts")
	for _, word := range strings.FieldsFunc(synopsis, func(r rune) bool { return strings.ContainsRune(" []|.\n", r) }) {
		if strings.HasPrefix(word, "-") && !slices.ContainsFunc(vocabulary(), func(c completion.Command) bool {
			return slices.ContainsFunc(c.Options, func(o completion.Option) bool { return o.Name == word })
		}) {
			t.Errorf("no shell completes %s", word)
		}
	}
}
