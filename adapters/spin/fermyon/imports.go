//go:build wasip1

package fermyon

import (
	"unsafe"

	"gatehouse/adapters/spin/abi"
	"gatehouse/adapters/spin/wasi"
)

//go:wasmimport fermyon:spin/key-value@2.0.0 [static]store.open
func storeOpen(label string, result uint32)

//go:wasmimport fermyon:spin/key-value@2.0.0 [method]store.get
func storeGet(self uint32, key string, result uint32)

//go:wasmimport fermyon:spin/key-value@2.0.0 [method]store.set
func storeSet(self uint32, key string, value *byte, n uint32, result uint32)

//go:wasmimport fermyon:spin/key-value@2.0.0 [method]store.delete
func storeDelete(self uint32, key string, result uint32)

//go:wasmimport fermyon:spin/key-value@2.0.0 [method]store.get-keys
func storeGetKeys(self uint32, result uint32)

//go:wasmimport fermyon:spin/key-value@2.0.0 [resource-drop]store
func dropStore(self uint32)

//go:wasmimport fermyon:spin/variables@2.0.0 get
func variablesGet(name string, result uint32)

// Room for what the host returns, in bytes.
const (
	maxSmall = 64 << 10  // a variable, or the text of an error
	maxValue = 320 << 10 // more than a record can have
	maxKeys  = 8 << 20
)

// Variable returns the value of a variable, which is absent when it is not defined.
func Variable(name string) (value string, ok bool, err error) {
	c := wasi.Begin(maxSmall)
	defer c.Release()
	r := c.Enter()
	variablesGet(name, r)
	if c.Failed(r) {
		return "", false, variablesError(c.Block, r+abi.Handle)
	}
	return c.String(r + 4), true, nil
}

// Store is an open key-value store.
type Store struct{ handle uint32 }

// Open opens the store with label. Close must be called.
func Open(label string) (*Store, error) {
	c := wasi.Begin(maxSmall)
	defer c.Release()
	r := c.Enter()
	storeOpen(label, r)
	if c.Failed(r) {
		return nil, keyValueError(c.Block, r+abi.Handle)
	}
	return &Store{c.U32(r + abi.Handle)}, nil
}

// Close implements [io.Closer].
func (s *Store) Close() error {
	dropStore(s.handle)
	return nil
}

// Get returns the value under key; ok is false when there is none.
func (s *Store) Get(key string) (value []byte, ok bool, err error) {
	c := wasi.Begin(maxValue)
	defer c.Release()
	r := c.Enter()
	storeGet(s.handle, key, r)
	switch {
	case c.Failed(r):
		return nil, false, keyValueError(c.Block, r+4)
	case !c.Some(r + 4):
		return nil, false, nil
	}
	return c.Bytes(r + 4 + 4), true, nil
}

// Set stores value under key.
func (s *Store) Set(key string, value []byte) error {
	c := wasi.Begin(maxSmall)
	defer c.Release()
	r := c.Enter()
	storeSet(s.handle, key, unsafe.SliceData(value), uint32(len(value)), r)
	return unit(c, r)
}

// Delete removes key, if it is there.
func (s *Store) Delete(key string) error {
	c := wasi.Begin(maxSmall)
	defer c.Release()
	r := c.Enter()
	storeDelete(s.handle, key, r)
	return unit(c, r)
}

// Keys returns every key.
func (s *Store) Keys() ([]string, error) {
	c := wasi.Begin(maxKeys)
	defer c.Release()
	r := c.Enter()
	storeGetKeys(s.handle, r)
	if c.Failed(r) {
		return nil, keyValueError(c.Block, r+4)
	}
	return c.Strings(r + 4), nil
}

// unit is the result<_, error> at r.
func unit(c *wasi.Call, r uint32) error {
	if c.Failed(r) {
		return keyValueError(c.Block, r+4)
	}
	return nil
}
