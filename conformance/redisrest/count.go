package redisrest

import (
	"bytes"
	"context"
	"errors"
	"strconv"
	"time"

	"gatehouse/core/kv"
)

// counted begins a value that is a number, which the driver would otherwise take for a
// record's.
const counted = "number "

// Exec implements [Transactions], for the one transaction that core/kv/rest sends:
// INCR and PEXPIRE of a key, and GET of others. It is a read and a write of the driver
// for the key, and a read for each of the others; that nothing comes in between is for
// the caller to see to, as [Front] does.
func (d Driver) Exec(ctx context.Context, commands [][]string) ([]any, error) {
	if len(commands) < 2 || len(commands[0]) != 2 || len(commands[1]) != 3 ||
		commands[0][0] != "INCR" || commands[1][0] != "PEXPIRE" || commands[1][1] != commands[0][1] {
		return nil, errors.New("EXECABORT Transaction discarded because of previous errors")
	}
	ms, err := strconv.ParseInt(commands[1][2], 10, 64)
	if err != nil || ms <= 0 {
		return nil, errors.New("ERR value is not an integer or out of range")
	}
	n, err := d.increment(ctx, commands[0][1], d.Now().Add(time.Duration(ms)*time.Millisecond))
	if err != nil {
		return nil, failed(err)
	}
	results := []any{n, int64(1)}
	for _, c := range commands[2:] {
		if len(c) != 2 || c[0] != "GET" {
			return nil, errors.New("EXECABORT Transaction discarded because of previous errors")
		}
		n, err := d.number(ctx, c[1])
		switch {
		case err != nil:
			results = append(results, failed(err))
		case n == 0:
			results = append(results, nil)
		default:
			results = append(results, strconv.FormatInt(n, 10))
		}
	}
	return results, nil
}

func (d Driver) increment(ctx context.Context, key string, expiry time.Time) (int64, error) {
	n, err := d.number(ctx, key)
	if err != nil {
		return 0, err
	}
	n++
	return n, d.KV.Put(ctx, key, strconv.AppendInt([]byte(counted), n, 10), expiry)
}

// number returns what is counted under key, 0 if nothing is.
func (d Driver) number(ctx context.Context, key string) (int64, error) {
	value, err := d.KV.Get(ctx, key)
	if errors.Is(err, kv.ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	digits, ok := bytes.CutPrefix(value, []byte(counted))
	if !ok {
		return 0, errors.New("value is not an integer or out of range")
	}
	return strconv.ParseInt(string(digits), 10, 64)
}
