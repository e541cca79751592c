package conformance

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"sync"
	"testing"
	"time"

	"gatehouse/conformance/workershost"
	"gatehouse/core/kv"
)

// TestCloudflareDurable plays the cases with STORE=durable-object: the Worker's own
// class Record keeps the records. Left out are cases that begin without a session or a
// record, which the platform worker plays with the same program; what makes a store
// stale, slow to accept writes, or narrow, which no Durable Object is; and a new isolate
// for every request, because objects outlive isolates and worker-fresh shows what is
// forgotten.
func TestCloudflareDurable(t *testing.T) { TestGateway(t, durableTarget{openWorker(t)}) }

// durableTarget is the built Worker in wazero, with Durable Objects in place of KV.
type durableTarget struct{ worker *workershost.Worker }

func (durableTarget) Name() string { return "worker-durable" }

func (durableTarget) Chooses(c *Case, profile string) bool {
	switch profile {
	case "strong":
		return c.Begin != "" || len(c.KV) > 0
	case "stale60", "rate1", "keys255", "values1mb":
		return false
	}
	return true
}

func (d durableTarget) Start(t testing.TB, w World) Instance {
	return startDurable(t, d.worker, w, &recordDisk{driver: pausingStore{w.KV}, now: w.Now})
}

func startDurable(t testing.TB, worker *workershost.Worker, w World, disk *recordDisk) Instance {
	env := workerEnv(w)
	env.KV = nil
	env.Vars["STORE"] = "durable-object"
	env.Objects = map[string]*workershost.Objects{"STORE_OBJECTS": {Class: "Record", Disk: disk}}
	s, err := worker.NewIsolate(env)
	if err != nil {
		t.Fatal(err)
	}
	return &workerInstance{worker: worker, env: env, isolates: []*workershost.Isolate{s}}
}

// recordDisk puts the storage of the class Record on the store of a world, so that its
// faults, its damages and its count of operations apply: a read is one of the store,
// and what a call has written is one write. An object's own expiry is kept beside it,
// because the store tells nobody; a record that something else has written is left to
// the store's.
type recordDisk struct {
	driver kv.Driver
	now    func() time.Time

	mu     sync.Mutex
	kept   map[string]map[string]string
	expiry map[string]time.Time
	calls  []string // METHOD OBJECT
}

const recordKey = "record"

// Load implements [workershost.Disk].
func (d *recordDisk) Load(ctx context.Context, object, method string) (map[string]string, error) {
	d.mu.Lock()
	d.calls = append(d.calls, method+" "+object)
	kept, expiry := maps.Clone(d.kept[object]), d.expiry[object]
	d.mu.Unlock()
	if method != "get" {
		return kept, nil
	}
	value, err := d.driver.Get(ctx, object)
	if errors.Is(err, kv.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if expiry.IsZero() {
		expiry = d.now().Add(24 * time.Hour)
	}
	return map[string]string{recordKey: packRecord(value, expiry)}, nil
}

// Save implements [workershost.Disk].
func (d *recordDisk) Save(ctx context.Context, object, method string, values map[string]string) error {
	if method == "alarm" { // what expired is gone without an operation of the gateway's
		d.keep(object, values, time.Time{})
		return nil
	}
	text, ok := values[recordKey]
	if !ok {
		d.keep(object, nil, time.Time{})
		return d.driver.Delete(ctx, object)
	}
	value, expiry, err := unpackRecord(text)
	if err != nil {
		return err
	}
	d.keep(object, values, expiry)
	return d.driver.Put(ctx, object, value, expiry)
}

func (d *recordDisk) keep(object string, values map[string]string, expiry time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.kept == nil {
		d.kept, d.expiry = map[string]map[string]string{}, map[string]time.Time{}
	}
	d.kept[object], d.expiry[object] = values, expiry
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
