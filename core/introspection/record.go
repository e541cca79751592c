package introspection

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"gatehouse/core/kv"
)

const (
	// storeWait bounds one operation even where the store ignores contexts.
	storeWait = 2 * time.Second
	// clockDrift is how far in the future another process's answer may be from.
	clockDrift = time.Minute
)

// record is an answer about a valid token as the store keeps it, under the token's key.
type record struct {
	// Asked is when the issuer was asked, in milliseconds since 1970.
	Asked  int64           `json:"asked"`
	Answer json.RawMessage `json:"answer"`
}

// keep remembers a valid token whose answer was asked for at asked: until its expiry, at
// most for the cap. A token without an expiry is not kept.
func (i *Introspector) keep(key string, result *Result, body []byte, asked time.Time) {
	until := i.until(result, asked)
	now := i.o.Now()
	if !now.Before(until) || len(body) > maxAnswer || !i.remember(key, result, asked, until, len(body)) || i.o.Store == nil {
		return
	}
	value, err := json.Marshal(record{Asked: asked.UnixMilli(), Answer: body})
	if err != nil {
		return
	}
	i.o.Background(func(ctx context.Context) {
		if i.forgottenSince(key, asked) {
			return
		}
		_, err := kv.Within(ctx, storeWait, func(ctx context.Context) (none struct{}, err error) {
			return none, i.o.Store.Put(ctx, kv.Introspections, key, value, until)
		})
		i.complain(err)
		if i.forgottenSince(key, asked) {
			i.complain(i.erase(ctx, key))
		}
	})
}

// remember puts a result that was true at since into memory, and reports whether it may
// stay: not when Forget or Clear was called meanwhile. They mark first and drop then, so
// one of the two removes it.
func (i *Introspector) remember(key string, result *Result, since, until time.Time, size int) bool {
	now := i.o.Now()
	i.valid.put(key, &entry{result: result, made: now, until: until, size: size}, now)
	if i.forgottenSince(key, since) {
		i.valid.drop(key)
		return false
	}
	return true
}

func (i *Introspector) erase(ctx context.Context, key string) error {
	_, err := kv.Within(ctx, storeWait, func(ctx context.Context) (none struct{}, err error) {
		return none, i.o.Store.Delete(ctx, kv.Introspections, key)
	})
	return err
}

func (i *Introspector) until(result *Result, asked time.Time) time.Time {
	until := asked.Add(i.o.Cap)
	if result.Expiry.Before(until) {
		until = result.Expiry
	}
	return until
}

// load returns what the store knows of a token, judged anew, or nil. It is only a cache:
// its errors mean "not there".
func (i *Introspector) load(ctx context.Context, key string) *Result {
	if i.o.Store == nil || i.o.Cap <= 0 {
		return nil
	}
	began := i.o.Now()
	if i.forgotten.get(key, began) != nil {
		// The store may be behind and still hold what was deleted.
		return nil
	}
	raw, err := kv.Within(ctx, storeWait, func(ctx context.Context) ([]byte, error) {
		return i.o.Store.Get(ctx, kv.Introspections, key)
	})
	var r record
	if err == nil {
		err = json.Unmarshal(raw, &r)
	}
	if err != nil {
		if ctx.Err() == nil && !errors.Is(err, kv.ErrNotFound) {
			i.complain(err)
		}
		return nil
	}
	now, asked := i.o.Now(), time.UnixMilli(r.Asked)
	// Another process's clock may be ahead, and the store may be behind.
	if asked.After(now.Add(clockDrift)) || i.clearedSince(asked.Add(-clockDrift)) {
		return nil
	}
	if asked.After(now) {
		asked = now
	}
	result, err := i.judge(r.Answer, key)
	if err != nil {
		return nil
	}
	until := i.until(result, asked)
	if !now.Before(until) || !i.remember(key, result, began, until, len(r.Answer)) {
		return nil
	}
	return result
}

func (i *Introspector) complain(err error) {
	if err == nil {
		return
	}
	i.complained.Do(func() {
		i.o.Log.Warn("introspection answers are not cached in the store", "error", err.Error())
	})
}
