package cloudflare

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"gatehouse/conformance"
	"gatehouse/conformance/workershost"
	"gatehouse/core/kv"
)

// deployed is a Worker that operates on stores for the driver, in the host of the
// conformance cases: the driver's Go, the scripts and the class Record are the shipped
// ones, KV and the storage of Durable Objects are that host's.
type deployed struct {
	*workershost.Isolate
	objects *workershost.Objects

	mu  sync.Mutex
	now time.Time
}

var operating = sync.OnceValues(func() (*workershost.Worker, error) {
	return workershost.Open(context.Background(), filepath.Join("testdata", "operate.mjs"), "")
})

func deploy(t testing.TB) *deployed {
	worker, err := operating()
	if err != nil {
		t.Fatal(err)
	}
	d := &deployed{objects: &workershost.Objects{Class: "Record"}, now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	isolate, err := worker.NewIsolate(workershost.Env{
		KV:      map[string]kv.Driver{bindingKV: &kv.Memory{Now: d.clock}},
		Objects: map[string]*workershost.Objects{bindingObjects: d.objects},
		Now:     d.clock,
		Log:     func(level, line string) { t.Log(level, line) },
	})
	if err != nil {
		t.Fatal(err)
	}
	d.Isolate = isolate
	t.Cleanup(isolate.Close)
	return d
}

func (d *deployed) clock() time.Time { d.mu.Lock(); defer d.mu.Unlock(); return d.now }

func (d *deployed) advance(by time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.now = d.now.Add(by)
}

// bridge is what a driver calls: each operation is a request of the Worker.
func (d *deployed) bridge(t testing.TB) *bridge {
	var b *bridge
	b = newBridge(func(_, id int, o operation) bool {
		o.data = bytes.Clone(o.data)
		go func() {
			r, err := d.operate(o)
			if err != nil {
				t.Errorf("%s: %v", o.kind, err)
			}
			b.done(id, r)
		}()
		return true
	}, slog.New(slog.DiscardHandler))
	b.live[1] = &request{id: 1, ctx: context.Background(), cancel: func() {}, pending: 1}
	return b
}

func (d *deployed) operate(o operation) (reply, error) {
	target := "/?" + o.kind + "&" + strconv.Itoa(o.number) + "&" + url.QueryEscape(o.text)
	res, err := d.RoundTrip(&http.Request{
		Method: http.MethodPost, RequestURI: target, Host: "app.example", URL: &url.URL{Scheme: "https", Host: "app.example"},
		Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(o.data)), ContentLength: int64(len(o.data)),
		RemoteAddr: "203.0.113.7:1234",
	})
	if err != nil {
		return reply{}, err
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		return reply{}, err
	}
	if res.StatusCode != http.StatusOK {
		return reply{failure: string(data)}, nil
	}
	number, err := strconv.Atoi(res.Header.Get("Number"))
	return reply{number: number, data: data}, err
}

func testDriver(t *testing.T, driver func(d *deployed, b *bridge) kv.Driver) {
	var d *deployed
	conformance.TestKV(t, func(t testing.TB) kv.Driver {
		d = deploy(t)
		return driver(d, d.bridge(t))
	}, conformance.KVOptions{Advance: func(by time.Duration) { d.advance(by) }, Now: func() time.Time { return d.clock() }})
}

func TestKVNamespace(t *testing.T) {
	testDriver(t, func(d *deployed, b *bridge) kv.Driver { return namespace{b, d.clock} })
}

func TestKVObjects(t *testing.T) {
	testDriver(t, func(_ *deployed, b *bridge) kv.Driver { return objects{b} })
}

func TestObjectsAreGoneSomeTimeAfterTheirExpiry(t *testing.T) {
	d := deploy(t)
	o := objects{d.bridge(t)}
	for key, life := range map[string]time.Duration{"short": time.Minute, "long": time.Hour} {
		if err := o.Put(t.Context(), key, []byte("v"), d.clock().Add(life)); err != nil {
			t.Fatal(err)
		}
	}
	d.advance(time.Minute)
	if _, err := o.Get(t.Context(), "long"); err != nil { // the host looks for alarms when it is asked
		t.Error(err)
	}
	d.Settle()
	if left := d.objects.Names(); !slices.Equal(left, []string{"long"}) {
		t.Errorf("objects left: %q", left)
	}
}

func TestLifetimesAreRoundedUp(t *testing.T) {
	for _, test := range []struct {
		life time.Duration
		want int
	}{
		{-time.Hour, 60}, {0, 60}, {time.Second, 60}, {time.Minute, 60}, {time.Minute + 1, 61}, {90 * time.Second, 90}, {14 * 24 * time.Hour, 1209600},
	} {
		if got := seconds(test.life); got != test.want {
			t.Errorf("%v: %d seconds, want %d", test.life, got, test.want)
		}
	}
}

// hurried is KV that refuses the first writes, and takes the others.
func hurried(t testing.TB, refuse int) namespace {
	p := newPump(t, 1)
	p.serve = func(operation) (reply, bool) {
		if refuse--; refuse >= 0 {
			return reply{failure: "busy:KV PUT failed: 429 Too Many Requests"}, true
		}
		return reply{}, true
	}
	return namespace{p.bridge, time.Now}
}

func TestASecondWriteWithinASecondIsTriedOnceMore(t *testing.T) {
	for refused, want := range []error{nil, nil, ErrTooManyWrites} {
		synctest.Test(t, func(t *testing.T) {
			began := time.Now()
			err := hurried(t, refused).Put(t.Context(), "a", []byte("v"), began.Add(time.Hour))
			if !errors.Is(err, want) || (err == nil) != (want == nil) {
				t.Errorf("%d refused: %v", refused, err)
			}
			if waited := time.Since(began); waited != min(time.Duration(refused), 1)*writeInterval {
				t.Errorf("%d refused: waited %v", refused, waited)
			}
		})
	}
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), writeInterval/2)
		defer cancel()
		if err := hurried(t, 1).Put(ctx, "a", []byte("v"), time.Now().Add(time.Hour)); !errors.Is(err, ErrTooManyWrites) {
			t.Errorf("without time for it: %v", err)
		}
	})
}

func TestStoreErrorsAreNoMisses(t *testing.T) {
	p := newPump(t, 1)
	p.serve = func(operation) (reply, bool) { return reply{failure: "failed:KV GET failed: 500"}, true }
	for _, driver := range []kv.Driver{namespace{p.bridge, time.Now}, objects{p.bridge}} {
		if v, err := driver.Get(t.Context(), "a"); err == nil || errors.Is(err, kv.ErrNotFound) || v != nil {
			t.Errorf("got %q, %v", v, err)
		}
	}
	if err := (objects{p.bridge}).Swap(t.Context(), "a", nil, []byte("v"), time.Now()); err == nil || errors.Is(err, kv.ErrConflict) {
		t.Errorf("swap: %v", err)
	}
}
