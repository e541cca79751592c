//go:build runtimes

package conformance

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"gatehouse/adapters/cloudflare/syumai/artifact"
	"gatehouse/conformance/workershost"
)

// syumaiTarget is the example of the binding on github.com/syumai/workers. The library
// starts a new program for every request, in one isolate.
type syumaiTarget struct{ workerTarget }

func (syumaiTarget) Name() string  { return "syumai" }
func (syumaiTarget) Forgets() bool { return true }

func TestSyumai(t *testing.T) {
	w, err := buildSyumai()
	if err != nil {
		t.Fatal(err)
	}
	TestGateway(t, syumaiTarget{workerTarget{w, true}})
}

var buildSyumai = sync.OnceValues(func() (*workershost.Worker, error) {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "gatehouse-syumai-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	if err := artifact.Build(ctx, dir, "gatehouse/adapters/cloudflare/syumai/example"); err != nil {
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
