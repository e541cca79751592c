// Package fermyon binds the interfaces of Spin itself that the component for Spin uses:
// fermyon:spin/key-value@2.0.0 and fermyon:spin/variables@2.0.0, which Spin has offered
// unchanged since version 2.0.
//
// A program that links this package runs in Spin only: a host without the interfaces
// does not load it.
package fermyon

import (
	"errors"

	"gatehouse/adapters/spin/abi"
)

// Errors of the key-value store with a meaning of their own.
var (
	ErrStoreTableFull = errors.New("fermyon:spin/key-value: too many open stores")
	ErrNoSuchStore    = errors.New("fermyon:spin/key-value: no store has this label")
	ErrAccessDenied   = errors.New("fermyon:spin/key-value: the component may not use this store")
)

// maxText bounds the host's words in an error.
const maxText = 256

// text is the string of a variant at address.
func text(b *abi.Block, address uint32) string {
	s := b.String(address + abi.VariantString)
	return s[:min(len(s), maxText)]
}

// keyValueError is the error of key-value at address.
func keyValueError(b *abi.Block, address uint32) error {
	switch b.U8(address) {
	case 0:
		return ErrStoreTableFull
	case 1:
		return ErrNoSuchStore
	case 2:
		return ErrAccessDenied
	}
	return errors.New("fermyon:spin/key-value: " + text(b, address))
}

// undefined is the case of variables' error for a name that has no value.
const undefined = 1

// variablesError is the error of variables at address; nil for a variable that is not
// defined.
func variablesError(b *abi.Block, address uint32) error {
	if b.U8(address) == undefined {
		return nil
	}
	return errors.New("fermyon:spin/variables: " + text(b, address))
}
