package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode"
)

// Code says what kind of failure an [Error] is. It is stable, unlike the message.
type Code string

// The broker's codes.
const (
	CodeMissingParameter     Code = "missing_parameter"
	CodeInvalidRequest       Code = "invalid_request"
	CodeUnknownProvider      Code = "unknown_provider"
	CodeInvalidRedirect      Code = "invalid_redirect"
	CodeInvalidScope         Code = "invalid_scope"
	CodeInvalidGrant         Code = "invalid_grant"
	CodeAuthorizationPending Code = "authorization_pending"
	CodeSlowDown             Code = "slow_down"
	CodeExpiredToken         Code = "expired_token"
	CodeInvalidToken         Code = "invalid_token"
	CodeSessionExpired       Code = "session_expired"
	CodeInvalidApp           Code = "invalid_app"
	CodeAccessDenied         Code = "access_denied"
	CodeCallNotAllowed       Code = "call_not_allowed"
	CodeAlreadyCollected     Code = "already_collected"
	CodeRateLimited          Code = "rate_limited"
	CodeNotConfigured        Code = "not_configured"
	CodeProviderError        Code = "provider_error"
	CodeProviderUnavailable  Code = "provider_unavailable"
	CodeProviderBusy         Code = "provider_busy"
	CodeStoreUnavailable     Code = "store_unavailable"
	CodeLoginExpired         Code = "login_expired"
	CodeUnknownCode          Code = "unknown_code"
	CodeCrossSiteRequest     Code = "cross_site_request"
	CodeNotFound             Code = "not_found"
	CodeMethodNotAllowed     Code = "method_not_allowed"
	CodeInternalError        Code = "internal_error"
)

// Codes returns the broker's codes.
func Codes() []Code {
	return []Code{
		CodeMissingParameter,
		CodeInvalidRequest,
		CodeUnknownProvider,
		CodeInvalidRedirect,
		CodeInvalidScope,
		CodeInvalidGrant,
		CodeAuthorizationPending,
		CodeSlowDown,
		CodeExpiredToken,
		CodeInvalidToken,
		CodeSessionExpired,
		CodeInvalidApp,
		CodeAccessDenied,
		CodeCallNotAllowed,
		CodeAlreadyCollected,
		CodeRateLimited,
		CodeNotConfigured,
		CodeProviderError,
		CodeProviderUnavailable,
		CodeProviderBusy,
		CodeStoreUnavailable,
		CodeLoginExpired,
		CodeUnknownCode,
		CodeCrossSiteRequest,
		CodeNotFound,
		CodeMethodNotAllowed,
		CodeInternalError,
	}
}

// Codes of failures that this package finds.
const (
	// CodeUnreachable: no answer came.
	CodeUnreachable Code = "broker_unreachable"
	// CodeInvalidAnswer: what answered is no broker, or not one of this version.
	CodeInvalidAnswer Code = "invalid_answer"
	// CodeUnexpectedRedirect: the broker is somewhere else.
	CodeUnexpectedRedirect Code = "unexpected_redirect"
	// CodeServerError and CodeTemporarilyUnavailable: what a redirect says of a failure at
	// the provider or the broker (RFC 6749, section 4.1.2.1).
	CodeServerError            Code = "server_error"
	CodeTemporarilyUnavailable Code = "temporarily_unavailable"
	// CodeMixUp: the answer that the browser brought comes from another broker
	// (RFC 9207).
	CodeMixUp Code = "issuer_mismatch"
)

// Error is a refusal by the broker, or a failure to get an answer from it.
type Error struct {
	// Op is what was tried: "start", "collect", "session", "call", "logout",
	// "providers".
	Op string
	// Code is what the broker said, or one of this package's.
	Code Code
	// Status is the HTTP status, 0 when no answer came.
	Status int
	// Message is for people: the broker's, without control characters, or "Unknown
	// error".
	Message string
	// RetryAfter is how long to wait before the next attempt; 0: unknown.
	RetryAfter time.Duration
	cause      error
}

// Error implements error.
func (e *Error) Error() string { return "client: " + e.Op + ": " + e.Message }

// Unwrap returns what the transport said, if no answer came.
func (e *Error) Unwrap() error { return e.cause }

// Hint returns advice for the person at the keyboard, or "".
func (e *Error) Hint() string {
	if e.Code == CodeRateLimited && e.RetryAfter > 0 {
		return fmt.Sprintf("try again in %d s", int(e.RetryAfter.Round(time.Second)/time.Second))
	}
	return hints[e.Code]
}

var hints = map[Code]string{
	CodeUnknownProvider:        "GET /auth/providers of the broker lists those that it knows",
	CodeInvalidScope:           "the broker allows certain scopes only; try without any",
	CodeInvalidGrant:           "the code is used up, too old or of another login: log in again",
	CodeExpiredToken:           "nobody confirmed the login in time: log in again",
	CodeInvalidToken:           "log in again",
	CodeSessionExpired:         "log in again",
	CodeInvalidApp:             "this broker wants the key of an app that it knows",
	CodeAccessDenied:           "the login was declined in the browser",
	CodeCallNotAllowed:         "the broker's operator lists the calls that are allowed",
	CodeAlreadyCollected:       "somebody collected this login before; if that was not you, log out at the provider",
	CodeRateLimited:            "wait a minute and try again",
	CodeNotConfigured:          "the broker's operator has to complete its settings",
	CodeProviderUnavailable:    "the provider does not answer; try again later",
	CodeProviderBusy:           "the provider is busy; try again later",
	CodeStoreUnavailable:       "the broker cannot reach its store; try again later",
	CodeNotFound:               "does the broker's address lack its base path, or is it no broker?",
	CodeUnreachable:            "is the broker's address right, and are you online?",
	CodeInvalidAnswer:          "is the broker's address right?",
	CodeUnexpectedRedirect:     "give the address that it redirects to",
	CodeServerError:            "the login did not work between the provider and the broker; its operator can see why",
	CodeTemporarilyUnavailable: "try again later",
	CodeMixUp:                  "name the broker by the address that it has for itself",
}

// NeedsLogin reports whether err says that there is no session any more, which a new
// login mends.
func NeedsLogin(err error) bool {
	var e *Error
	return errors.As(err, &e) && (e.Code == CodeInvalidToken || e.Code == CodeSessionExpired)
}

// HasCode reports whether err is an [*Error] with that code.
func HasCode(err error, code Code) bool {
	var e *Error
	return errors.As(err, &e) && e.Code == code
}

const unknownError = "Unknown error"

// envelope is the broker's form of an error.
type envelope struct {
	Error   bool   `json:"error"`
	Message string `json:"message"`
	Status  int    `json:"status"`
	Code    Code   `json:"code"`
}

// refusal reads the broker's error out of an answer that is none of success. ok is false
// when it is not in the broker's form; the error is good in any case.
func (c *Client) refusal(op string, res *http.Response, body []byte) (e *Error, ok bool) {
	e = &Error{Op: op, Code: CodeInvalidAnswer, Status: res.StatusCode, Message: unknownError}
	e.RetryAfter = retryAfter(res.Header, c.now())
	var said envelope
	if json.Unmarshal(body, &said) != nil || !said.Error || said.Status != res.StatusCode {
		return e, false
	}
	if said.Code != "" && len(said.Code) <= 64 {
		e.Code = said.Code
	}
	if text := readable(said.Message); text != "" {
		e.Message = text
	}
	return e, true
}

// maxMessage bounds a message in characters.
const maxMessage = 300

// readable is foreign text that may be shown: one line, without control characters.
func readable(text string) string {
	count := 0
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if count++; count > maxMessage {
			return -1
		}
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, text))
}
