package login

import (
	"context"
	"errors"
	"strings"

	"gatehouse/client"
)

// Exit codes of failures.
const (
	exitFailure     = 1
	exitNeedsLogin  = 4
	exitInterrupted = 130
)

// Failure is why a command did not succeed, for a person.
type Failure struct {
	err  error
	hint string
	code int
}

// Error implements error.
func (f *Failure) Error() string {
	var e *client.Error
	if errors.As(f.err, &e) {
		return strings.TrimSuffix(e.Message, ".") + " (" + string(e.Code) + ")"
	}
	text := f.err.Error()
	for _, name := range []string{"client: ", "keyring: "} {
		text = strings.TrimPrefix(text, name)
	}
	return text
}

// Unwrap returns the cause.
func (f *Failure) Unwrap() error { return f.err }

// Hint returns what the person can do, or "".
func (f *Failure) Hint() string { return f.hint }

// ExitCode returns what the process ends with: 4 when a login would help, 130 after an
// interrupt, otherwise 1.
func (f *Failure) ExitCode() int { return f.code }

// JSON returns the failure as an object for programs.
func (f *Failure) JSON() any {
	out := struct {
		Error   bool   `json:"error"`
		Code    string `json:"code,omitempty"`
		Status  int    `json:"status,omitempty"`
		Message string `json:"message"`
		Hint    string `json:"hint,omitempty"`
	}{Error: true, Message: f.Error(), Hint: f.hint}
	var e *client.Error
	if errors.As(f.err, &e) {
		out.Code, out.Status, out.Message = string(e.Code), e.Status, e.Message
	}
	return out
}

// Failed makes a failure of an error of any kind, which must not be nil.
func Failed(err error) *Failure {
	var f *Failure
	errors.As(failed(err), &f)
	return f
}

// failed makes a failure of err with the advice that err itself has; nil stays nil.
func failed(err error) error {
	var already *Failure
	if err == nil || errors.As(err, &already) {
		return err
	}
	f := &Failure{err: err, code: exitFailure}
	var hinted interface{ Hint() string }
	switch {
	case errors.As(err, &hinted):
		f.hint = hinted.Hint()
	case errors.Is(err, client.ErrBroker):
		f.hint = "for example --broker https://broker.example.com"
	case errors.Is(err, client.ErrPath):
		f.hint = "put parameters into -d NAME=VALUE"
	}
	return f
}

// failedWith is failed for a session: a refusal of its handle names the login that mends it.
func failedWith(ctx context.Context, err error, broker, provider string) error {
	switch {
	case interrupted(ctx, err):
		return &Failure{errors.New("interrupted"), "", exitInterrupted}
	case client.NeedsLogin(err):
		return &Failure{err, loginHint(broker, provider), exitNeedsLogin}
	}
	return failed(err)
}
