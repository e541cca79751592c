package wasihost

import (
	"embed"
	"fmt"
)

// The interfaces that the host offers, in the language of their specifications,
// less the version that stands behind a package's name.
//
//go:embed wit/*.wit
var witFiles embed.FS

// function is one function of an interface, called like its import: "get",
// "[method]fields.get", "[resource-drop]fields".
type function struct {
	name    string // "wasi:http/types [method]fields.get"
	params  []field
	result  *typ      // nil for none
	dropped *resource // of a drop, which has no definition of its own
}

// definitions are the functions of every interface by their name, and the resources.
type definitions struct {
	functions  map[string]*function
	interfaces map[string]map[string]*typ // types by their name in "wasi:http/types"
}

// loadDefinitions parses the embedded files. Files are in the order of their
// dependencies: clocks, http, io, spin need io first.
func loadDefinitions() (*definitions, error) {
	d := &definitions{functions: map[string]*function{}, interfaces: map[string]map[string]*typ{}}
	for _, name := range []string{"io", "clocks", "http", "spin"} {
		text, err := witFiles.ReadFile("wit/" + name + ".wit")
		if err != nil {
			return nil, err
		}
		if err := d.parse(string(text)); err != nil {
			return nil, fmt.Errorf("%s.wit: %w", name, err)
		}
	}
	return d, nil
}
