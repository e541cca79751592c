package keyring

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// FolderError: a folder or a file is open to others.
type FolderError struct {
	Path string
	Mode fs.FileMode
}

func (e *FolderError) Error() string {
	return fmt.Sprintf("keyring: %s can be read or written by others (mode %04o)", e.Path, e.Mode.Perm())
}

// Hint returns advice for the person at the keyboard.
func (e *FolderError) Hint() string {
	if e.Mode.IsDir() {
		return "chmod 700 " + e.Path
	}
	return "chmod 600 " + e.Path + ", and log in again if others could read it"
}

// folder is where files are kept.
type folder struct{ path string }

const (
	folderMode = 0o700
	fileMode   = 0o600
	maxFile    = 64 << 10
)

// private reports with a *FolderError that something is open to others.
func private(path string, info fs.FileInfo) error {
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		return &FolderError{path, info.Mode()}
	}
	return nil
}

// make creates the folder, or checks it.
func (f folder) make() error {
	if err := os.MkdirAll(f.path, folderMode); err != nil {
		return err
	}
	return f.check()
}

func (f folder) check() error {
	info, err := os.Stat(f.path)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return fmt.Errorf("keyring: %s is not a folder", f.path)
	}
	return private(f.path, info)
}

// write replaces a file whole.
func (f folder) write(name string, data []byte) error {
	file, err := os.CreateTemp(f.path, ".new-*") // with mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(file.Name())
	_, err = file.Write(data)
	err = errors.Join(err, file.Sync(), file.Close())
	if err != nil {
		return err
	}
	return os.Rename(file.Name(), filepath.Join(f.path, name))
}

// read returns a file's content, or ErrNone when there is none.
func (f folder) read(name string) ([]byte, error) {
	if err := f.check(); err != nil {
		return nil, none(err)
	}
	path := filepath.Join(f.path, name)
	file, err := os.Open(path)
	if err != nil {
		return nil, none(err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if err := private(path, info); err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(file, maxFile))
}

func none(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return ErrNone
	}
	return err
}

// list returns the names of the files with this suffix.
func (f folder) list(suffix string) (names []string, err error) {
	if err := f.check(); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
		return nil, err
	}
	entries, err := os.ReadDir(f.path)
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), suffix) && e.Type().IsRegular() {
			names = append(names, e.Name())
		}
	}
	return names, err
}

func (f folder) remove(name string) error {
	err := os.Remove(filepath.Join(f.path, name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
