package syumai

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"gatehouse/core/kv"
)

// memory is a namespace; what it holds outlives no test.
type memory struct {
	values map[string][]byte
	life   int
	hang   chan struct{}
}

func (m *memory) get(key string) (io.Reader, error) {
	<-m.hang
	if v, ok := m.values[key]; ok {
		return bytes.NewReader(v), nil
	}
	return nil, nil
}

func (m *memory) put(key string, value io.Reader, life int) (err error) {
	m.life = life
	m.values[key], err = io.ReadAll(value)
	return err
}

func (m *memory) delete(key string) error { panic("the runtime throws") }

func newMemory() *memory {
	m := &memory{values: map[string][]byte{}, hang: make(chan struct{})}
	close(m.hang)
	return m
}

func TestStore(t *testing.T) {
	m := newMemory()
	now := time.Unix(1e9, 0)
	s := store{m, func() time.Time { return now }}
	for _, key := range []string{"a:b", ".", "<null>"} {
		if _, err := s.Get(t.Context(), key); !errors.Is(err, kv.ErrNotFound) {
			t.Errorf("missing key: %v", err)
		}
		value := []byte("<null>\x00\xff")
		if err := s.Put(t.Context(), key, value, now.Add(90*time.Second+1)); err != nil || m.life != 91 {
			t.Errorf("%v, life %d", err, m.life)
		}
		if got, err := s.Get(t.Context(), key); err != nil || !bytes.Equal(got, value) {
			t.Errorf("got %q, %v", got, err)
		}
	}
	if err := s.Put(t.Context(), "a", []byte("b"), now.Add(time.Second)); err != nil || m.life != 60 {
		t.Errorf("%v, life %d", err, m.life)
	}
	if err := s.Delete(t.Context(), "a"); !errors.Is(err, errRuntime) {
		t.Errorf("an exception: %v", err)
	}
}

func TestADeadlineEndsAWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		m.hang = make(chan struct{})
		defer close(m.hang)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := (store{m, time.Now}).Get(ctx, "a"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
	})
}

func TestErrorsNameNoQuery(t *testing.T) {
	_, err := await(t.Context(), func() (int, error) { return 0, errors.New("fetch https://a.example/?code=secret failed") })
	if !errors.Is(err, errRuntime) || err.Error() != errRuntime.Error() {
		t.Errorf("got %v", err)
	}
}
