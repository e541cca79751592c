package workershost

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/dop251/goja"

	"gatehouse/core/kv"
)

// Limits of Workers KV.
const (
	maxKVKey = 512
	minKVTTL = 60
)

// keyValueNatives are the natives of KV namespaces.
func (s *Isolate) keyValueNatives() map[string]any {
	check := func(verb, key string) {
		if key == "" || key == "." || key == ".." {
			s.throw("TypeError", "Key name cannot be empty, \".\" or \"..\".")
		}
		if len(key) > maxKVKey {
			s.throw("Error", fmt.Sprintf("KV %s failed: 414 UTF-8 encoded length of %d exceeds key length limit of %d.", verb, len(key), maxKVKey))
		}
	}
	failed := func(verb string, err error) error {
		if strings.Contains(err.Error(), "429") {
			return errors.New("KV " + verb + " failed: 429 Too Many Requests")
		}
		return errors.New("KV " + verb + " failed: 500 Internal Server Error")
	}
	return map[string]any{
		"kvGet": func(binding, key string) goja.Value {
			check("GET", key)
			return s.async(func(ctx context.Context) (func() any, error) {
				value, err := s.env.KV[binding].Get(ctx, key)
				if errors.Is(err, kv.ErrNotFound) {
					return func() any { return goja.Null() }, nil
				}
				if err != nil {
					return nil, failed("GET", err)
				}
				return func() any { return s.vm.NewArrayBuffer(bytes.Clone(value)) }, nil
			})
		},
		// at is in seconds since 1970, ttl in seconds; 0 means neither.
		"kvPut": func(binding, key string, b goja.ArrayBuffer, offset, length int64, at, ttl float64) goja.Value {
			check("PUT", key)
			now := s.clock()
			var expiry time.Time
			switch {
			case ttl != 0 && ttl < minKVTTL:
				s.throw("Error", fmt.Sprintf("KV PUT failed: 400 Invalid expiration_ttl of %v. Expiration TTL must be at least 60.", ttl))
			case ttl != 0:
				expiry = now.Add(time.Duration(ttl) * time.Second)
			case at != 0 && at < float64(now.Unix()+minKVTTL):
				s.throw("Error", fmt.Sprintf("KV PUT failed: 400 Invalid expiration of %v. Expiration times must be at least 60 seconds in the future.", at))
			case at != 0:
				expiry = time.Unix(int64(at), 0)
			}
			value := bytes.Clone(b.Bytes()[offset : offset+length])
			return s.async(func(ctx context.Context) (func() any, error) {
				if err := s.env.KV[binding].Put(ctx, key, value, expiry); err != nil {
					return nil, failed("PUT", err)
				}
				return nil, nil
			})
		},
		"kvDelete": func(binding, key string) goja.Value {
			check("DELETE", key)
			return s.async(func(ctx context.Context) (func() any, error) {
				if err := s.env.KV[binding].Delete(ctx, key); err != nil {
					return nil, failed("DELETE", err)
				}
				return nil, nil
			})
		},
		"kvList": func(binding, prefix string, limit int, cursor string) goja.Value {
			lister, ok := s.env.KV[binding].(kv.Lister)
			if !ok {
				s.throw("Error", "KV LIST failed: the store cannot list")
			}
			return s.async(func(ctx context.Context) (func() any, error) {
				keys, next, err := lister.List(ctx, prefix, cursor, limit)
				if err != nil {
					return nil, failed("LIST", err)
				}
				return func() any { return map[string]any{"keys": keys, "cursor": next} }, nil
			})
		},
	}
}
