package kv

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"gatehouse/core/seal"
)

// Use is a kind of record; its value is the prefix of the keys. All uses share one
// store. STORAGE.md describes each. Package limit has keys with "l:v1:".
type Use string

// Uses of the store.
const (
	Sessions       Use = "s:v1:"
	Metadata       Use = "m:v1:"
	Introspections Use = "i:v1:"
	// Tokens are those of sessions, since they were refreshed.
	Tokens Use = "t:v1:"
	// Broker is what the keys of package broker/grant begin with.
	Broker Use = "r:v1:"
	// Ends says which sessions were ended from elsewhere.
	Ends Use = "e:v1:"
)

// Errors of [Store] besides ErrNotFound and what the driver returns.
var (
	// ErrKey: the key is empty, too long or has a character outside the alphabet.
	ErrKey = errors.New("kv: invalid key")
	// ErrTooLarge: the value exceeds MaxValueSize.
	ErrTooLarge = errors.New("kv: value too large")
	// ErrCorrupt: what is stored is not a record sealed by this deployment's keys
	// for this key.
	ErrCorrupt = errors.New("kv: corrupt record")
)

// Envelope: version byte, expiry in milliseconds since 1970 (big endian), sealed
// value. Version and expiry are authenticated with the key.
const (
	envelopeVersion = 1
	headerSize      = 1 + 8
)

// opTimeout bounds one operation of a driver that honours contexts. A request must
// not wait for a store longer than for a provider.
const opTimeout = 5 * time.Second

// Store keeps sealed, expiring records in a driver. It is safe for concurrent use.
type Store struct {
	driver Driver
	keys   *seal.Keyring
	now    func() time.Time
}

// NewStore makes a store over driver. now is the clock that expiry goes by.
func NewStore(driver Driver, keys *seal.Keyring, now func() time.Time) *Store {
	return &Store{driver: driver, keys: keys, now: now}
}

// Driver returns the driver, for its optional extensions.
func (s *Store) Driver() Driver { return s.driver }

// Get returns the record under id. A record that is missing or expired is
// ErrNotFound; one that does not open is ErrCorrupt; other errors are the
// driver's, wrapped.
func (s *Store) Get(ctx context.Context, use Use, id string) ([]byte, error) {
	found, err := s.Look(ctx, use, id)
	if err != nil {
		return nil, err
	}
	return found.Value, nil
}

// Put stores value under id until expiry.
func (s *Store) Put(ctx context.Context, use Use, id string, value []byte, expiry time.Time) error {
	key, err := keyOf(use, id)
	if err != nil {
		return err
	}
	raw := s.encode(key, value, expiry)
	if len(raw) > MaxValueSize {
		return ErrTooLarge
	}
	ctx, cancel := context.WithTimeout(ctx, opTimeout)
	defer cancel()
	if err := s.driver.Put(ctx, key, raw, expiry); err != nil {
		return fmt.Errorf("kv: put: %w", err)
	}
	return nil
}

// Delete removes the record under id; one that is not there is no error.
func (s *Store) Delete(ctx context.Context, use Use, id string) error {
	key, err := keyOf(use, id)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, opTimeout)
	defer cancel()
	if err := s.driver.Delete(ctx, key); err != nil {
		return fmt.Errorf("kv: delete: %w", err)
	}
	return nil
}

func (s *Store) encode(key string, value []byte, expiry time.Time) []byte {
	header := make([]byte, headerSize, headerSize+seal.Overhead+len(value))
	header[0] = envelopeVersion
	binary.BigEndian.PutUint64(header[1:], uint64(expiry.UnixMilli()))
	return append(header, s.keys.Seal(seal.Record, string(header)+key, value)...)
}

// Decode opens a stored envelope that was found under key and returns its value
// and expiry, which may have passed. The error is ErrCorrupt.
func (s *Store) Decode(key string, raw []byte) (value []byte, expiry time.Time, err error) {
	if len(raw) < headerSize || raw[0] != envelopeVersion {
		return nil, time.Time{}, ErrCorrupt
	}
	header := raw[:headerSize]
	value, _, err = s.keys.Open(seal.Record, string(header)+key, raw[headerSize:])
	if err != nil {
		return nil, time.Time{}, ErrCorrupt
	}
	return value, time.UnixMilli(int64(binary.BigEndian.Uint64(header[1:]))), nil
}

func keyOf(use Use, id string) (string, error) {
	key := string(use) + id
	if id == "" || !ValidKey(key) {
		return "", ErrKey
	}
	return key, nil
}

// ValidKey reports whether a driver must accept key.
func ValidKey(key string) bool {
	if key == "" || len(key) > MaxKeySize {
		return false
	}
	for i := 0; i < len(key); i++ {
		c := key[i]
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '.', c == '_', c == ':', c == '-':
		default:
			return false
		}
	}
	return true
}
