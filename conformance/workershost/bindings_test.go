package workershost

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"gatehouse/core/kv"
)

// records is a store that remembers lifetimes.
type records struct {
	values map[string]string
	expiry map[string]time.Time
}

func (r *records) Get(_ context.Context, key string) ([]byte, error) {
	if v, ok := r.values[key]; ok {
		return []byte(v), nil
	}
	return nil, kv.ErrNotFound
}

func (r *records) Put(_ context.Context, key string, value []byte, expiry time.Time) error {
	if key == "busy" {
		return errors.New("store: 429 too many writes")
	}
	r.values[key], r.expiry[key] = string(value), expiry
	return nil
}

func (r *records) Delete(_ context.Context, key string) error {
	delete(r.values, key)
	return nil
}

// outcomes is the module of a Worker that lists what the expressions come to.
func outcomes(expressions ...string) string {
	return `export default { async fetch(request, env, ctx) {
		const seen = [];
		for (const f of [` + "async () => (" + strings.Join(expressions, "), async () => (") + `)]) {
			try { seen.push(String(await f())); } catch (e) { seen.push(e.message); }
		}
		return new Response(seen.join("\n"));
	} };`
}

func compare(t *testing.T, got string, want ...string) {
	t.Helper()
	lines := strings.Split(got, "\n")
	for i, w := range want {
		if i >= len(lines) || !strings.Contains(lines[i], w) || w == "" && lines[i] != "" {
			t.Errorf("outcome %d: want %q in\n%s", i, w, got)
		}
	}
}

func TestKeyValueNamespaces(t *testing.T) {
	t.Parallel()
	store := &records{map[string]string{"there": "value"}, map[string]time.Time{}}
	s := isolate(t, outcomes(
		`env.KV.get("missing")`,
		`env.KV.get("there")`,
		`(async () => (await env.KV.get("there", { type: "arrayBuffer" })).byteLength)()`,
		`env.KV.put("a", "x", { expirationTtl: 59 })`,
		`env.KV.put("a", new Uint8Array([104, 105]), { expirationTtl: 60 })`,
		`env.KV.put("busy", "x", { expirationTtl: 60 })`,
		`env.KV.get("k".repeat(513))`,
		`env.KV.get("")`,
		`env.KV.delete("there")`,
		`env.KV.get("there")`,
		`env.VAR`,
	), Env{KV: map[string]kv.Driver{"KV": store}, Vars: map[string]string{"VAR": "v"}})
	_, got := get(t, s, "/")
	compare(t, got, "null", "value", "5", "Expiration TTL must be at least 60", "undefined", "429", "414", "cannot be empty",
		"undefined", "null", "v")
	if store.values["a"] != "hi" || !store.expiry["a"].Equal(epoch.Add(time.Minute)) {
		t.Error(store)
	}
}

func TestRateLimits(t *testing.T) {
	t.Parallel()
	const one = `(async () => (await env.L.limit({ key: "k" })).success)()`
	s := isolate(t, outcomes(one, one, one, `(async () => (await env.L.limit({ key: "other" })).success)()`,
		`new Promise((resolve) => setTimeout(resolve, 60000))`, one), Env{Limits: map[string]Limit{"L": {2, time.Minute}}})
	_, got := get(t, s, "/")
	compare(t, got, "true", "true", "false", "true", "undefined", "true")
}

func TestDurableObjects(t *testing.T) {
	t.Parallel()
	const class = `import { DurableObject } from "cloudflare:workers";
		export class Counter extends DurableObject {
			n = 0;
			count() { return ++this.n; }
			keep(value) { this.ctx.storage.kv.put("v", { value, at: Date.now() }); }
			kept() { return this.ctx.storage.kv.get("v")?.value; }
			later(ms) { return this.ctx.storage.setAlarm(Date.now() + ms); }
			async alarm() { await this.ctx.storage.deleteAll(); }
			fail() { throw new Error("on purpose"); }
		}
		const stub = (env, name) => env.O.get(env.O.idFromName(name));`
	objects := &Objects{Class: "Counter"}
	now := epoch
	env := Env{Objects: map[string]*Objects{"O": objects}, Now: func() time.Time { return now }}
	first := isolate(t, class+outcomes(
		`stub(env, "a").count()`, `stub(env, "a").count()`, `stub(env, "b").count()`,
		`stub(env, "a").keep(new Uint8Array([1, 2]))`, `stub(env, "a").kept()`, `stub(env, "b").kept()`,
		`stub(env, "a").later(5000)`, `stub(env, "a").fail()`, `stub(env, "a").nothing()`,
	), env)
	_, got := get(t, first, "/")
	compare(t, got, "1", "2", "1", "undefined", "1,2", "undefined", "undefined", "on purpose", "does not implement")

	second := isolate(t, class+outcomes(`stub(env, "a").kept()`), env)
	_, got = get(t, second, "/")
	compare(t, got, "1,2")
	now = epoch.Add(6 * time.Second)
	_, _ = get(t, second, "/")
	second.Settle()
	if names := objects.Names(); len(names) != 0 {
		t.Errorf("the alarm did not fire: %v", names)
	}
}
