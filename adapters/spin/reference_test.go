package spin

import (
	"flag"
	"os"
	"strings"
	"testing"

	"gatehouse/core/config"
)

var update = flag.Bool("update", false, "rewrite the reference")

const (
	reference      = "../../docs/spin.md"
	referenceBegin = "<!-- The component's settings: written by go test ./adapters/spin -run Reference -update -->\n\n"
	referenceEnd   = "<!-- End of the component's settings. -->\n"
)

func TestReferenceDescribesEverySetting(t *testing.T) {
	want := config.Reference(Settings(&Config{}, false))
	text, err := os.ReadFile(reference)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, hasBegin := strings.Cut(string(text), referenceBegin)
	got, after, hasEnd := strings.Cut(rest, referenceEnd)
	if !hasBegin || !hasEnd {
		t.Fatalf("%s lacks its marks", reference)
	}
	if *update {
		if err := os.WriteFile(reference, []byte(before+referenceBegin+want+referenceEnd+after), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if got != want {
		t.Errorf("%s is behind: run go test ./adapters/spin -run Reference -update", reference)
	}
}
