package native

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"gatehouse/core/config"
	"gatehouse/core/kv/rest"
)

// SectionServer is the section of [Settings] in the reference.
const SectionServer = "Native server"

// Values of Config.Store.
const (
	storeBolt   = "bolt"
	storeMemory = "memory"
	storeRest   = rest.Name
)

// Config is what a native server needs beside the gateway's own configuration.
type Config struct {
	ListenAddr      string
	TLSCertFile     string
	TLSKeyFile      string
	Store           string // bolt, rest or memory
	StorePath       string
	Rest            rest.Config // of Store rest
	AdminSocket     string      // path; empty: no socket
	LogLevel        slog.Level
	ShutdownTimeout time.Duration
}

// Settings is the table of the native server's settings; parsing them fills c.
func Settings(c *Config) []config.Field {
	fields := []config.Field{
		{Name: "LISTEN_ADDR", Default: ":8080", Section: SectionServer,
			Doc:  "Address and port to listen on; without an address, every one of the machine's.",
			Hint: "for example LISTEN_ADDR=127.0.0.1:8080",
			Set:  address(&c.ListenAddr)},
		{Name: "TLS_CERT_FILE", Section: SectionServer,
			Doc:  "File with the certificate chain (PEM). With TLS_KEY_FILE it makes the server speak https; without both it speaks http, for a load balancer that ends TLS.",
			Hint: "name a PEM file that this user can read",
			Set:  existingFile(&c.TLSCertFile)},
		{Name: "TLS_KEY_FILE", Section: SectionServer,
			Doc:  "File with the certificate's private key (PEM).",
			Hint: "name a PEM file that this user can read",
			Set:  existingFile(&c.TLSKeyFile)},
		{Name: "STORE", Default: storeBolt, Section: SectionServer,
			Doc: "Where sessions are kept: bolt, a file that survives restarts and belongs to one process; rest, a Redis service over HTTP that several machines can share; or memory.",
			Set: config.OneOf(&c.Store, storeBolt, storeRest, storeMemory)},
		{Name: "STORE_PATH", Default: "gatehouse.db", Section: SectionServer,
			Doc:  "The file of STORE=bolt. It is created readable by its owner only, and never shrinks: freed space is used again.",
			Hint: "name a file in a directory that exists and that this user can write",
			Set:  plainText(&c.StorePath)},
	}
	fields = append(fields, rest.Fields(&c.Rest, SectionServer)...)
	return append(fields, []config.Field{
		{Name: "ADMIN_SOCKET", Section: SectionServer,
			Doc:  "Unix socket on which the running gateway lists and ends sessions and clears answers about access tokens, open to its owner only. none disables it. Unless set it is STORE_PATH with .sock added for STORE=bolt, and none for others.",
			Hint: "a path of at most 100 bytes, or none",
			Set:  socketPath(&c.AdminSocket)},
		{Name: "LOG_LEVEL", Default: "info", Section: SectionServer,
			Doc: "Least severity that is logged: debug, info, warn or error.",
			Set: config.Level(&c.LogLevel)},
		{Name: "SHUTDOWN_TIMEOUT", Default: "20s", Section: SectionServer,
			Doc:  "How long requests in flight may take to finish after SIGINT or SIGTERM.",
			Hint: "a duration from 0s to 1h",
			Set:  config.Duration(&c.ShutdownTimeout, 0, time.Hour)},
	}...)
}

// check finds mistakes in how settings go together and completes derived ones.
func (c *Config) check(known config.Errors) config.Errors {
	var errs config.Errors
	broken := func(name string) bool {
		return slices.ContainsFunc(known, func(e *config.Error) bool { return e.Name == name })
	}
	switch {
	case c.TLSCertFile != "" && c.TLSKeyFile == "" && !broken("TLS_KEY_FILE"):
		errs = append(errs, &config.Error{Name: "TLS_KEY_FILE", Problem: "is required with TLS_CERT_FILE", Hint: "set both or none"})
	case c.TLSKeyFile != "" && c.TLSCertFile == "" && !broken("TLS_CERT_FILE"):
		errs = append(errs, &config.Error{Name: "TLS_CERT_FILE", Problem: "is required with TLS_KEY_FILE", Hint: "set both or none"})
	}
	if c.Store == storeBolt && !broken("STORE_PATH") {
		if info, err := os.Stat(filepath.Dir(c.StorePath)); err != nil || !info.IsDir() {
			errs = append(errs, &config.Error{Name: "STORE_PATH", Problem: fmt.Sprintf("directory %s does not exist", filepath.Dir(c.StorePath)), Hint: "create it, owned by the user that runs the gateway"})
		}
	}
	errs = append(errs, c.Rest.Check(c.Store, known)...)
	switch {
	case c.AdminSocket == "none":
		c.AdminSocket = ""
	case c.AdminSocket == "" && c.Store == storeBolt && !broken("STORE_PATH") && !broken("ADMIN_SOCKET"):
		if err := socketPath(&c.AdminSocket)(c.StorePath + ".sock"); err != nil {
			errs = append(errs, &config.Error{Name: "ADMIN_SOCKET", Problem: "STORE_PATH with .sock added " + err.Error(), Hint: "set ADMIN_SOCKET to a shorter path, or to none"})
		}
	}
	return errs
}

// Setters for [config.Field.Set].

func plainText(dst *string) func(string) error {
	return func(v string) error {
		if strings.ContainsFunc(v, func(r rune) bool { return r < 0x20 || r == 0x7f }) {
			return errors.New("contains a control character")
		}
		*dst = v
		return nil
	}
}

func address(dst *string) func(string) error {
	return func(v string) error {
		host, port, err := net.SplitHostPort(v)
		if err != nil {
			return errors.New("is not HOST:PORT")
		}
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || (n == 0 && port != "0") {
			return errors.New("has no port from 0 to 65535")
		}
		if strings.ContainsFunc(host, func(r rune) bool { return r <= 0x20 || r == '/' || r >= 0x7f }) {
			return errors.New("is not HOST:PORT")
		}
		*dst = v
		return nil
	}
}

func existingFile(dst *string) func(string) error {
	return func(v string) error {
		f, err := os.Open(v)
		if err != nil {
			return errors.New("cannot be read: " + reason(err))
		}
		defer f.Close()
		if info, err := f.Stat(); err != nil || info.IsDir() {
			return errors.New("is not a file")
		}
		*dst = v
		return nil
	}
}

// maxSocketPath leaves room below the 104 to 108 bytes that systems allow.
const maxSocketPath = 100

func socketPath(dst *string) func(string) error {
	return func(v string) error {
		if len(v) > maxSocketPath {
			return fmt.Errorf("has %d bytes, a socket's path has at most %d", len(v), maxSocketPath)
		}
		return plainText(dst)(v)
	}
}

// reason is the part of a file error that follows the path.
func reason(err error) string {
	var path *os.PathError
	if errors.As(err, &path) {
		return path.Err.Error()
	}
	return err.Error()
}
