package provider

import (
	"errors"
	"time"
)

// Kind says what an error means for whoever asked.
type Kind string

// Kinds of errors.
const (
	// Pending: the person has not answered yet (desktop flow).
	Pending Kind = "pending"
	// Denied: the person, or the provider for them, said no.
	Denied Kind = "denied"
	// Invalid: the code or token is unknown, used, or somebody else's.
	Invalid Kind = "invalid"
	// Expired: the code or token is too old.
	Expired Kind = "expired"
	// Ended: the grant is over; the record can go.
	Ended Kind = "ended"
	// Unauthorized: a call's token was refused; a refreshed one may do.
	Unauthorized Kind = "unauthorized"
	// NotAllowed: the allow-list does not have the call.
	NotAllowed Kind = "not_allowed"
	// Request: the client's parameters are at fault.
	Request Kind = "request"
	// Scope: a scope is not allowed, here or there.
	Scope Kind = "scope"
	// Configuration: the provider refuses this client's id, secret or redirect URI.
	Configuration Kind = "configuration"
	// Malformed: the answer cannot be understood or believed.
	Malformed Kind = "malformed"
	// Unavailable: the provider could not be asked, or failed.
	Unavailable Kind = "unavailable"
	// Busy: the provider's own limit; RetryAfter says when.
	Busy Kind = "busy"
	// Unsupported: the provider has nothing of the kind.
	Unsupported Kind = "unsupported"
)

// Error is every error of this package but those of [New].
type Error struct {
	Kind Kind
	// RetryAfter is at least a second for Busy, and may be set for Unavailable.
	RetryAfter time.Duration
	// Reason is for the log: bounded, printable, rid of secrets. It may repeat what
	// the provider wrote.
	Reason string
	// Err is the cause, or nil.
	Err error
}

// Error implements error.
func (e *Error) Error() string {
	s := "provider: " + string(e.Kind)
	if e.Reason != "" {
		s += ": " + e.Reason
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// fail makes an error that gives a reason, wrap one that has a cause.
func fail(kind Kind, reason string) *Error { return &Error{Kind: kind, Reason: reason} }

func wrap(kind Kind, err error) *Error { return &Error{Kind: kind, Err: err} }

// KindOf returns the kind of an error of this package, "" for others.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return ""
}

// SettingError says what is wrong with a setting.
type SettingError struct {
	// Setting is the name without what names the provider: "CLIENT_ID".
	Setting string
	Problem string
}

// Error implements error.
func (e *SettingError) Error() string { return "provider: " + e.Setting + " " + e.Problem }
