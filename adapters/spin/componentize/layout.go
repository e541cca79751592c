package componentize

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
)

// Sections of a component, and sorts of what they define (Component Model, "Binary
// Format").
const (
	sectionCustom    = 0
	sectionModule    = 1
	sectionComponent = 4
	sectionInstance  = 5
	sectionAlias     = 6
	sectionType      = 7
	sectionImport    = 10
	sectionExport    = 11

	sortFunction = 0x01
	sortType     = 0x03
	sortInstance = 0x05
)

// section is one of a module or of a component.
type section struct {
	id      byte
	content []byte
}

const preamble = 8

// sectionsOf splits a module or a component.
func sectionsOf(module []byte) ([]section, error) {
	if len(module) < preamble || string(module[:4]) != "\x00asm" {
		return nil, errModule
	}
	var list []section
	rest := reader{module[preamble:]}
	for len(rest.bytes) > 0 {
		id, err := rest.byte()
		if err != nil {
			return nil, err
		}
		content, err := rest.vector()
		if err != nil {
			return nil, err
		}
		list = append(list, section{id, content})
	}
	return list, nil
}

// functionsOf returns what a core module imports of an interface, without what drops
// resources.
func functionsOf(module []byte, name string) (functions []string, err error) {
	sections, err := sectionsOf(module)
	if err != nil {
		return nil, err
	}
	for _, s := range sections {
		if s.id != importSection {
			continue
		}
		r := reader{s.content}
		err := r.each(func() error {
			from, err := r.vector()
			if err != nil {
				return err
			}
			function, err := r.vector()
			if err != nil {
				return err
			}
			if string(from) == name && !strings.HasPrefix(string(function), "[resource-drop]") {
				functions = append(functions, string(function))
			}
			if kind, err := r.byte(); err != nil || kind != 0 {
				return errModule
			}
			_, err = r.number()
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return functions, nil
}

// item is something with a name: what a component imports, or what an instance of it is
// given.
type item struct {
	name   string
	sort   byte
	number uint32 // of what is given
}

// imported reads an import.
func (r *reader) imported() (item, error) {
	if _, err := r.byte(); err != nil { // how the name is written
		return item{}, err
	}
	name, err := r.vector()
	if err != nil {
		return item{}, err
	}
	sort, err := r.byte()
	if err != nil {
		return item{}, err
	}
	if sort == sortType {
		if bound, err := r.byte(); err != nil || bound > 1 {
			return item{}, errModule
		} else if bound == 1 { // a resource
			return item{string(name), sort, 0}, nil
		}
	}
	_, err = r.number()
	return item{string(name), sort, 0}, err
}

// importsOf returns the imports of a component.
func importsOf(component []byte) (list []item, err error) {
	sections, err := sectionsOf(component)
	if err != nil {
		return nil, err
	}
	for _, s := range sections {
		if s.id != sectionImport {
			continue
		}
		r := reader{s.content}
		err := r.each(func() error {
			i, err := r.imported()
			list = append(list, i)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return list, nil
}

// prefix is the beginning of a component: its imports, which are instances, and their
// types.
type prefix struct {
	binary           []byte
	imports          []string
	types, functions uint32 // how many there are
}

// instance is the number of an import, which must be there.
func (p *prefix) instance(name string) uint32 { return uint32(slices.Index(p.imports, name)) }

// readPrefix reads component up to its first module.
func readPrefix(component []byte) (prefix, error) {
	sections, err := sectionsOf(component)
	if err != nil {
		return prefix{}, err
	}
	w := writer{binary: bytes.Clone(component[:preamble])}
	p := prefix{}
	for _, s := range sections {
		r := reader{s.content}
		switch s.id {
		case sectionCustom:
			continue
		case sectionModule:
			p.binary, p.types, p.functions = w.binary, w.types, w.functions
			return p, nil
		case sectionType:
			n, err := r.number()
			if err != nil {
				return prefix{}, err
			}
			w.types += uint32(n)
		case sectionAlias:
			err = r.each(func() error {
				sort, err := r.byte()
				if err != nil {
					return err
				}
				if kind, err := r.byte(); err != nil || sort != sortType || kind != 0 {
					return errModule // only types of instances are expected
				}
				if _, err := r.number(); err != nil {
					return err
				}
				w.types++
				_, err = r.vector()
				return err
			})
		case sectionImport:
			err = r.each(func() error {
				i, err := r.imported()
				if err == nil && i.sort != sortInstance {
					err = errModule
				}
				p.imports = append(p.imports, i.name)
				return err
			})
		default:
			err = fmt.Errorf("componentize: section %d before the first module", s.id)
		}
		if err != nil {
			return prefix{}, err
		}
		w.section(s.id, s.content)
	}
	return prefix{}, errModule
}

// each calls f for each element of a vector.
func (r *reader) each(f func() error) error {
	n, err := r.number()
	if err != nil {
		return err
	}
	for range n {
		if err := f(); err != nil {
			return err
		}
	}
	return nil
}

// writer appends sections to a component and counts what they define.
type writer struct {
	binary                      []byte
	instances, types, functions uint32
}

// newWriter goes on behind p.
func newWriter(p prefix) *writer {
	return &writer{binary: bytes.Clone(p.binary), instances: uint32(len(p.imports)), types: p.types, functions: p.functions}
}

func (w *writer) section(id byte, content []byte) {
	w.binary = appendVector(append(w.binary, id), content)
}

// define appends a section with one element.
func (w *writer) define(id byte, element []byte) {
	w.section(id, append([]byte{1}, element...))
}

// instantiate makes an instance of the component with a number.
func (w *writer) instantiate(component uint32, arguments []item) (instance uint32) {
	e := binary.AppendUvarint([]byte{0x00}, uint64(component))
	e = binary.AppendUvarint(e, uint64(len(arguments)))
	for _, a := range arguments {
		e = binary.AppendUvarint(append(appendName(e, a.name), a.sort), uint64(a.number))
	}
	w.define(sectionInstance, e)
	w.instances++
	return w.instances - 1
}

func (w *writer) alias(sort byte, instance uint32, name string) {
	e := binary.AppendUvarint([]byte{sort, 0x00}, uint64(instance))
	w.define(sectionAlias, appendName(e, name))
}

func (w *writer) aliasType(instance uint32, name string) uint32 {
	w.alias(sortType, instance, name)
	w.types++
	return w.types - 1
}

func (w *writer) aliasFunction(instance uint32, name string) uint32 {
	w.alias(sortFunction, instance, name)
	w.functions++
	return w.functions - 1
}

func (w *writer) aliasInstance(instance uint32, name string) uint32 {
	w.alias(sortInstance, instance, name)
	w.instances++
	return w.instances - 1
}

// instance makes an instance of functions.
func (w *writer) instance(names []string, functions []uint32) uint32 {
	e := binary.AppendUvarint([]byte{0x01}, uint64(len(names)))
	for i, name := range names {
		e = binary.AppendUvarint(append(appendName(append(e, 0x00), name), sortFunction), uint64(functions[i]))
	}
	w.define(sectionInstance, e)
	w.instances++
	return w.instances - 1
}

func (w *writer) exportInstance(name string, number uint32) {
	e := binary.AppendUvarint(append(appendName([]byte{0x00}, name), sortInstance), uint64(number))
	w.define(sectionExport, append(e, 0x00)) // no type of its own
	w.instances++
}

func appendName(out []byte, name string) []byte {
	return append(binary.AppendUvarint(out, uint64(len(name))), name...)
}
