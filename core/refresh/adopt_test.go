package refresh_test

import (
	"testing"
	"time"

	"gatehouse/core/kv"
	"gatehouse/core/refresh"
)

// adopted runs test with a rig whose record is the caller's until it is refreshed, and
// with what a request does.
func adopted(t *testing.T, test func(r *rig, get func(*refresh.Keeper) (*refresh.Record, error))) {
	stores(t, func(t *testing.T, driver kv.Driver) {
		r := newRig(t, driver)
		if err := driver.Delete(t.Context(), string(use)+ref); err != nil {
			t.Fatal(err)
		}
		first, began := r.issuer.first(), r.clock.Now()
		r.t, r.one = t, r.process()
		test(r, func(k *refresh.Keeper) (*refresh.Record, error) {
			return k.Fresh(t.Context(), k.Adopt(ref, first, began, began.Add(100*24*time.Hour)), r.issuer)
		})
	})
}

func TestAnAdoptedRecordIsRefreshed(t *testing.T) {
	adopted(t, func(r *rig, get func(*refresh.Keeper) (*refresh.Record, error)) {
		for n, want := range []string{"access-0", "access-1", "access-2", "access-3"} {
			for _, k := range []*refresh.Keeper{r.one, r.process(), r.process()} {
				found, err := get(k)
				if err != nil || found.Access.Reveal() != want || found.Generation != n {
					t.Fatalf("got %+v, %v, want %s", found, err, want)
				}
				if latest, err := k.Latest(t.Context(), found); err != nil || latest.Generation != n {
					t.Fatalf("latest is %+v, %v", latest, err)
				}
			}
			r.redeemed(n)
			r.clock.pass(time.Hour)
		}
	})
}

// A store that has nothing yet is asked under the key of the next generation.
func TestAnAdoptedRecordOnAStoreThatIsBehind(t *testing.T) {
	store := &stale{Memory: &kv.Memory{Now: epoch}}
	r := newRig(t, plain{store})
	first, began := r.issuer.first(), r.clock.Now()
	if err := store.Delete(t.Context(), string(use)+ref); err != nil {
		t.Fatal(err)
	}
	r.clock.pass(time.Hour)
	for range 3 {
		k := r.process()
		found, err := k.Fresh(t.Context(), k.Adopt(ref, first, began, began.Add(24*time.Hour)), r.issuer)
		if err != nil || found.Access.Reveal() != "access-1" {
			t.Fatalf("got %+v, %v", found, err)
		}
		if err := store.Delete(t.Context(), string(use)+ref); err != nil {
			t.Fatal(err)
		}
	}
	r.redeemed(1)
}

func TestAnAdoptedRecordThatWasClosed(t *testing.T) {
	adopted(t, func(r *rig, get func(*refresh.Keeper) (*refresh.Record, error)) {
		r.clock.pass(time.Hour)
		r.issuer.before = func() error { return r.process().Close(t.Context(), ref) }
		if found, err := get(r.one); err == nil {
			t.Errorf("got %+v", found)
		}
		if len(r.issuer.discarded) != 1 {
			t.Errorf("discarded %v", r.issuer.discarded)
		}
		if found, err := get(r.process()); err == nil {
			t.Errorf("got %+v in another process", found)
		}
		r.redeemed(1)
	})
}

func TestAnAdoptedRecordThatIsRefused(t *testing.T) {
	adopted(t, func(r *rig, get func(*refresh.Keeper) (*refresh.Record, error)) {
		r.clock.pass(time.Hour)
		r.issuer.revoked = true
		for _, k := range []*refresh.Keeper{r.one, r.one, r.process()} {
			if found, err := get(k); err == nil {
				t.Errorf("got %+v", found)
			}
		}
		r.redeemed(1)
	})
}
