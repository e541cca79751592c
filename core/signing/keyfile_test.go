package signing

import (
	"bytes"
	"crypto/rsa"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"
)

func TestKeyFiles(t *testing.T) {
	for _, v := range vectors[keyFileVector](t, "key_files.json") {
		t.Run(v.Name, func(t *testing.T) {
			k, err := ParseKeyFile(v.data(), v.Want)
			if (k == nil) != (err != nil) {
				t.Fatalf("key %v with error %v", k, err)
			}
			if err != nil {
				text := strings.TrimPrefix(strings.TrimPrefix(err.Error(), "signing: key file: "), "signing: key file ")
				if text != v.Expect || !errors.Is(err, ErrKeyFile) {
					t.Errorf("got %q, want %q (%s)", text, v.Expect, v.Comment)
				}
				return
			}
			var expiry time.Time
			if v.Expiry != "" {
				expiry = must(time.Parse(time.RFC3339, v.Expiry))
			}
			if v.Expect != "" || k.Kind != v.Want || k.ID != "1" || k.Subject != v.Subject || !k.Expiry.Equal(expiry) {
				t.Errorf("got %+v %s, want %q (%s)", k, k.Subject, v.Expect, v.Comment)
			}
		})
	}
}

func TestLongKeyFilesAreNotRead(t *testing.T) {
	if _, err := ParseKeyFile(bytes.Repeat([]byte(" "), maxFile+1), Application); !errors.Is(err, ErrKeyFile) {
		t.Errorf("got %v", err)
	}
}

func TestNoPrintShowsTheKey(t *testing.T) {
	v := vectors[keyFileVector](t, "key_files.json")[0]
	k := must(ParseKeyFile(v.data(), Application))
	s := must(New(Options{Key: k}))
	var out bytes.Buffer
	fmt.Fprintf(&out, "%v %+v %#v %s %v %+v %#v", k, k, k, k, s, s, s)
	slog.New(slog.NewTextHandler(&out, nil)).Info("m", "key", k, "signer", s)
	text, private := out.String(), k.private.(*rsa.PrivateKey)
	for _, form := range []string{private.D.String(), private.D.Text(16), private.Primes[0].String(), "private"} {
		if strings.Contains(text, form) {
			t.Errorf("the key shows: %.200s", text)
		}
	}
	if !strings.Contains(text, "signing.Key(1)") {
		t.Errorf("got %s", text)
	}
}

func FuzzKeyFile(f *testing.F) {
	for _, v := range vectors[keyFileVector](f, "key_files.json") {
		f.Add(v.data(), v.Want == ServiceAccount)
	}
	f.Fuzz(func(t *testing.T, data []byte, machine bool) {
		want := Application
		if machine {
			want = ServiceAccount
		}
		k, err := ParseKeyFile(data, want)
		if (k == nil) != (err != nil) {
			t.Fatalf("key %v with error %v", k, err)
		}
		if err != nil {
			if !errors.Is(err, ErrKeyFile) || len(err.Error()) > 100 {
				t.Fatalf("error %v", err)
			}
			return
		}
		if k.ID == "" || k.Subject == "" || k.private == nil || k.Kind != want {
			t.Fatalf("incomplete key: %v", k)
		}
		if _, err := New(Options{Key: k}); err != nil {
			t.Fatal(err)
		}
	})
}
