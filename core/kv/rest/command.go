package rest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"gatehouse/core/egress"
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
	answer, err := d.post(ctx, name, d.url, append([]string{name}, args...))
	if err != nil {
		return nil, err
	}
	found, err := parseAnswer(answer.Status, answer.Body)
	if err != nil {
		return nil, fmt.Errorf("%w (%s)", err, name)
	}
	return found, nil
}

// transaction sends commands that Redis carries out with nothing in between, and returns
// their results, as many.
func (d *Driver) transaction(ctx context.Context, commands [][]string) ([]result, error) {
	name := commands[0][0]
	answer, err := d.post(ctx, name, d.transactions, commands)
	if err != nil {
		return nil, err
	}
	results, err := parseAnswers(answer.Status, answer.Body)
	if err == nil && len(results) != len(commands) {
		return nil, unexpected(name)
	}
	if err != nil {
		return nil, fmt.Errorf("%w (%s)", err, name)
	}
	return results, nil
}

// post sends what begins with the command name.
func (d *Driver) post(ctx context.Context, name, url string, commands any) (*egress.Answer, error) {
	body, err := json.Marshal(commands)
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequest(http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Authorization", "Bearer "+d.token.Reveal())
	r.Header.Set("Content-Type", "application/json")
	answer, err := d.egress.Do(ctx, r)
	if err != nil {
		return nil, fmt.Errorf("rest: %s: %w", name, err)
	}
	return answer, nil
}
