package conformance

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"gatehouse/conformance/workershost"
	"gatehouse/core/kv"
)

// durableTarget is the built Worker in wazero with STORE=durable-object: its own class
// Record keeps the records. One isolate serves all requests; worker-fresh shows what a
// new one for each forgets, and objects outlive isolates.
type durableTarget struct {
	worker *workershost.Worker
	// objects are the namespaces of the plays under way, by test: they and their alarms
	// outlive a gateway that is restarted.
	objects *sync.Map
}

// DurableTarget returns the platform worker-durable.
func DurableTarget(t *testing.T) Target { return durableTarget{openWorker(t), new(sync.Map)} }

func (durableTarget) Name() string      { return "worker-durable" }
func (durableTarget) Conditional() bool { return true }

// ChoosesStore implements [Chooser]. An object is not read late (stale60), takes writes
// at any rate (rate1), removes what has expired by itself (no-ttl) and has room for
// every key and value (keys255, values1mb). It can be far away, busy, out of reach, or
// lose an answer.
func (durableTarget) ChoosesStore(profile string) bool {
	return !slices.Contains([]string{"stale60", "rate1", "no-ttl", "keys255", "values1mb"}, profile)
}

func (d durableTarget) Start(t testing.TB, w World) Instance {
	objects, again := d.objects.LoadOrStore(t, &workershost.Objects{Class: "Record", Disk: newRecordDisk(w)})
	if !again {
		t.Cleanup(func() { d.objects.Delete(t) })
	}
	env := workerEnv(w)
	env.KV = nil
	env.Vars["STORE"] = "durable-object"
	env.Objects = map[string]*workershost.Objects{"STORE_OBJECTS": objects.(*workershost.Objects)}
	s, err := d.worker.NewIsolate(env)
	if err != nil {
		t.Fatal(err)
	}
	return &workerInstance{worker: d.worker, env: env, isolates: []*workershost.Isolate{s}}
}

// recordDisk puts the storage of the class Record on the store of a world, so that its
// faults, its damages and its count of operations apply. What an object holds is what
// the store has, expired records included. A get is one of the store's, and so is what
// any other call leaves; reading before it writes costs an object nothing.
type recordDisk struct {
	driver  kv.Driver
	beneath *store

	mu    sync.Mutex
	calls []string // METHOD OBJECT
}

func newRecordDisk(w World) *recordDisk {
	r, ok := w.KV.(*recorder)
	if s, swaps := w.KV.(swapping); swaps {
		r, ok = s.recorder, true
	}
	if !ok {
		panic("a world without a recorder")
	}
	return &recordDisk{driver: pausingStore{w.KV}, beneath: r.beneath}
}

const recordKey = "record"

// Load implements [workershost.Disk].
func (d *recordDisk) Load(ctx context.Context, object, method string) (map[string]string, error) {
	d.mu.Lock()
	d.calls = append(d.calls, method+" "+object)
	d.mu.Unlock()
	if method == "get" {
		if _, err := d.driver.Get(ctx, object); err != nil && !errors.Is(err, kv.ErrNotFound) {
			return nil, err
		}
	}
	stored, ok := d.beneath.read(object, d.beneath.now())
	if !ok {
		return nil, nil
	}
	return map[string]string{recordKey: packRecord(stored.value, stored.expiry)}, nil
}

// Save implements [workershost.Disk].
func (d *recordDisk) Save(ctx context.Context, object, method string, values map[string]string) error {
	text, ok := values[recordKey]
	if !ok && method == "alarm" { // no operation of the gateway's
		d.beneath.write(object, nil, time.Time{})
		return nil
	}
	if !ok {
		return d.driver.Delete(ctx, object)
	}
	value, expiry, err := unpackRecord(text)
	if err != nil {
		return err
	}
	return d.driver.Put(ctx, object, value, expiry)
}

// called returns the calls so far.
func (d *recordDisk) called() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.calls)
}

// packRecord and unpackRecord are the record {value, expiry} as a disk has it.
func packRecord(value []byte, expiry time.Time) string {
	return fmt.Sprintf(`{"object":[["value",{"bytes":%q}],["expiry",%d]]}`, base64.StdEncoding.EncodeToString(value), expiry.UnixMilli())
}

func unpackRecord(text string) (value []byte, expiry time.Time, err error) {
	var record struct{ Object [][2]json.RawMessage }
	if err := json.Unmarshal([]byte(text), &record); err != nil {
		return nil, time.Time{}, fmt.Errorf("stored record %s: %w", text, err)
	}
	var bytes struct{ Bytes []byte }
	var at int64
	for _, field := range record.Object {
		switch string(field[0]) {
		case `"value"`:
			err = errors.Join(err, json.Unmarshal(field[1], &bytes))
		case `"expiry"`:
			err = errors.Join(err, json.Unmarshal(field[1], &at))
		default:
			err = errors.Join(err, fmt.Errorf("stored record with %s", field[0]))
		}
	}
	return bytes.Bytes, time.UnixMilli(at), err
}
