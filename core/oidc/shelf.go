package oidc

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"log/slog"
	"sync"
	"time"

	"gatehouse/core/kv"
)

// record is a provider document as the store keeps it, under the hexadecimal
// SHA-256 of its address. Times are milliseconds since 1970; 0 means never.
type record struct {
	Fetched   int64           `json:"fetched"`
	Attempted int64           `json:"attempted,omitempty"`
	Renewed   int64           `json:"renewed,omitempty"`
	Document  json.RawMessage `json:"document"`
}

// shelf keeps documents in the store. It is only a cache: its errors are logged once
// and otherwise mean "not there".
type shelf struct {
	store      *kv.Store
	log        *slog.Logger
	background func(func(context.Context))
	complained sync.Once
}

// shelfWait bounds one operation even where the store ignores contexts.
const shelfWait = 2 * time.Second

// load returns the record of address, or nil.
func (s *shelf) load(ctx context.Context, address string) *record {
	if s.store == nil {
		return nil
	}
	raw, err := kv.Within(ctx, shelfWait, func(ctx context.Context) ([]byte, error) {
		return s.store.Get(ctx, kv.Metadata, shelfKey(address))
	})
	if errors.Is(err, kv.ErrNotFound) {
		return nil
	}
	r := &record{}
	if err == nil {
		err = json.Unmarshal(raw, r)
	}
	if err != nil {
		s.complain(err)
		return nil
	}
	return r
}

// save stores r until its document is too old to serve, in the background where the
// platform has one.
func (s *shelf) save(ctx context.Context, address string, r *record) {
	if s.store == nil {
		return
	}
	write := func(ctx context.Context) {
		_, err := kv.Within(ctx, shelfWait, func(ctx context.Context) (none struct{}, err error) {
			value, err := json.Marshal(r)
			if err != nil {
				return none, err
			}
			return none, s.store.Put(ctx, kv.Metadata, shelfKey(address), value, time.UnixMilli(r.Fetched).Add(staleFor))
		})
		if err != nil {
			s.complain(err)
		}
	}
	if s.background == nil {
		write(ctx)
		return
	}
	s.background(write)
}

func (s *shelf) complain(err error) {
	s.complained.Do(func() {
		s.log.Warn("provider documents are not cached in the store", "error", err.Error())
	})
}

func shelfKey(address string) string {
	sum := sha256.Sum256([]byte(address))
	return hex.EncodeToString(sum[:])
}
