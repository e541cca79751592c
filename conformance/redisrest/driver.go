package redisrest

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"gatehouse/core/kv"
)

// Driver carries out, on a driver, the commands that core/kv/rest sends; EVAL is its
// one script. The driver gets the values as they were before their encoding. Every
// error of the driver is an error of the command.
type Driver struct {
	KV kv.Driver
	// Now is the store's clock.
	Now func() time.Time
}

// Do implements [Commands].
func (d Driver) Do(ctx context.Context, args []string) (any, error) {
	name := strings.ToUpper(args[0])
	run, ok := map[string]struct {
		args int
		run  func(context.Context, []string) (any, error)
	}{
		"GET":  {1, d.get},
		"SET":  {4, d.set},
		"DEL":  {1, d.del},
		"EVAL": {6, d.eval},
		"SCAN": {5, d.scan},
	}[name]
	switch {
	case !ok:
		return nil, fmt.Errorf("ERR unknown command '%s'", args[0])
	case len(args) != run.args+1:
		return nil, fmt.Errorf("ERR wrong number of arguments for '%s' command", name)
	}
	return run.run(ctx, args[1:])
}

func (d Driver) get(ctx context.Context, args []string) (any, error) {
	value, err := d.KV.Get(ctx, args[0])
	switch {
	case errors.Is(err, kv.ErrNotFound):
		return nil, nil
	case err != nil:
		return nil, failed(err)
	}
	return base64.RawURLEncoding.EncodeToString(value), nil
}

func (d Driver) set(ctx context.Context, args []string) (any, error) {
	value, expiry, err := d.record(args[1], args[2], args[3])
	if err != nil {
		return nil, err
	}
	if err := d.KV.Put(ctx, args[0], value, expiry); err != nil {
		return nil, failed(err)
	}
	return "OK", nil
}

func (d Driver) del(ctx context.Context, args []string) (any, error) {
	if err := d.KV.Delete(ctx, args[0]); err != nil {
		return nil, failed(err)
	}
	return int64(1), nil
}

func (d Driver) eval(ctx context.Context, args []string) (any, error) {
	if args[1] != "1" {
		return nil, errors.New("ERR unknown command 'EVAL'")
	}
	var old []byte
	if args[3] != "" {
		var err error
		if old, err = base64.RawURLEncoding.DecodeString(args[3]); err != nil {
			return nil, errors.New("ERR value is not what the driver writes")
		}
	}
	value, expiry, err := d.record(args[4], "PX", args[5])
	if err != nil {
		return nil, err
	}
	switch err := d.swap(ctx, args[2], old, value, expiry); {
	case errors.Is(err, kv.ErrConflict):
		return int64(0), nil
	case err != nil:
		return nil, failed(err)
	}
	return int64(1), nil
}

// scripts run one at a time in a Redis.
var scripts sync.Mutex

// swap is the driver's own where it has one, and otherwise what the script does.
func (d Driver) swap(ctx context.Context, key string, old, value []byte, expiry time.Time) error {
	if swapper, ok := d.KV.(kv.Swapper); ok {
		return swapper.Swap(ctx, key, old, value, expiry)
	}
	scripts.Lock()
	defer scripts.Unlock()
	now, err := d.KV.Get(ctx, key)
	switch {
	case err != nil && !errors.Is(err, kv.ErrNotFound):
		return err
	case (old == nil) != (err != nil) || !bytes.Equal(now, old):
		return kv.ErrConflict
	}
	return d.KV.Put(ctx, key, value, expiry)
}

// record reads a value and its lifetime.
func (d Driver) record(text, option, life string) ([]byte, time.Time, error) {
	value, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(value) == 0 {
		return nil, time.Time{}, errors.New("ERR value is not what the driver writes")
	}
	ms, err := strconv.ParseInt(life, 10, 64)
	if option != "PX" || err != nil || ms <= 0 {
		return nil, time.Time{}, errors.New("ERR invalid expire time in 'set' command")
	}
	return value, d.Now().Add(time.Duration(ms) * time.Millisecond), nil
}

// scan imitates SCAN: the cursor is the number of keys that were looked at, of any
// prefix, and the pattern a prefix with quoted characters.
func (d Driver) scan(ctx context.Context, args []string) (any, error) {
	lister, ok := d.KV.(kv.Lister)
	if !ok {
		return nil, errors.New("ERR unknown command 'SCAN'")
	}
	at, err := strconv.Atoi(args[0])
	count, err2 := strconv.Atoi(args[4])
	prefix, isPrefix := strings.CutSuffix(args[2], "*")
	if err != nil || err2 != nil || at < 0 || count < 1 || args[1] != "MATCH" || !isPrefix || args[3] != "COUNT" {
		return nil, errors.New("ERR syntax error")
	}
	prefix = strings.NewReplacer(`\\`, `\`, `\`, ``).Replace(prefix)
	var all []string
	for cursor, first := "", true; first || cursor != ""; first = false {
		var keys []string
		if keys, cursor, err = lister.List(ctx, "", cursor, 1000); err != nil {
			return nil, failed(err)
		}
		all = append(all, keys...)
	}
	slices.Sort(all)
	end, next := at+count, strconv.Itoa(at+count)
	if end >= len(all) {
		end, next = len(all), "0"
	}
	matches := []any{}
	for _, key := range all[min(at, end):end] {
		if strings.HasPrefix(key, prefix) {
			matches = append(matches, key)
		}
	}
	return []any{next, matches}, nil
}

func failed(err error) error { return fmt.Errorf("ERR %w", err) }
