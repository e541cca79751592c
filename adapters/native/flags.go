package native

import (
	"errors"
	"strings"
)

// flags maps the names of a command's options to *string, *bool, or *[]string for those
// that may be repeated.
type flags map[string]any

// errHelp asks for the usage text.
var errHelp = errors.New("help requested")

// idLength is that of a session's ID, which may begin as options do. No option is as long.
const idLength = 43

// parse reads options from args and returns the other arguments, sessions' IDs among them.
// "--" ends the options.
func (f flags) parse(args []string) (rest []string, err error) {
	seen := map[string]bool{}
	for len(args) > 0 {
		arg := args[0]
		args = args[1:]
		if arg == "--" {
			return append(rest, args...), nil
		}
		if len(arg) < 2 || arg[0] != '-' || len(arg) == idLength && sessionID.MatchString(arg) {
			rest = append(rest, arg)
			continue
		}
		if arg == "-h" || arg == "--help" {
			return nil, errHelp
		}
		name, value, inline := strings.Cut(strings.TrimPrefix(arg[1:], "-"), "=")
		list, repeats := f[name].(*[]string)
		if seen[name] && !repeats {
			return nil, usagef("", "option --%s is given twice", name)
		}
		seen[name] = true
		var one string
		target := f[name]
		if repeats {
			target = &one
		}
		switch target := target.(type) {
		case *bool:
			if inline {
				return nil, usagef("", "option --%s takes no value", name)
			}
			*target = true
		case *string:
			if !inline {
				if len(args) == 0 {
					return nil, usagef("", "option --%s needs a value", name)
				}
				value, args = args[0], args[1:]
			}
			if value == "" {
				return nil, usagef("", "option --%s needs a value", name)
			}
			*target = value
			if repeats {
				*list = append(*list, value)
			}
		default:
			var names []string
			for known := range f {
				names = append(names, "--"+known)
			}
			return nil, usagef(didYouMean("--"+name, names, "run: gatehouse help"), "unknown option --%s", name)
		}
	}
	return rest, nil
}

// options parses args of a command that takes no further arguments. help is true
// when the usage text was asked for and printed.
func (c *call) options(f flags, args []string) (help bool, err error) {
	rest, err := f.parse(args)
	if errors.Is(err, errHelp) {
		return true, runHelp(c, nil)
	}
	if err == nil && len(rest) > 0 {
		err = usagef("run: gatehouse help", "unexpected argument %q", rest[0])
	}
	return false, err
}
