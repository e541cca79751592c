package conformance

import (
	"context"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"gatehouse/adapters/cloudflare/artifact"
	"gatehouse/conformance/workershost"
	"gatehouse/core/kv"
)

// workerTarget is the built Worker in wazero; fresh makes a new isolate for every
// request.
type workerTarget struct {
	worker *workershost.Worker
	fresh  bool
}

func TestCloudflare(t *testing.T) {
	apart(t)
	TestGateway(t, workerTarget{openWorker(t), false})
}

func TestCloudflareFresh(t *testing.T) {
	apart(t)
	TestGateway(t, workerTarget{openWorker(t), true})
}

func openWorker(t *testing.T) *workershost.Worker {
	w, err := buildWorker()
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// buildWorker builds the artifact and compiles it, once.
var buildWorker = sync.OnceValues(func() (*workershost.Worker, error) {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "gatehouse-worker-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	if err := artifact.Build(ctx, dir); err != nil {
		return nil, err
	}
	cache, err := workershost.CacheDir()
	if err != nil {
		return nil, err
	}
	if err := workershost.PrecompileApart(ctx, filepath.Join(dir, artifact.Module), cache); err != nil {
		return nil, err
	}
	return workershost.Open(ctx, filepath.Join(dir, artifact.Main), cache)
})

func (w workerTarget) Forgets() bool { return w.fresh }

func (w workerTarget) Name() string {
	if w.fresh {
		return "worker-fresh"
	}
	return "worker"
}

func (w workerTarget) Start(t testing.TB, world World) Instance {
	env := workerEnv(world)
	if w.fresh { // the waits of several isolates would add up
		env.Elapse = nil
	}
	i := &workerInstance{worker: w.worker, env: env, fresh: w.fresh, slots: make(chan struct{}, atOnce)}
	if s, err := w.worker.NewIsolate(env); err != nil {
		t.Fatal(err)
	} else if i.isolates = append(i.isolates, s); w.fresh {
		i.Close()
	}
	return i
}

// workerEnv is what the Worker is deployed with in world, with KV as the store.
func workerEnv(world World) workershost.Env {
	env := workershost.Env{
		Vars: maps.Clone(world.Config), KV: map[string]kv.Driver{"STORE_KV": pausingStore{world.KV}},
		Fetch: pausingNetwork{world.Network}, Now: world.Now, Elapse: world.Elapse,
		Log: func(_, line string) { world.Log.Log(context.Background(), slog.LevelInfo, line) },
	}
	if _, ok := env.Vars["LOG_LEVEL"]; !ok {
		env.Vars["LOG_LEVEL"] = "debug"
	}
	return env
}
