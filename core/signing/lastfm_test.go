package signing

import (
	"maps"
	"testing"

	"gatehouse/core/secret"
)

func TestLastFMVectors(t *testing.T) {
	type vector struct {
		Name, Comment, Secret, Expect string
		Parameters                    map[string]string
		Wrong                         map[string]string
	}
	all := vectors[vector](t, "lastfm.json")
	if len(all) < 9 {
		t.Fatalf("%d vectors", len(all))
	}
	for _, v := range all {
		t.Run(v.Name, func(t *testing.T) {
			before := maps.Clone(v.Parameters)
			got := LastFM(v.Parameters, secret.New(v.Secret))
			if got != v.Expect {
				t.Errorf("%s, want %s", got, v.Expect)
			}
			for mistake, sum := range v.Wrong {
				if got == sum {
					t.Errorf("%s: %s", mistake, sum)
				}
			}
			if !maps.Equal(before, v.Parameters) {
				t.Error("the parameters were changed")
			}
		})
	}
}
