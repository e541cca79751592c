// Package spin runs a gateway as a WASI HTTP component: in Spin, in wasmtime serve and
// in other hosts of wasi:http 0.2. It turns the host's requests into those of net/http
// and back, makes outgoing requests through the host, and fills in the core's seams.
//
// It decides nothing about logins: that is package core. The bindings are in package
// wasi; nothing here needs WebAssembly, so that it is tested on any machine.
//
// Hosts give every request an instance of its own as a rule. What is kept in memory is
// kept for one request, and so limits are counted in the store (limits.go).
package spin

import (
	"context"
	"io"
	"strings"

	"gatehouse/adapters/spin/wasi"
)

// Sender makes a request through the host: [wasi.Send].
type Sender func(context.Context, *wasi.Request) (*wasi.Response, error)

// Host is what a component's world provides.
type Host struct {
	// Send makes outgoing requests.
	Send Sender
	// Variable finds a setting by its name, such as CLIENT_ID. An error is a
	// setting that may be there: nothing is served then.
	Variable func(name string) (value string, ok bool, err error)
	// Store opens a key-value store of the host's by its label; nil when the world
	// has none.
	Store func(label string) (KeyValue, error)
	// Pass passes requests on to an application that is composed with the gateway;
	// nil when it is elsewhere.
	Pass Passer
	// PeerHeader is the lower-case name of a header whose last value the host adds
	// itself, the client's address; empty when the host tells of none.
	PeerHeader string
	// Log receives one JSON object a line.
	Log io.Writer
}

// ClientAddress is the header in which Spin tells who connected, as the last value.
const ClientAddress = "spin-client-addr"

// VariableName is the name of a setting as a Spin variable: lower case letters, digits
// and underscores.
func VariableName(setting string) string { return strings.ToLower(setting) }
