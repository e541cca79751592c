package session_test

import (
	"bytes"
	"flag"
	"os"
	"strings"
	"testing"
	"time"

	"gatehouse/core/identity"
	"gatehouse/core/kv"
	"gatehouse/core/session"
)

var update = flag.Bool("update", false, "rewrite golden files")

func TestRecordsThatCannotBeReadAreNoSessionAndLoggedOnce(t *testing.T) {
	put := func(value string) func(*rig, string) {
		return func(r *rig, ref string) {
			if err := r.store.Put(r.t.Context(), kv.Sessions, ref, []byte(value), start.Add(time.Hour)); err != nil {
				r.t.Fatal(err)
			}
		}
	}
	raw := func(value string) func(*rig, string) {
		return func(r *rig, ref string) {
			_ = r.driver.Memory.Put(r.t.Context(), string(kv.Sessions)+ref, []byte(value), start.Add(time.Hour))
		}
	}
	for _, test := range []struct {
		name   string
		damage func(*rig, string)
	}{
		{"not an envelope", raw("garbage")},
		{"null from the platform", raw("<null>")},
		{"not JSON", put("garbage")},
		{"JSON of another kind", put("[]")},
		{"empty object", put("{}")},
		{"version 0", put(`{"v":0,"identity":{"sub":"alice"},"expires":1873575600}`)},
		{"unknown version", put(`{"v":2,"identity":{"sub":"alice"},"expires":1873575600}`)},
		{"unknown version that ended", put(`{"v":2,"ended":true}`)},
		{"no owner", put(`{"v":1,"expires":1873575600}`)},
		{"owner without a name", put(`{"v":1,"identity":{"iss":"x"},"expires":1873575600}`)},
		{"two documents", put(`{"v":1,"ended":true}{}`)},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := newRig(t, session.Browser, false)
			b, begun := r.login()
			test.damage(r, begun.Ref)
			r.process(firstSecret)
			for range 3 {
				r.refuses(browser{r.names.Session: b[r.names.Session], r.names.Handover: b[r.names.Handover]}, true)
				r.pass(session.CacheAge)
			}
			logs := r.logs.String()
			if strings.Count(logs, "\n") != 1 || !strings.Contains(logs, "level=WARN") || !strings.Contains(logs, begun.Ref) {
				t.Errorf("log is %q", logs)
			}
			if strings.Contains(logs, "alice") || strings.Contains(logs, "garbage") {
				t.Errorf("the log quotes the record: %q", logs)
			}
		})
	}
}

func TestARecordWithoutAnEndIsOver(t *testing.T) {
	r := newRig(t, session.Browser, false)
	b, begun := r.login()
	if err := r.store.Put(t.Context(), kv.Sessions, begun.Ref, []byte(`{"v":1,"identity":{"sub":"alice"}}`), start.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	r.process(firstSecret)
	r.refuses(b, true)
}

func TestARecordFromTheFutureIsRefused(t *testing.T) {
	r := newRig(t, session.Browser, false)
	b, begun := r.login()
	if err := r.store.Put(t.Context(), kv.Sessions, begun.Ref, []byte(`{"v":1,"identity":{"sub":"alice"},"created":1873575600,"expires":1973575600}`), start.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	r.process(firstSecret)
	r.refuses(b, true)
}

// The record is part of the stored format: STORAGE.md shows the same text.
func TestRecordStaysAsItIs(t *testing.T) {
	verified := true
	r := newRig(t, session.Browser, false)
	begun, _, err := r.Begin(t.Context(), session.Record{
		Identity: &identity.Identity{Issuer: "https://issuer.example", Subject: "alice", Username: "alice", Name: "Alice A.",
			GivenName: "Alice", FamilyName: "A.", PreferredUsername: "alice", Email: "alice@example.com", EmailVerified: &verified,
			Locale: "de", Groups: []string{"staff"}, ProjectRoles: map[string]map[string]string{"admin": {"1": "example.com"}},
			Metadata: map[string]string{"k": "Value"}},
		AuthTime: 1772366390, ProviderSession: "sid", AccessToken: "at", AccessTokenExpiry: 1772370000, RefreshToken: "rt", IDToken: "it",
	}, "")
	if err != nil {
		t.Fatal(err)
	}
	live, err := r.store.Get(t.Context(), kv.Sessions, begun.Ref)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Revoke(t.Context(), begun.Ref); err != nil {
		t.Fatal(err)
	}
	ended, err := r.store.Get(t.Context(), kv.Sessions, begun.Ref)
	if err != nil {
		t.Fatal(err)
	}
	got := append(append(append(live, '\n'), ended...), '\n')
	const file = "testdata/records.jsonl"
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("records are\n%swant\n%s%v", got, want, err)
	}
	stored, _ := r.driver.Memory.Get(t.Context(), string(kv.Sessions)+begun.Ref)
	if bytes.Contains(stored, []byte("ended")) {
		t.Error("the store sees the record in the clear")
	}
}
