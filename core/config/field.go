package config

import (
	"strings"
)

// Field describes one setting. Adapters describe theirs with it too.
type Field struct {
	Name     string
	Default  string // text as a user would write it; "" means none
	Required bool
	Gateway  bool // required by the gateway only: not when the broker runs alone
	Secret   bool // only ever taken from the platform's secrets; never printed
	Section  string
	Doc      string // one or two sentences for the reference
	Hint     string // added to the error when the value is missing or malformed
	// Set parses a non-empty value. Its error is shown after the name and must
	// not contain the value of a secret.
	Set func(value string) error
}

// Parse reads each field from lookup, trimmed, or from its default.
func Parse(fields []Field, lookup Lookup) Errors {
	var errs Errors
	for _, f := range fields {
		value, _ := lookup(f.Name)
		value = strings.TrimSpace(value)
		if value == "" {
			value = f.Default
		}
		if value == "" {
			if f.Required {
				errs = append(errs, &Error{f.Name, "is required", f.Hint})
			}
			continue
		}
		if err := f.Set(value); err != nil {
			errs = append(errs, &Error{f.Name, err.Error(), f.Hint})
		}
	}
	return errs
}
