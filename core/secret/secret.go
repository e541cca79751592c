// Package secret holds text that must not reach a log, an error or a page.
package secret

import (
	"fmt"
	"log/slog"
	"unique"
)

// redacted is what every printer shows instead of the value.
const redacted = "[redacted]"

// Text is a secret string. Every way of printing or encoding it shows "[redacted]";
// only [Text.Reveal] gives the value. The zero value is the empty secret.
//
// The value is behind a handle because package fmt prints what is in unexported
// fields without asking its methods.
type Text struct{ value unique.Handle[string] }

// New returns value as a secret.
func New(value string) Text { return Text{unique.Make(value)} }

// Reveal returns the value. Callers hand it to the wire or to a key derivation and
// to nothing else.
func (t Text) Reveal() string {
	if t.value == (unique.Handle[string]{}) {
		return ""
	}
	return t.value.Value()
}

// Empty reports whether the secret is the empty string.
func (t Text) Empty() bool { return t.Reveal() == "" }

// String implements [fmt.Stringer].
func (t Text) String() string { return redacted }

// GoString implements [fmt.GoStringer].
func (t Text) GoString() string { return redacted }

// Format implements [fmt.Formatter], so that no verb shows the value.
func (t Text) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(redacted)) }

// LogValue implements [slog.LogValuer].
func (t Text) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText implements [encoding.TextMarshaler]; it never fails.
func (t Text) MarshalText() ([]byte, error) { return []byte(redacted), nil }
