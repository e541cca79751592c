//go:build runtimes

package runtimes

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
)

// toolchain is what these tests run in a version that the repository pins, and install
// themselves.
type toolchain struct {
	// variable is that of the environment that says where it is. It is then used as it
	// is found there.
	variable string
	// name, with the sum of the file pinned behind it, is its directory's below the
	// user's cache directory.
	name, pinned string
	// path of what is needed in the directory; empty: the directory itself.
	path string
	// install fills a new directory, by commands that end with an error otherwise.
	install func(dir string) error
}

// installed returns what finds a toolchain, which is installed when it is not there. An
// error is for the test to fail with: there is none without its toolchain.
func installed(c toolchain) func() (path string, err error) {
	return sync.OnceValues(c.find)
}

func (c toolchain) find() (string, error) {
	if path := os.Getenv(c.variable); path != "" {
		return path, nil
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	return c.findBelow(filepath.Join(cache, "gatehouse"))
}

func (c toolchain) findBelow(cache string) (string, error) {
	pinned, err := os.ReadFile(c.pinned)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(pinned)
	dir := filepath.Join(cache, c.name+"-"+hex.EncodeToString(sum[:8]))
	path := filepath.Join(dir, c.path)
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return "", err
	}
	// Filled aside and renamed, so that what stands there is complete.
	aside, err := os.MkdirTemp(cache, "installing-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(aside)
	if err := c.install(aside); err != nil {
		return "", fmt.Errorf("%s is not installed: %w", c.name, err)
	}
	if _, err := os.Stat(filepath.Join(aside, c.path)); err != nil {
		return "", fmt.Errorf("%s is not installed: %w", c.name, err)
	}
	if err := os.Rename(aside, dir); err != nil {
		if _, there := os.Stat(path); there != nil {
			return "", err
		}
		// Another process has installed it meanwhile.
	}
	return path, nil
}

// installs runs a command in dir, unless that is empty.
func installs(dir, name string, args ...string) error {
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	if out, err := runs(cmd); err != nil {
		return fmt.Errorf("%s: %w\n%s", name, err, out)
	}
	return nil
}

// npm installs what the package.json and package-lock.json in a directory of testdata
// pin, by a command that leaves them as they are.
func npm(packages, command string, args ...string) func(dir string) error {
	return func(dir string) error {
		for _, name := range []string{"package.json", "package-lock.json"} {
			data, err := os.ReadFile(filepath.Join(packages, name))
			if err != nil {
				return err
			}
			if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
				return err
			}
		}
		return installs(dir, "npm", append([]string{command, "--ignore-scripts", "--no-audit", "--no-fund"}, args...)...)
	}
}

func TestToolchainIsInstalledOnceAndWhole(t *testing.T) {
	cache := filepath.Join(t.TempDir(), "cache")
	pinned := filepath.Join(t.TempDir(), "pinned")
	write := func(path string) error { return os.WriteFile(path, []byte(path), 0o600) }
	if err := write(pinned); err != nil {
		t.Fatal(err)
	}
	var fails error
	times := 0
	c := toolchain{name: "tool", pinned: pinned, path: "program", install: func(dir string) error {
		times++
		return errors.Join(fails, write(filepath.Join(dir, "program")))
	}}
	left := func() (names []string) {
		entries, _ := os.ReadDir(cache)
		for _, e := range entries {
			names = append(names, e.Name())
		}
		return names
	}
	fails = errors.New("no network")
	if path, err := c.findBelow(cache); !errors.Is(err, fails) || len(left()) > 0 {
		t.Errorf("after a failure: %q, %v, and there is %v", path, err, left())
	}
	fails = nil
	for range 2 {
		path, err := c.findBelow(cache)
		if _, statErr := os.Stat(path); err != nil || statErr != nil || times != 2 || len(left()) != 1 {
			t.Errorf("%q, %v, %v; installed %d times, and there is %v", path, err, statErr, times, left())
		}
	}
	c.path = "another"
	if path, err := c.findBelow(cache); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("what is not in it: %q, %v", path, err)
	}
	c.variable = "GATEHOUSE_OF_NO_TOOLCHAIN"
	t.Setenv(c.variable, "elsewhere")
	if path, err := c.find(); path != "elsewhere" || err != nil {
		t.Errorf("with its variable: %q, %v", path, err)
	}
}

// What the tests read of the environment stands in the package's comment.
func TestVariablesAreDocumented(t *testing.T) {
	comment, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	read := regexp.MustCompile(`(?:os\.Getenv\(|variable: )"([A-Z_]+)"`)
	found := 0
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range read.FindAllStringSubmatch(string(source), -1) {
			if found++; !strings.Contains(string(comment), "$"+m[1]) {
				t.Errorf("%s reads $%s, which doc.go does not name", file, m[1])
			}
		}
	}
	if found < 5 {
		t.Errorf("only %d variables found", found)
	}
}
