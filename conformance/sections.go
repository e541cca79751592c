package conformance

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// sections reads the archive's sections in order.
type sections struct {
	c       *Case
	step    *step
	fetch   *fetch       // waits for its answer
	idToken *signedToken // waits for the answer that carries it
	access  *signedToken // waits for the request that carries it
	logout  *signedToken // the same
	proof   *signedToken // the same
}

// add reads one section: its name, then words that restrict it.
func (p *sections) add(name, data string, first bool) error {
	words := strings.Fields(name)
	if len(words) == 0 {
		return errors.New("section without a name")
	}
	kind, only := words[0], tags(words[1:])
	if err := checkTags(only); err != nil {
		return err
	}
	if p.fetch != nil && kind != "answer" && kind != "idtoken" {
		return errors.New("the fetch before it has no answer")
	}
	if p.step == nil && kind != "request" && kind != "kv" && kind != "accesstoken" && kind != "proof" && kind != "logouttoken" {
		return errors.New("stands before the first request")
	}
	var err error
	switch kind {
	case "kv":
		if !first {
			return errors.New("kv is not the first section")
		}
		p.c.KV, err = parseRecords(data)
	case "request":
		if err := p.complete(); err != nil {
			return err
		}
		p.step = &step{number: len(p.c.Steps) + 1, only: only, accessToken: p.access, proof: p.proof, logoutToken: p.logout}
		p.access, p.proof, p.logout = nil, nil, nil
		p.c.Steps = append(p.c.Steps, p.step)
		err = p.step.request.parse(data)
	case "fetch":
		if len(p.step.responses) > 0 {
			return errors.New("stands after the response")
		}
		p.fetch = &fetch{only: only, least: 1, most: 1}
		p.step.fetches = append(p.step.fetches, p.fetch)
		err = p.fetch.parse(data)
	case "idtoken":
		if p.fetch == nil || p.idToken != nil {
			return errors.New("stands neither after a fetch nor before its answer")
		}
		p.idToken, err = parseSignedToken(data)
	case "accesstoken":
		if p.access != nil {
			return errors.New("the one before it has no request")
		}
		p.access, err = parseSignedToken(data)
	case "proof":
		if p.proof != nil {
			return errors.New("the one before it has no request")
		}
		p.proof, err = parseProof(data)
	case "logouttoken":
		if p.logout != nil {
			return errors.New("the one before it has no request")
		}
		p.logout, err = parseSignedToken(data)
	case "answer":
		if p.fetch == nil {
			return errors.New("has no fetch before it")
		}
		p.fetch.answer.idToken = p.idToken
		err = p.fetch.answer.parse(data)
		p.fetch, p.idToken = nil, nil
	case "response":
		r := &response{only: only}
		if len(p.step.responses) == 0 && len(only) > 0 {
			return errors.New("the first response of a step is for every run")
		}
		p.step.responses = append(p.step.responses, r)
		err = r.parse(data)
	case "count":
		if len(p.step.responses) == 0 {
			return errors.New("stands before the response")
		}
		n := &count{only: only}
		p.step.counts = append(p.step.counts, n)
		err = n.parse(data)
	default:
		return errors.New("unknown section")
	}
	return err
}

// complete checks that the last step has all it needs.
func (p *sections) complete() error {
	switch {
	case p.fetch != nil:
		return errors.New("the last fetch has no answer")
	case p.step != nil && len(p.step.responses) == 0 && p.step.request.abort != abortFetch:
		return fmt.Errorf("step %d has no response", p.step.number)
	}
	return nil
}

// conditions are the words that are no profile.
var conditions = []string{"fresh", "kept", exactly, nearly, notAtAll, onCondition}

func checkTags(only tags) error {
	for _, term := range strings.FieldsFunc(strings.Join(only, "+"), func(r rune) bool { return r == '+' }) {
		name := strings.TrimPrefix(term, "!")
		if _, ok := profiles[name]; !ok && !slices.Contains(conditions, name) {
			return fmt.Errorf("unknown word %q after the section's name", term)
		}
	}
	return nil
}

func parseRecords(data string) ([]record, error) {
	var records []record
	for _, line := range joinLines(data) {
		if line == "" {
			continue
		}
		f := strings.SplitN(line, " ", 3)
		if len(f) != 3 {
			return nil, fmt.Errorf("want KEY SECONDS VALUE, not %q", line)
		}
		key, err := parseText(f[0])
		if err != nil {
			return nil, err
		}
		ttl, err := strconv.Atoi(f[1])
		if err != nil {
			return nil, err
		}
		value, err := parseText(f[2])
		if err != nil {
			return nil, err
		}
		records = append(records, record{key, ttl, value})
	}
	return records, nil
}

// message is the shape that requests, fetches, answers and responses share.
type message struct {
	directives [][]string // lines that begin with @, without it
	first      string
	header     []headerLine
	body       string
	hasBody    bool // an empty line stands after the header
}

// headerLine is "Name: value", or "!Name" with absent set.
type headerLine struct {
	name   string
	value  string
	absent bool
}

// parseMessage reads a section. The newline that ends the section is not part of
// the body.
func parseMessage(data string) (message, error) {
	var m message
	head, body, hasBody := strings.Cut(data, "\n\n")
	m.body, m.hasBody = strings.TrimSuffix(body, "\n"), hasBody
	for _, line := range joinLines(head) {
		switch {
		case m.first == "" && strings.HasPrefix(line, "@"):
			words := strings.Fields(line[1:])
			if len(words) == 0 {
				return message{}, errors.New("empty directive")
			}
			m.directives = append(m.directives, words)
		case m.first == "":
			if m.first = line; line == "" {
				return message{}, errors.New("empty first line")
			}
		case strings.HasPrefix(line, "!") && !strings.Contains(line, ":"):
			m.header = append(m.header, headerLine{name: strings.TrimSpace(line[1:]), absent: true})
		default:
			name, value, ok := strings.Cut(line, ":")
			if !ok || name == "" {
				return message{}, fmt.Errorf("want Name: value, not %q", line)
			}
			m.header = append(m.header, headerLine{name: name, value: strings.TrimSpace(value)})
		}
	}
	if m.first == "" {
		return message{}, errors.New("empty section")
	}
	return m, nil
}
