// Package signing makes assertions (RFC 7523, section 3) from key files in the form that
// ZITADEL hands out: with one, a client or a service account proves who it is without sending
// a secret. The kind of the key decides the algorithm: RS256 of RSA, ES256 of P-256, EdDSA of
// Ed25519. Requests to Last.fm are signed too, as that provider wants it: [LastFM].
//
// It guarantees that no error, log record or print of a value contains any part of a
// private key or an assertion.
package signing

import (
	"crypto"
	"crypto/rsa"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"gatehouse/core/jws"
	"gatehouse/core/privatekey"
	"gatehouse/core/strictjson"
)

// Kind is the type of a key file.
type Kind string

// Kinds of key files.
const (
	// Application keys authenticate a client (private_key_jwt).
	Application Kind = "application"
	// ServiceAccount keys authenticate a user that is a machine.
	ServiceAccount Kind = "serviceaccount"
)

// Limits of a key file.
const (
	maxFile = 64 << 10
	maxID   = 1024
	minBits = 2048
	// maxBits bounds the time that a signature takes.
	maxBits = 4096
)

// ErrKeyFile: a key file is not acceptable; errors.As finds a [*KeyFileError].
var ErrKeyFile = errors.New("signing: key file refused")

// KeyFileError says what is wrong with a key file.
type KeyFileError struct {
	// Field is the member's name, "" for the file as a whole.
	Field string
	// Problem is a fixed text.
	Problem string
}

// Error implements error.
func (e *KeyFileError) Error() string {
	if e.Field == "" {
		return "signing: key file " + e.Problem
	}
	return "signing: key file: " + e.Field + " " + e.Problem
}

// Is makes the error an ErrKeyFile.
func (e *KeyFileError) Is(target error) bool { return target == ErrKeyFile }

// Key is the content of a key file. It is read-only.
type Key struct {
	Kind Kind
	// ID is the key's id, the kid of what it signs.
	ID string
	// Subject is who the key speaks for: the client id of an application, the user id
	// of a service account.
	Subject string
	// Expiry is when the provider stops accepting the key; zero when the file does not
	// say.
	Expiry time.Time

	private   crypto.Signer
	algorithm jws.Algorithm
}

// Format implements [fmt.Formatter]: a key prints as its id, whatever the verb.
func (k *Key) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "signing.Key(%s)", k.ID) }

// LogValue implements [slog.LogValuer].
func (k *Key) LogValue() slog.Value { return slog.StringValue(k.ID) }

// ParseKeyFile reads the JSON of a key file of the wanted kind. Members that it does not
// know are ignored. The error is ErrKeyFile.
func ParseKeyFile(data []byte, want Kind) (*Key, error) {
	if len(data) > maxFile {
		return nil, &KeyFileError{"", "is longer than 64 KiB"}
	}
	o, err := strictjson.Parse(data)
	if err != nil {
		return nil, &KeyFileError{"", "is not a JSON object"}
	}
	subject := "clientId"
	if want == ServiceAccount {
		subject = "userId"
	}
	k := &Key{Kind: want}
	var kind, text string
	for _, f := range []struct {
		name string
		dst  *string
		max  int
	}{{"type", &kind, maxID}, {"keyId", &k.ID, maxID}, {subject, &k.Subject, maxID}, {"key", &text, maxFile}} {
		value, ok := o.Text(f.name)
		switch {
		case !o.Has(f.name):
			return nil, &KeyFileError{f.name, "is missing"}
		case !ok || value == "" || len(value) > f.max:
			return nil, &KeyFileError{f.name, "is malformed"}
		}
		*f.dst = value
		if f.name == "type" && kind != string(want) {
			return nil, &KeyFileError{"type", "is not " + string(want)}
		}
	}
	if o.Has("expirationDate") {
		date, _ := o.Text("expirationDate")
		if k.Expiry, err = time.Parse(time.RFC3339, date); err != nil {
			return nil, &KeyFileError{"expirationDate", "is malformed"}
		}
	}
	var problem string
	if k.private, k.algorithm, problem = parsePrivate(text); problem != "" {
		return nil, &KeyFileError{"key", problem}
	}
	return k, nil
}

// algorithms sign assertions; each fits one kind of key.
var algorithms = []jws.Algorithm{jws.RS256, jws.ES256, jws.EdDSA}

// parsePrivate reads one key in PEM and chooses its algorithm.
func parsePrivate(text string) (crypto.Signer, jws.Algorithm, string) {
	const unreadable = "is not a PEM private key of RSA, P-256 or Ed25519"
	private, err := privatekey.Parse(text)
	if err != nil {
		return nil, "", unreadable
	}
	if k, ok := private.(*rsa.PrivateKey); ok && (k.N.BitLen() < minBits || k.N.BitLen() > maxBits) {
		return nil, "", "does not have 2048 to 4096 bits"
	}
	for _, a := range algorithms {
		if a.Fits(private.Public()) {
			return private, a, ""
		}
	}
	return nil, "", unreadable
}
