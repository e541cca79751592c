package cloudflare

import (
	"maps"
	"net/http"
	"slices"
	"testing"
)

func TestHeaderValuesCrossWhole(t *testing.T) {
	header := http.Header{
		"Set-Cookie": {"a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT", "b=2"},
		"User-Agent": {"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)"},
		"X-Empty":    {""},
		"X-Text":     {"ä €"},
	}
	fields, got := split(join([]string{"GET", "https://app.example/?a=1,2"}, header), 2)
	if !slices.Equal(fields, []string{"GET", "https://app.example/?a=1,2"}) {
		t.Errorf("fields %q", fields)
	}
	if !maps.EqualFunc(got, header, slices.Equal) {
		t.Errorf("got %q, want %q", got, header)
	}
}

func TestNamesAreMadeCanonical(t *testing.T) {
	_, got := split("set-cookie\x00a=1\x00SET-COOKIE\x00b=2\x00etag\x00x", 0)
	if !slices.Equal(got["Set-Cookie"], []string{"a=1", "b=2"}) || got.Get("ETag") != "x" {
		t.Errorf("got %q", got)
	}
}

func TestTextsThatAreShort(t *testing.T) {
	for _, test := range []struct {
		text   string
		fields []string
		header int
	}{
		{"", []string{"", ""}, 0},
		{"GET", []string{"GET", ""}, 0},
		{"GET\x00/", []string{"GET", "/"}, 0},
		{"GET\x00/\x00name", []string{"GET", "/"}, 0},
		{"GET\x00/\x00name\x00", []string{"GET", "/"}, 1},
	} {
		fields, header := split(test.text, 2)
		if !slices.Equal(fields, test.fields) || len(header) != test.header {
			t.Errorf("%q: got %q, %q", test.text, fields, header)
		}
	}
}

// A value with a separator in it must not become a header of its own.
func TestSeparatorsInsideAreLeftOut(t *testing.T) {
	_, got := split(join([]string{"200"}, http.Header{"A": {"x\x00Set-Cookie\x00a=1"}, "B\x00C": {"y"}, "D": {"z"}}), 1)
	if len(got) != 1 || got.Get("D") != "z" {
		t.Errorf("got %q", got)
	}
	if fields, _ := split(join([]string{"a\x00b", "c"}, nil), 2); !slices.Equal(fields, []string{"", "c"}) {
		t.Errorf("fields %q", fields)
	}
}

func FuzzSplit(f *testing.F) {
	f.Add("GET\x00https://a/\x00cookie\x00a=1")
	f.Add("\x00\x00\x00")
	f.Fuzz(func(t *testing.T, text string) {
		fields, header := split(text, 2)
		if len(fields) != 2 {
			t.Fatalf("%d fields", len(fields))
		}
		again, same := split(join(fields, header), 2)
		if !slices.Equal(fields, again) || !maps.EqualFunc(header, same, slices.Equal) {
			t.Errorf("%q became %q %q and then %q %q", text, fields, header, again, same)
		}
	})
}
