//go:build runtimes

package runtimes

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"gatehouse/conformance"
	"gatehouse/core/kv"
)

// objects is a driver that does what the Worker's own does, over the scripts of the
// artifact: store.mjs, and Durable Objects of the class Record.
type objects struct {
	control string
	// prefix sets the records of one test apart.
	prefix string
}

func (o objects) do(ctx context.Context, kind, key string, number int, expiry time.Time, data []byte) ([]byte, error) {
	q := url.Values{"kind": {kind}, "key": {o.prefix + key}, "number": {strconv.Itoa(number)}, "expiry": {strconv.FormatInt(expiry.UnixMilli(), 10)}}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+o.control+"/store?"+q.Encode(), bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	value, err := io.ReadAll(res.Body)
	switch {
	case err != nil:
		return nil, err
	case res.StatusCode == http.StatusNotFound:
		return nil, kv.ErrNotFound
	case res.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("%s: %s: %s", kind, res.Status, value)
	}
	return value, nil
}

func (o objects) Get(ctx context.Context, key string) ([]byte, error) {
	return o.do(ctx, "object-get", key, 0, time.Time{}, nil)
}

func (o objects) Put(ctx context.Context, key string, value []byte, expiry time.Time) error {
	_, err := o.do(ctx, "object-put", key, 0, expiry, value)
	return err
}

func (o objects) Delete(ctx context.Context, key string) error {
	_, err := o.do(ctx, "object-delete", key, 0, time.Time{}, nil)
	return err
}

func (o objects) Swap(ctx context.Context, key string, old, value []byte, expiry time.Time) error {
	length := len(old)
	if old == nil {
		length = -1
	}
	swapped, err := o.do(ctx, "object-swap", key, length, expiry, append(bytes.Clone(old), value...))
	if err == nil && string(swapped) != "1" {
		err = kv.ErrConflict
	}
	return err
}

func startObjects(t testing.TB) *workerd {
	t.Helper()
	dir, err := workerArtifact()
	if err != nil {
		t.Fatal(err)
	}
	return startWorkerd(t, workerdOptions{
		dir: dir, main: "main.mjs", modules: map[string]string{"main.mjs": "testdata/workerd/main.mjs"},
		objects: true, control: true,
	})
}

func TestWorkerdObjectsKeepTheContract(t *testing.T) {
	w := startObjects(t)
	conformance.TestKV(t, func(t testing.TB) kv.Driver {
		return objects{w.control, strings.ReplaceAll(t.Name(), "/", ":") + ":"}
	}, conformance.KVOptions{})
}

// A session in Durable Objects begins, serves and ends.
func TestWorkerdSessionInObjects(t *testing.T) {
	s := startWorkerSite(t, nil, workerdOptions{objects: true, settings: map[string]string{"STORE": "durable-object"}})
	v := newVisitor(t)
	v.logIn(s.app + "/")
	old := v.client.Jar.Cookies(mustParse(t, s.app))
	status := func() int {
		status, _ := ask(t, s.app+"/api/whoami", "application/json", old...)
		return status
	}
	if got := status(); got != http.StatusOK {
		t.Fatalf("the session answers %d", got)
	}
	r, err := http.NewRequest(http.MethodPost, s.app+"/logout", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Origin", s.app)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	if res, _ := v.do(r); res.StatusCode != http.StatusNoContent {
		t.Errorf("the logout answers %s", res.Status)
	}
	if got := status(); got != http.StatusUnauthorized {
		t.Errorf("after the logout the old cookies answer %d", got)
	}
}

func mustParse(t testing.TB, raw string) *url.URL {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return u
}
