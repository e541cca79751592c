package conformance

import (
	"context"
	"io"
	"net/http"
	"sync"
	"time"

	"gatehouse/conformance/workershost"
	"gatehouse/core/kv"
)

// workerInstance is one isolate, or a new one for every request.
type workerInstance struct {
	worker *workershost.Worker
	env    workershost.Env
	fresh  bool
	slots  chan struct{} // of isolates for one request

	isolates []*workershost.Isolate // the one, unless fresh
}

// atOnce bounds the isolates that are alive for parallel requests, 20 MB each.
const atOnce = 4

func (i *workerInstance) RoundTrip(r *http.Request) (*http.Response, error) {
	if !i.fresh {
		return i.isolates[0].RoundTrip(r)
	}
	i.slots <- struct{}{}
	s, err := i.worker.NewIsolate(i.env)
	if err != nil {
		<-i.slots
		return nil, err
	}
	end := sync.OnceFunc(func() {
		s.Settle()
		s.Close()
		<-i.slots
	})
	res, err := s.RoundTrip(r)
	if err != nil {
		end()
		return nil, err
	}
	body := once{res.Body, end}
	if w, ok := res.Body.(io.Writer); ok {
		res.Body = struct {
			once
			io.Writer
		}{body, w}
	} else {
		res.Body = body
	}
	return res, nil
}

// once is the body of an isolate's only answer.
type once struct {
	io.ReadCloser
	end func()
}

func (o once) Close() error {
	err := o.ReadCloser.Close()
	o.end()
	return err
}

// Settle implements Settler.
func (i *workerInstance) Settle() {
	for _, s := range i.isolates {
		s.Settle()
	}
}

func (i *workerInstance) Close() {
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
