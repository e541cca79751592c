package rest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"gatehouse/core/strictjson"
)

// result is what a command returned: JSON that is valid.
type result json.RawMessage

// parseAnswer returns the result in an answer. The error is ErrToken, ErrRate,
// ErrRefused or ErrProtocol.
func parseAnswer(status int, body []byte) (result, error) {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden:
		return nil, fmt.Errorf("%w: status %d", ErrToken, status)
	case http.StatusTooManyRequests:
		return nil, ErrRate
	}
	o, err := strictjson.Parse(body)
	if err != nil {
		return nil, fmt.Errorf("%w: status %d, no JSON object", ErrProtocol, status)
	}
	found, hasResult := o["result"]
	refusal, hasError := o["error"]
	switch {
	case hasError && !hasResult:
		text, ok := result(refusal).text()
		if !ok {
			return nil, fmt.Errorf("%w: status %d, error is no text", ErrProtocol, status)
		}
		return nil, fmt.Errorf("%w: status %d, %s", ErrRefused, status, harmless(text))
	case status != http.StatusOK, !hasResult, hasError:
		return nil, fmt.Errorf("%w: status %d", ErrProtocol, status)
	}
	return result(found), nil
}

// parseAnswers returns the results in the answer to a transaction: a list of what would
// answer each command, or one error for all.
func parseAnswers(status int, body []byte) ([]result, error) {
	answers, isList := result(bytes.TrimSpace(body)).list()
	if !isList || status != http.StatusOK {
		if _, err := parseAnswer(status, body); err != nil {
			return nil, err
		}
		return nil, fmt.Errorf("%w: status %d, no list", ErrProtocol, status)
	}
	results := make([]result, len(answers))
	for i, answer := range answers {
		var err error
		if results[i], err = parseAnswer(status, answer); err != nil {
			return nil, err
		}
	}
	return results, nil
}

// harmless is the beginning of what a service says of a refusal, as far as it is
// plain words: further on, services repeat the command.
func harmless(text string) string {
	const most, longest = 100, 20
	var kept []string
	size := 0
	for word := range strings.FieldsSeq(text) {
		size += len(word) + 1
		notLetter := func(r rune) bool { return r < 'A' || r > 'z' || r > 'Z' && r < 'a' }
		letters := strings.TrimRight(word, ".,:;")
		if letters == "" || len(letters) > longest || size > most || strings.ContainsFunc(letters, notLetter) {
			break
		}
		kept = append(kept, letters)
		if strings.HasSuffix(word, ":") {
			break
		}
	}
	if len(kept) == 0 {
		return "no reason given"
	}
	return strings.Join(kept, " ")
}

// null reports whether there is no value.
func (r result) null() bool { return string(r) == "null" }

// text returns a string.
func (r result) text() (string, bool) {
	var s string
	if len(r) == 0 || r[0] != '"' || json.Unmarshal(r, &s) != nil {
		return "", false
	}
	return s, true
}

// integer returns a whole number.
func (r result) integer() (int64, bool) {
	var n int64
	if r.null() || json.Unmarshal(r, &n) != nil {
		return 0, false
	}
	return n, true
}

// list returns the elements of an array.
func (r result) list() ([]result, bool) {
	var items []json.RawMessage
	if !bytes.HasPrefix(r, []byte("[")) || json.Unmarshal(r, &items) != nil {
		return nil, false
	}
	list := make([]result, len(items))
	for i, item := range items {
		list[i] = result(item)
	}
	return list, true
}
