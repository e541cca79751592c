package wasihost

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// witParser reads one file. It knows what the files need of the language, and stops
// at everything else.
type witParser struct {
	*definitions
	words   []string
	pkg     string // "wasi:http"
	iface   string // "wasi:http/types"
	types   map[string]*typ
	failure error
}

func (d *definitions) parse(text string) error {
	p := &witParser{definitions: d, words: witWords(text)}
	p.expect("package")
	p.pkg = p.next()
	p.expect(";")
	for p.failure == nil && len(p.words) > 0 {
		p.expect("interface")
		p.iface = p.pkg + "/" + p.next()
		p.types = map[string]*typ{}
		p.interfaces[p.iface] = p.types
		p.expect("{")
		for p.failure == nil && !p.accept("}") {
			p.item()
		}
	}
	return p.failure
}

// witWords splits text into names and punctuation. "->", ":" inside of a name and
// "/" belong to words.
func witWords(text string) (words []string) {
	for line := range strings.SplitSeq(text, "\n") {
		line, _, _ = strings.Cut(line, "//")
		for line = strings.TrimSpace(line); line != ""; line = strings.TrimSpace(line) {
			n := strings.IndexFunc(line, func(r rune) bool {
				return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("-:/_", r)
			})
			switch {
			case strings.HasPrefix(line, "->"):
				n = 2
			case n < 0:
				n = len(line)
			case n == 0:
				n = 1
			}
			word := line[:n]
			if name, ok := strings.CutSuffix(word, ":"); ok && name != "" {
				words = append(words, name, ":")
			} else {
				words = append(words, word)
			}
			line = line[n:]
		}
	}
	return words
}

func (p *witParser) next() string {
	if len(p.words) == 0 || p.failure != nil {
		p.fail("unexpected end")
		return ""
	}
	w := p.words[0]
	p.words = p.words[1:]
	return w
}

func (p *witParser) accept(word string) bool {
	if p.failure == nil && len(p.words) > 0 && p.words[0] == word {
		p.words = p.words[1:]
		return true
	}
	return false
}

func (p *witParser) expect(word string) {
	if !p.accept(word) {
		p.fail("want %q before %q", word, p.words[:min(3, len(p.words))])
	}
}

func (p *witParser) fail(format string, args ...any) {
	if p.failure == nil {
		p.failure = fmt.Errorf("%s: %s", p.iface, fmt.Sprintf(format, args...))
	}
	p.words = nil
}

// separated parses a list up to end; a comma may stand behind the last.
func (p *witParser) separated(end string, item func()) {
	for p.failure == nil && !p.accept(end) {
		item()
		if !p.accept(",") {
			p.expect(end)
			return
		}
	}
}

func (p *witParser) item() {
	switch word := p.next(); word {
	case "use":
		from := strings.TrimPrefix(p.next(), "%")
		if !strings.Contains(from, "/") {
			from = p.pkg + "/" + from
		}
		p.expect(".")
		p.expect("{")
		p.separated("}", func() {
			name := p.next()
			t := p.interfaces[from][name]
			if t == nil {
				p.fail("%s has no type %s", from, name)
			}
			if p.accept("as") {
				name = p.next()
			}
			p.types[name] = t
		})
		p.expect(";")
	case "type":
		name := p.next()
		p.expect("=")
		p.types[name] = p.typ()
		p.expect(";")
	case "record":
		t := p.declare(p.next(), &typ{kind: kindRecord})
		p.expect("{")
		t.fields = p.fields("}")
	case "variant":
		t := p.declare(p.next(), &typ{kind: kindVariant})
		p.expect("{")
		p.separated("}", func() {
			f := field{name: p.next()}
			if p.accept("(") {
				f.typ = p.typ()
				p.expect(")")
			}
			t.cases = append(t.cases, f)
		})
	case "resource":
		p.resource(p.next())
	default: // a function
		p.expect(":")
		p.expect("func")
		p.function(word, nil)
		p.expect(";")
	}
}

func (p *witParser) declare(name string, t *typ) *typ {
	// A use of the name before its declaration left a place for it.
	if place := p.types[name]; place != nil && place.kind == kindOwn && place.resource.name == name && t.kind == kindOwn {
		return place
	}
	p.types[name] = t
	return t
}

func (p *witParser) fields(end string) (fields []field) {
	p.separated(end, func() {
		name := p.next()
		p.expect(":")
		fields = append(fields, field{name, p.typ()})
	})
	return fields
}

func (p *witParser) resource(name string) {
	own := p.declare(name, &typ{kind: kindOwn, resource: &resource{name}})
	self := field{"self", &typ{kind: kindBorrow, resource: own.resource}}
	p.define(&function{name: "[resource-drop]" + name, params: []field{{"self", own}}, dropped: own.resource})
	p.expect("{")
	for p.failure == nil && !p.accept("}") {
		method := p.next()
		if method == "constructor" {
			p.function("[constructor]"+name, nil).result = own
		} else {
			p.expect(":")
			if p.accept("static") {
				p.expect("func")
				p.function("[static]"+name+"."+method, nil)
			} else {
				p.expect("func")
				p.function("[method]"+name+"."+method, []field{self})
			}
		}
		p.expect(";")
	}
}

func (p *witParser) function(name string, params []field) *function {
	p.expect("(")
	f := &function{name: name, params: slices.Concat(params, p.fields(")"))}
	if p.accept("->") {
		f.result = p.typ()
	}
	p.define(f)
	return f
}

func (p *witParser) define(f *function) {
	f.name = p.iface + " " + f.name
	if p.functions[f.name] != nil {
		p.fail("%s twice", f.name)
	}
	p.functions[f.name] = f
}

// typ parses the use of a type. A name that is not declared yet is that of a
// resource further down.
func (p *witParser) typ() *typ {
	word := p.next()
	if k, ok := primitives[word]; ok {
		return &typ{kind: k}
	}
	args := func(f func()) {
		p.expect("<")
		p.separated(">", f)
	}
	switch word {
	case "list":
		t := &typ{kind: kindList}
		args(func() { t.elem = p.typ() })
		return t
	case "borrow":
		t := &typ{kind: kindBorrow}
		args(func() { t.resource = p.typ().resource })
		return t
	case "tuple":
		t := &typ{kind: kindRecord}
		args(func() { t.fields = append(t.fields, field{"", p.typ()}) })
		return t
	case "option":
		t := &typ{kind: kindVariant, cases: []field{{name: "none"}}}
		args(func() { t.cases = append(t.cases, field{"some", p.typ()}) })
		return t
	case "result":
		t := &typ{kind: kindVariant, cases: []field{{name: "ok"}, {name: "err"}}}
		if n := 0; len(p.words) > 0 && p.words[0] == "<" {
			args(func() {
				if n > 1 {
					p.fail("result of more than two types")
				} else if !p.accept("_") {
					t.cases[n].typ = p.typ()
				}
				n++
			})
		}
		return t
	}
	if p.types[word] == nil {
		p.types[word] = &typ{kind: kindOwn, resource: &resource{word}}
	}
	return p.types[word]
}
