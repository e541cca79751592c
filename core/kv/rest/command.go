package rest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
)

// Errors of a [Driver] besides those of core/kv and core/egress.
var (
	// ErrToken: the service does not accept the token.
	ErrToken = errors.New("rest: store does not accept the token")
	// ErrRate: the service wants fewer requests.
	ErrRate = errors.New("rest: store refuses further requests for now")
	// ErrRefused: the service did not carry out the command.
	ErrRefused = errors.New("rest: store refused")
	// ErrProtocol: what came is not an answer to the command.
	ErrProtocol = errors.New("rest: unexpected answer of the store")
)

// unexpected is an answer whose result has not the form that name's has.
func unexpected(name string) error {
	return fmt.Errorf("%w: result of another form for %s", ErrProtocol, name)
}

// command sends one command and returns its result.
func (d *Driver) command(ctx context.Context, name string, args ...string) (result, error) {
	body, err := json.Marshal(append([]string{name}, args...))
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequest(http.MethodPost, d.url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Authorization", "Bearer "+d.token.Reveal())
	r.Header.Set("Content-Type", "application/json")
	answer, err := d.egress.Do(ctx, r)
	if err != nil {
		return nil, fmt.Errorf("rest: %s: %w", name, err)
	}
	found, err := parseAnswer(answer.Status, answer.Body)
	if err != nil {
		return nil, fmt.Errorf("%w (%s)", err, name)
	}
	return found, nil
}
