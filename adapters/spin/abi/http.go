package abi

import "strconv"

// Field is one line of a header: an element of list<tuple<field-key, field-value>>.
type Field struct{ Name, Value string }

// Fields copies the list of fields at address.
func (b *Block) Fields(address uint32) []Field {
	element, n := b.list(address, FieldSize)
	list := make([]Field, n)
	for i := range list {
		at := element + uint32(i)*FieldSize
		list[i] = Field{b.String(at), b.String(at + fieldValue)}
	}
	return list
}

// methods are the cases of the variant method that have no payload; the next one is
// other(string).
var methods = [...]string{"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"}

// Method is the method at address.
func (b *Block) Method(address uint32) string {
	switch d := int(b.U8(address)); {
	case d < len(methods):
		return methods[d]
	case d == len(methods):
		return b.String(address + VariantString)
	default:
		fail("method %d", d)
		return ""
	}
}

// MethodCase is the discriminant of method and the payload of other(string), which
// is empty for the rest.
func MethodCase(method string) (discriminant uint32, other string) {
	for i, m := range methods {
		if m == method {
			return uint32(i), ""
		}
	}
	return uint32(len(methods)), method
}

var schemes = [...]string{"http", "https"}

// Scheme is the scheme at address.
func (b *Block) Scheme(address uint32) string {
	switch d := int(b.U8(address)); {
	case d < len(schemes):
		return schemes[d]
	case d == len(schemes):
		return b.String(address + VariantString)
	default:
		fail("scheme %d", d)
		return ""
	}
}

// SchemeCase is the discriminant of scheme and the payload of other(string).
func SchemeCase(scheme string) (discriminant uint32, other string) {
	for i, s := range schemes {
		if s == scheme {
			return uint32(i), ""
		}
	}
	return uint32(len(schemes)), scheme
}

// ErrorCode is a wasi:http error-code: why an exchange failed.
type ErrorCode struct {
	Name   string // the case's name in the WIT text, such as "connection-timeout"
	Detail string // the host's own words, if it has any
}

func (e *ErrorCode) Error() string {
	if e.Detail == "" {
		return "wasi:http: " + e.Name
	}
	return "wasi:http: " + e.Name + ": " + strconv.Quote(e.Detail)
}

// detail says what of an error-code's payload is worth having.
type detail uint8

const (
	plain        detail = iota // nothing
	rcode                      // DNS-error-payload: its first member is option<string>
	alertMessage               // TLS-alert-received-payload: option<u8>, option<string>
	text                       // option<string>
)

// alertMessagePlace follows option<u8>, two bytes, at alignment 4.
const alertMessagePlace = 4

var codes = [...]struct {
	name   string
	detail detail
}{
	{"DNS-timeout", plain},
	{"DNS-error", rcode},
	{"destination-not-found", plain},
	{"destination-unavailable", plain},
	{"destination-IP-prohibited", plain},
	{"destination-IP-unroutable", plain},
	{"connection-refused", plain},
	{"connection-terminated", plain},
	{"connection-timeout", plain},
	{"connection-read-timeout", plain},
	{"connection-write-timeout", plain},
	{"connection-limit-reached", plain},
	{"TLS-protocol-error", plain},
	{"TLS-certificate-error", plain},
	{"TLS-alert-received", alertMessage},
	{"HTTP-request-denied", plain},
	{"HTTP-request-length-required", plain},
	{"HTTP-request-body-size", plain},
	{"HTTP-request-method-invalid", plain},
	{"HTTP-request-URI-invalid", plain},
	{"HTTP-request-URI-too-long", plain},
	{"HTTP-request-header-section-size", plain},
	{"HTTP-request-header-size", plain},
	{"HTTP-request-trailer-section-size", plain},
	{"HTTP-request-trailer-size", plain},
	{"HTTP-response-incomplete", plain},
	{"HTTP-response-header-section-size", plain},
	{"HTTP-response-header-size", plain},
	{"HTTP-response-body-size", plain},
	{"HTTP-response-trailer-section-size", plain},
	{"HTTP-response-trailer-size", plain},
	{"HTTP-response-transfer-coding", text},
	{"HTTP-response-content-coding", text},
	{"HTTP-response-timeout", plain},
	{"HTTP-upgrade-failed", plain},
	{"HTTP-protocol-error", plain},
	{"loop-detected", plain},
	{"configuration-error", plain},
	{"internal-error", text},
}

// maxDetail bounds the host's words in an error.
const maxDetail = 256

// Code is the error-code at address.
func (b *Block) Code(address uint32) *ErrorCode {
	d := int(b.U8(address))
	if d >= len(codes) {
		fail("error-code %d", d)
	}
	e := &ErrorCode{Name: codes[d].name}
	place := address + CodePayload
	switch codes[d].detail {
	case plain:
		return e
	case alertMessage:
		place += alertMessagePlace
	}
	if b.Some(place) {
		e.Detail = b.String(place + OptionString)
		e.Detail = e.Detail[:min(len(e.Detail), maxDetail)]
	}
	return e
}

// StreamError is a stream-error: closed, or last-operation-failed with the handle of
// an error, which the caller drops.
type StreamError struct {
	Closed bool
	Handle uint32
}

// StreamError is the stream-error at address.
func (b *Block) StreamError(address uint32) StreamError {
	switch d := b.U8(address); d {
	case 0:
		return StreamError{Handle: b.U32(address + 4)}
	case 1:
		return StreamError{Closed: true}
	default:
		fail("stream-error %d", d)
		return StreamError{}
	}
}
