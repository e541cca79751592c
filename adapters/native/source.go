package native

import (
	"errors"
	"fmt"
	"io"
	"os"
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

// table is every setting that there is with this file and environment: which providers
// have settings of their own is a setting itself.
func table(path string, environ []string) []config.Field {
	named := map[string]string{}
	if data, err := readBounded(path, maxConfigFile); path != "" && err == nil {
		lines, _ := parseEnvFile(data)
		for _, l := range lines {
			named[l.name] = l.value
		}
	}
	for _, pair := range environ {
		if name, value, _ := strings.Cut(pair, "="); value != "" {
			named[name] = value
		}
	}
	fields := config.Table(func(name string) (string, bool) { v, ok := named[name]; return v, ok })
	return append(fields, Settings(&Config{})...)
}

// openSource reads the settings of the table. path is a file of NAME=value lines, or
// empty; environ is as from os.Environ, and names in it that the table lacks are
// somebody else's. Mistakes are collected in the result.
func openSource(table []config.Field, path string, environ []string) *source {
	s := &source{values: map[string]string{}, broken: map[string]bool{}}
	secrets := map[string]bool{}
	var known []string
	for _, f := range table {
		known = append(known, f.Name)
		if f.Secret {
			secrets[f.Name] = true
			known = append(known, f.Name+fileSuffix)
		}
	}
	isKnown := map[string]bool{}
	for _, name := range known {
		isKnown[name] = true
	}

	inFile := s.readFile(path, known, isKnown, secrets)
	inEnviron := map[string]string{}
	for _, pair := range environ {
		if name, value, _ := strings.Cut(pair, "="); isKnown[name] && value != "" {
			inEnviron[name] = value
		}
	}
	for _, f := range table {
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

// readFile returns the assignments of the file at path.
func (s *source) readFile(path string, known []string, isKnown, secrets map[string]bool) map[string]string {
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
		switch {
		case !isKnown[l.name]:
			s.add(where, "unknown setting "+l.name, didYouMean(l.name, known, "see docs/configuration.md for the settings there are"))
		case first[l.name] != 0:
			s.add(where, fmt.Sprintf("%s is set in line %d already", l.name, first[l.name]), "remove one of the two")
		default:
			first[l.name] = l.line
			values[l.name] = l.value
			secret = secret || secrets[l.name] && l.value != ""
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
	s := openSource(table(path, environ), path, environ)
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
