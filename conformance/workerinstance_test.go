package conformance

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"time"

	"gatehouse/conformance/workershost"
	"gatehouse/core/kv"
)

// workerInstance is one isolate, or a new one for every request.
type workerInstance struct {
	t      testing.TB
	worker *workershost.Worker
	env    workershost.Env
	fresh  bool

	mu       sync.Mutex
	isolates []*workershost.Isolate
}

// isolate returns the isolate for a request.
func (i *workerInstance) isolate() (*workershost.Isolate, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if !i.fresh && len(i.isolates) > 0 {
		return i.isolates[0], nil
	}
	s, err := i.worker.NewIsolate(i.env)
	if err != nil {
		return nil, err
	}
	i.isolates = append(i.isolates, s)
	return s, nil
}

func (i *workerInstance) RoundTrip(r *http.Request) (*http.Response, error) {
	s, err := i.isolate()
	if err != nil {
		return nil, err
	}
	return s.RoundTrip(r)
}

// Settle implements Settler. Isolates of one request are done then.
func (i *workerInstance) Settle() {
	i.mu.Lock()
	defer i.mu.Unlock()
	for _, s := range i.isolates {
		s.Settle()
		if i.fresh {
			s.Close()
		}
	}
	if i.fresh {
		i.isolates = nil
	}
}

func (i *workerInstance) Close() {
	i.mu.Lock()
	defer i.mu.Unlock()
	for _, s := range i.isolates {
		s.Close()
	}
	i.isolates = nil
}

// pausingStore and pausingNetwork let what takes time in the world take virtual time.
type pausingStore struct{ kv.Driver }

func virtual(ctx context.Context) context.Context { return WithPause(ctx, workershost.Wait) }

func (p pausingStore) Get(ctx context.Context, key string) ([]byte, error) {
	return p.Driver.Get(virtual(ctx), key)
}

func (p pausingStore) Put(ctx context.Context, key string, value []byte, expiry time.Time) error {
	return p.Driver.Put(virtual(ctx), key, value, expiry)
}

func (p pausingStore) Delete(ctx context.Context, key string) error {
	return p.Driver.Delete(virtual(ctx), key)
}

type pausingNetwork struct{ http.RoundTripper }

func (p pausingNetwork) RoundTrip(r *http.Request) (*http.Response, error) {
	return p.RoundTripper.RoundTrip(r.WithContext(virtual(r.Context())))
}
