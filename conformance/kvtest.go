package conformance

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"gatehouse/core/kv"
)

// KVOptions describe the store behind a driver; the zero value is a store that is
// read as written and whose clock is the machine's.
type KVOptions struct {
	// Advance moves the store's clock, if the test has a hold of it.
	Advance func(time.Duration)
	// Now is the store's clock; nil means time.Now.
	Now func() time.Time
	// Lag is how long a read may take to see a write.
	Lag time.Duration
}

// TestKV holds a driver to the contract of [kv.Driver], and of [kv.Swapper] and
// [kv.Lister] if it implements them. open returns a driver over an empty store and
// registers what has to be closed with t.
func TestKV(t *testing.T, open func(t testing.TB) kv.Driver, o KVOptions) {
	if o.Now == nil {
		o.Now = time.Now
	}
	for _, check := range kvChecks {
		t.Run(check.name, func(t *testing.T) {
			check.run(&kvTest{TB: t, Driver: open(t), o: o})
		})
	}
}

// kvChecks are the rules of the contract, each with a fresh store.
var kvChecks = []struct {
	name string
	run  func(*kvTest)
}{
	{"missing is ErrNotFound", (*kvTest).missing},
	{"values come back byte for byte", (*kvTest).bytes},
	{"values up to the limit", (*kvTest).large},
	{"keys of the whole alphabet stay apart", (*kvTest).keys},
	{"overwriting replaces", (*kvTest).overwrite},
	{"deleting removes", (*kvTest).remove},
	{"deleting what is not there is no error", (*kvTest).removeAbsent},
	{"nothing goes before its expiry", (*kvTest).expiry},
	{"an overwritten value has the new expiry", (*kvTest).extended},
	{"a past expiry is no error", (*kvTest).past},
	{"the caller owns its slices", (*kvTest).ownership},
	{"a cancelled context ends the call", (*kvTest).cancelled},
	{"concurrent use", (*kvTest).concurrent},
	{"swap creates", (*kvTest).swapCreates},
	{"swap replaces only what it expects", (*kvTest).swapReplaces},
	{"swap does not see what expired", (*kvTest).swapExpired},
	{"swaps are atomic", (*kvTest).swapAtomic},
	{"list finds every key of a prefix", (*kvTest).list},
	{"list pages", (*kvTest).pages},
	{"counting adds one and reads others", (*kvTest).counts},
	{"a number lives until its last expiry", (*kvTest).countsUntilExpiry},
	{"counting at once loses nothing", (*kvTest).countsAll},
}

// kvTest is a driver under test.
type kvTest struct {
	testing.TB
	kv.Driver
	o KVOptions
}

func (t *kvTest) put(key, value string) {
	t.Helper()
	t.putUntil(key, value, time.Hour)
}

func (t *kvTest) putUntil(key, value string, life time.Duration) {
	t.Helper()
	if err := t.Put(context.Background(), key, []byte(value), t.o.Now().Add(life)); err != nil {
		t.Fatalf("Put %s: %v", shorten(key), err)
	}
}

// wait retries f for as long as the store may lag behind.
func (t *kvTest) wait(f func() error) {
	t.Helper()
	err := f()
	for end := time.Now().Add(t.o.Lag); err != nil && time.Now().Before(end); err = f() {
		time.Sleep(t.o.Lag/50 + time.Millisecond)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func (t *kvTest) expect(key, want string) {
	t.Helper()
	t.wait(func() error {
		got, err := t.Get(context.Background(), key)
		if err != nil {
			return fmt.Errorf("Get %s: %w", shorten(key), err)
		}
		if string(got) != want {
			return fmt.Errorf("Get %s: got %s, want %s", shorten(key), shorten(string(got)), shorten(want))
		}
		return nil
	})
}

func (t *kvTest) expectMissing(key string) {
	t.Helper()
	t.wait(func() error {
		got, err := t.Get(context.Background(), key)
		if !errors.Is(err, kv.ErrNotFound) {
			return fmt.Errorf("Get %s: got %s and %v, want kv.ErrNotFound", shorten(key), shorten(string(got)), err)
		}
		return nil
	})
}

func (t *kvTest) missing() { t.expectMissing("missing") }

func (t *kvTest) bytes() {
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	for i, v := range []string{string(all), "\x00", "\n", "a\r\nb", "<null>", "null", "undefined", `{"a":1}`, "\xff\xfe", "é", " padded "} {
		key := fmt.Sprintf("bytes:%d", i)
		t.put(key, v)
		t.expect(key, v)
	}
}

func (t *kvTest) large() {
	v := strings.Repeat("\x00\xff0123456789abcd", kv.MaxValueSize/16)
	t.put("large", v)
	t.expect("large", v)
	t.put("large", "small")
	t.expect("large", "small")
}

func (t *kvTest) keys() {
	keys := []string{"a", "A", "a:", "a.", "a_", "a-", "a:b", "a:b:c", "ab", "0", ".", "..", "a..b", "-", "_", ":", "::",
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:-",
		strings.Repeat("k", kv.MaxKeySize), strings.Repeat("k", kv.MaxKeySize-1), strings.Repeat(":", kv.MaxKeySize)}
	for _, key := range keys {
		t.put(key, "value of "+key)
	}
	for _, key := range keys {
		t.expect(key, "value of "+key)
	}
}

func (t *kvTest) overwrite() {
	for _, v := range []string{"a longer first value", "second", "3"} {
		t.put("key", v)
		t.expect("key", v)
	}
}

func (t *kvTest) remove() {
	t.put("gone", "1")
	t.put("kept", "2")
	if err := t.Delete(context.Background(), "gone"); err != nil {
		t.Fatal(err)
	}
	t.expectMissing("gone")
	t.expect("kept", "2")
	t.put("gone", "again")
	t.expect("gone", "again")
}

func (t *kvTest) removeAbsent() {
	if err := t.Delete(context.Background(), "absent"); err != nil {
		t.Errorf("Delete of an absent key: %v", err)
	}
}

func (t *kvTest) expiry() {
	lives := []time.Duration{2 * time.Second, 90 * time.Second, 24 * time.Hour, 400 * 24 * time.Hour}
	if t.o.Advance == nil {
		lives = lives[1:] // on the machine's clock two seconds may pass before it is read
	}
	for _, life := range lives {
		t.putUntil("life:"+life.String(), "v", life)
	}
	var passed time.Duration
	for _, life := range lives {
		key := "life:" + life.String()
		if t.o.Advance != nil {
			t.o.Advance(life - time.Second - passed)
			passed = life - time.Second
		}
		t.expect(key, "v")
	}
}

func (t *kvTest) extended() {
	t.putUntil("key", "short", 2*time.Second)
	t.putUntil("key", "long", time.Hour)
	if t.o.Advance != nil {
		t.o.Advance(10 * time.Minute)
	}
	t.expect("key", "long")
}

func (t *kvTest) past() {
	if err := t.Put(context.Background(), "past", []byte("v"), t.o.Now().Add(-time.Minute)); err != nil {
		t.Errorf("Put with a past expiry: %v", err)
	}
	if v, err := t.Get(context.Background(), "past"); err != nil && !errors.Is(err, kv.ErrNotFound) || err == nil && string(v) != "v" {
		t.Errorf("Get after it: %q, %v", v, err)
	}
}

func (t *kvTest) ownership() {
	value := []byte("value")
	if err := t.Put(context.Background(), "key", value, t.o.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	copy(value, "XXXXX")
	t.expect("key", "value")
	got, err := t.Get(context.Background(), "key")
	if err != nil {
		t.Fatal(err)
	}
	copy(got, "XXXXX")
	_ = append(got[:0], "YYYYYYYYYY"...)
	t.expect("key", "value")
}

func (t *kvTest) cancelled() {
	t.put("key", "value")
	t.expect("key", "value")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	done := make(chan struct{})
	go func() {
		defer close(done)
		if v, err := t.Get(ctx, "key"); err == nil && string(v) != "value" || errors.Is(err, kv.ErrNotFound) {
			t.Errorf("Get with a cancelled context: %q, %v", v, err)
		}
		_ = t.Put(ctx, "other", []byte("v"), t.o.Now().Add(time.Hour))
		_ = t.Delete(ctx, "other")
	}()
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		t.Fatal("calls with a cancelled context do not end")
	}
	t.expect("key", "value")
}

func (t *kvTest) concurrent() {
	const workers, rounds = 8, 20
	value := func(w int) []byte { return bytes.Repeat([]byte{byte('a' + w)}, 1000+w) }
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			own := fmt.Sprintf("own:%d", w)
			for i := range rounds {
				ctx := context.Background()
				if err := t.Put(ctx, "shared", value(w), t.o.Now().Add(time.Hour)); err != nil {
					t.Errorf("Put: %v", err)
				}
				if err := t.Put(ctx, own, fmt.Append(nil, i), t.o.Now().Add(time.Hour)); err != nil {
					t.Errorf("Put: %v", err)
				}
				got, err := t.Get(ctx, "shared")
				if err != nil && (t.o.Lag == 0 || !errors.Is(err, kv.ErrNotFound)) {
					t.Errorf("Get: %v", err)
				}
				if err == nil && (len(got) == 0 || !bytes.Equal(got, value(int(got[0]-'a')))) {
					t.Errorf("Get: a value that nobody wrote: %s", shorten(string(got)))
				}
			}
		})
	}
	wg.Wait()
	for w := range workers {
		t.expect(fmt.Sprintf("own:%d", w), fmt.Sprint(rounds-1))
	}
}
