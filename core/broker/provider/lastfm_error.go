package provider

import (
	"bytes"
	"net/http"
	"strconv"

	"gatehouse/core/strictjson"
)

// lastFMCode reads the error of an answer; some have it as text.
func lastFMCode(o strictjson.Object) int {
	if n, ok := o.Number("error"); ok {
		return int(n)
	}
	text, _ := o.Text("error")
	n, _ := strconv.Atoi(text)
	return n
}

// lastFMKind says what an error code means, whatever the status is; "" for what is
// about the request.
func lastFMKind(code int) Kind {
	switch code {
	case 4:
		return Invalid
	case 14:
		return Pending
	case 15:
		return Expired
	case 9:
		return Ended
	case 10, 13, 26:
		return Configuration
	case 8, 11, 16:
		return Unavailable
	case 29:
		return Busy
	}
	return ""
}

// lastFMError is the error of a request of the broker's own.
func (a *answer) lastFMError(method string) error {
	code := lastFMCode(a.members)
	message, _ := a.members.Text("message")
	e := &Error{Kind: lastFMKind(code), Reason: method + ": " + describe("error "+strconv.Itoa(code), message, a.secrets)}
	switch e.Kind {
	case "":
		e.Kind = Malformed // the request was ours
	case Busy:
		e.RetryAfter = a.retryAfter()
	}
	return e
}

// maxErrorAnswer is the longest answer that is looked at for an error, in bytes.
const maxErrorAnswer = 8 << 10

// Judge decides by the body of the answer, because the status of an error is 200, 400,
// 403, 404 or 429 as the method likes. Errors of the client's parameters go to the
// client, with a status that says so.
func (lastFMProtocol) Judge(p *Provider, res *http.Response) error {
	body, whole, err := peek(res, maxErrorAnswer)
	if err != nil {
		return wrap(Unavailable, err)
	}
	a := &answer{status: res.StatusCode, header: res.Header, secrets: []string{p.s.ClientSecret.Reveal()}}
	if whole {
		a.members, _ = strictjson.Parse(body)
	}
	if !a.members.Has("error") {
		trimmed := bytes.TrimLeft(body, " \t\r\n")
		if res.StatusCode == http.StatusOK && len(trimmed) > 0 && (trimmed[0] == '{' || trimmed[0] == '[') {
			return nil
		}
		return a.failure("call")
	}
	switch code := lastFMCode(a.members); {
	case code == 4 || code == 17:
		res.StatusCode = http.StatusForbidden
	case code == 14 || code == 15:
		return fail(Ended, "call: error "+strconv.Itoa(code))
	case lastFMKind(code) != "":
		return a.lastFMError("call")
	case res.StatusCode < 400 || res.StatusCode > 499:
		res.StatusCode = http.StatusBadRequest
	}
	return nil
}
