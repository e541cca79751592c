package kv_test

import (
	"context"
	"testing"
	"time"

	"gatehouse/core/kv"
	"gatehouse/core/seal"
)

func TestExpiryOfAnEnvelope(t *testing.T) {
	keys, err := seal.NewKeyring(make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	memory := &kv.Memory{}
	now := time.Now().Truncate(time.Second)
	store := kv.NewStore(memory, keys, func() time.Time { return now })
	want := now.Add(time.Hour)
	if err := store.Put(context.Background(), kv.Sessions, "id", []byte("value"), want); err != nil {
		t.Fatal(err)
	}
	raw, err := memory.Get(context.Background(), string(kv.Sessions)+"id")
	if err != nil {
		t.Fatal(err)
	}
	if got, ok := kv.Expiry(raw); !ok || !got.Equal(want) {
		t.Errorf("got %v, %v, want %v", got, ok, want)
	}
	other := append([]byte{9}, raw[1:]...)
	for _, raw := range [][]byte{nil, raw[:8], other} {
		if _, ok := kv.Expiry(raw); ok {
			t.Errorf("%q passes for an envelope", raw)
		}
	}
}
