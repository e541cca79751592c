package keyring

import (
	"errors"
	"time"

	"github.com/zalando/go-keyring"
)

// Secrets is a system's keyring. Get and Delete of what is not there fail.
type Secrets interface {
	Set(name, text string) error
	Get(name string) (string, error)
	Delete(name string) error
}

// service is the name under which a keyring shows what is kept.
const service = "gatehouse"

// patience is how long a keyring may take, within which a person can unlock it.
const patience = 60 * time.Second

var (
	errNotFound = keyring.ErrNotFound
	errSilent   = errors.New("it does not answer")
)

// machine is the keyring of this machine. A call that the keyring does not answer in
// time goes on in the background until the process ends.
type machine struct{}

func (machine) Set(name, text string) error {
	_, err := within(patience, func() (string, error) { return "", keyring.Set(service, name, text) })
	return err
}

func (machine) Get(name string) (string, error) {
	return within(patience, func() (string, error) { return keyring.Get(service, name) })
}

func (machine) Delete(name string) error {
	_, err := within(patience, func() (string, error) { return "", keyring.Delete(service, name) })
	return err
}

func within(limit time.Duration, work func() (string, error)) (string, error) {
	type result struct {
		text string
		err  error
	}
	done := make(chan result, 1)
	go func() {
		text, err := work()
		done <- result{text, err}
	}()
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case r := <-done:
		return r.text, r.err
	case <-timer.C:
		return "", errSilent
	}
}
