package native

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"gatehouse/core/config"
)

const (
	maxConfigFile = 1 << 20
	maxSecretFile = 64 << 10
	fileSuffix    = "_FILE"
)

// source is where settings come from: environment variables, and one file that they
// override name by name.
type source struct {
	values   map[string]string
	errs     config.Errors
	broken   map[string]bool // names whose mistake is in errs already
	warnings []string
	unread   bool // the file could not be read: what it lacks is not known
}

// openSource reads the settings. path is a file of NAME=value lines, or empty; environ is
// as from os.Environ, and unknown names in it are somebody else's unless
// [config.Unknown] finds that they are not. Mistakes are collected in the result.
func openSource(path string, environ []string) *source {
	s := &source{values: map[string]string{}, broken: map[string]bool{}}
	n := namesOf(path, environ)
	inFile := s.readFile(path, n)
	inEnviron := s.readEnviron(environ, n)
	for _, f := range n.table {
		if !f.Secret {
			s.pick(f.Name, inEnviron, inFile)
		} else {
			s.pickSecret(f.Name, inEnviron, inFile)
		}
	}
	return s
}

// lookup is a [config.Lookup].
func (s *source) lookup(name string) (string, bool) {
	value, ok := s.values[name]
	return value, ok
}

func (s *source) add(name, problem, hint string) {
	s.errs = append(s.errs, &config.Error{Name: name, Problem: problem, Hint: hint})
}

func (s *source) pick(name string, layers ...map[string]string) {
	for _, layer := range layers {
		if value := layer[name]; value != "" {
			s.values[name] = value
			return
		}
	}
}

// pickSecret takes NAME or the content of the file that NAME_FILE names from the
// first layer that has either.
func (s *source) pickSecret(name string, layers ...map[string]string) {
	for _, layer := range layers {
		value, path := layer[name], layer[name+fileSuffix]
		switch {
		case value != "" && path != "":
			s.broken[name] = true
			s.add(name, "is set, and "+name+fileSuffix+" too", "remove one of the two")
			return
		case value != "":
			s.values[name] = value
			return
		case path != "":
			content, err := readSecret(path)
			if err != nil {
				s.broken[name] = true
				s.add(name+fileSuffix, err.Error(), "name a file that this user can read and that holds the secret alone")
				return
			}
			s.values[name] = content
			return
		}
	}
}

func readSecret(path string) (string, error) {
	data, err := readBounded(path, maxSecretFile)
	if err != nil {
		return "", err
	}
	text := strings.TrimSpace(string(data))
	if text == "" {
		return "", fmt.Errorf("%s is empty", path)
	}
	return text, nil
}

func readBounded(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("%s cannot be read: %s", path, reason(err))
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s cannot be read: %s", path, reason(err))
	case int64(len(data)) > limit:
		return nil, fmt.Errorf("%s is longer than %d bytes", path, limit)
	}
	return data, nil
}

// readEnviron returns the settings of environ.
func (s *source) readEnviron(environ []string, n *names) map[string]string {
	values := map[string]string{}
	var unknown []string
	for _, pair := range environ {
		name, value, _ := strings.Cut(pair, "=")
		if _, known := n.secret[name]; value == "" {
			continue
		} else if known {
			values[name] = value
		} else {
			unknown = append(unknown, name)
		}
	}
	slices.Sort(unknown)
	for _, name := range slices.Compact(unknown) {
		if e := config.Unknown(name, n.known, n.providers); e != nil && !s.unread && !n.unjudged(name) {
			s.errs = append(s.errs, e)
		}
	}
	return values
}

// readFile returns the assignments of the file at path.
func (s *source) readFile(path string, n *names) map[string]string {
	if path == "" {
		return nil
	}
	data, err := readBounded(path, maxConfigFile)
	if err != nil {
		s.add("--config", err.Error(), "")
		s.unread = true
		return nil
	}
	lines, errs := parseEnvFile(data)
	for _, e := range errs {
		s.broken[e.name] = true
		name := fmt.Sprintf("%s:%d", path, e.line)
		if e.name != "" {
			name += ": " + e.name
		}
		s.add(name, e.problem, e.hint)
	}
	values, first := map[string]string{}, map[string]int{}
	secret := false
	for _, l := range lines {
		where := fmt.Sprintf("%s:%d", path, l.line)
		isSecret, known := n.secret[l.name]
		switch {
		case !known && n.unjudged(l.name):
		case !known:
			s.add(where, "unknown setting "+l.name, n.hint(l.name))
		case first[l.name] != 0:
			s.add(where, fmt.Sprintf("%s is set in line %d already", l.name, first[l.name]), "remove one of the two")
		default:
			first[l.name] = l.line
			values[l.name] = l.value
			secret = secret || isSecret && l.value != ""
		}
	}
	if info, err := os.Stat(path); err == nil && secret && info.Mode().Perm()&0o004 != 0 {
		s.warnings = append(s.warnings, fmt.Sprintf("%s holds secrets and every user of this machine can read it", path))
	}
	return values
}

// loadServer reads the native settings alone, for commands that need no more.
func (s *source) loadServer() (*Config, config.Errors) {
	c := &Config{}
	errs := config.Parse(Settings(c), s.lookup)
	return c, append(errs, c.check(errs)...)
}

// Load reads the gateway's and the server's settings from environ (as from
// os.Environ) and, unless path is empty, from a file of NAME=value lines, which
// environment variables override. The error is a [config.Errors] with every mistake
// at once; warnings are worth printing in any case.
func Load(path string, environ []string) (gateway *config.Config, server *Config, warnings []string, err error) {
	s := openSource(path, environ)
	if s.unread {
		return nil, nil, nil, s.errs
	}
	gateway, err = config.Load(s.lookup)
	var mistakes config.Errors
	errors.As(err, &mistakes)
	server, more := s.loadServer()

	all := s.errs
	for _, e := range append(mistakes, more...) {
		if !s.broken[e.Name] {
			all = append(all, e)
		}
	}
	if len(all) > 0 {
		return nil, nil, s.warnings, all
	}
	return gateway, server, append(s.warnings, gateway.Warnings()...), nil
}
