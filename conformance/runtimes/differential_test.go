//go:build runtimes

package runtimes

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"gatehouse/conformance"
	"gatehouse/conformance/differential"
	"gatehouse/conformance/nativehost"
	"gatehouse/internal/reference"
)

// differentialCases begin the names of the cases whose steps are those of a login or of a
// refresh.
var differentialCases = []string{
	"authorize_", "callback_", "certification_", "discovery_", "idtoken_", "jwks_", "login_", "pkce_", "refresh_", "token_", "userinfo_",
}

// overPages are cases whose login begins on pages of the gateway.
var overPages = []string{"login_whole_way", "certification_3rd_party_init_login"}

// TestDifferential holds the gateway against certified relying parties: both meet the
// same provider in the same cases, and where they disagree the ledger says why.
func TestDifferential(t *testing.T) {
	ledger, err := differential.Load()
	if err != nil {
		t.Fatal(err)
	}
	var references []conformance.Reference
	for _, library := range ledger.References {
		references = append(references, startLibraryParty(t, library))
	}
	comparisons := conformance.Compare(t, nativehost.Target{}, references, func(name string) bool {
		return !slices.Contains(overPages, name) &&
			slices.ContainsFunc(differentialCases, func(prefix string) bool { return strings.HasPrefix(name, prefix) })
	})
	if t.Failed() {
		return
	}
	report := outputFile(t, "differential.txt")
	defer report.Close()
	for _, c := range comparisons {
		for _, library := range ledger.References {
			for i, v := range c.References[library] {
				fmt.Fprintf(report, "%s %s, %s: %s, asked %v: gateway %v, library %v %s\n",
					c.Case, library, v.Step, v.Deed, v.Own, c.Gateway[i].Accepted, v.Accepted, v.Why)
			}
		}
	}
	if slices.ContainsFunc(comparisons, func(c conformance.Comparison) bool { return c.Case == "" }) {
		t.Skip("not every case was played: the ledger is not compared")
	}
	differences, counts, err := differential.Judge(comparisons, ledger.References)
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range ledger.Compare(differences) {
		t.Error(err)
	}
	if !t.Failed() {
		compareCounts(t, ledger.References, counts)
	}
}

// compareCounts keeps the table in docs/differential.md true.
func compareCounts(t *testing.T, libraries []string, counts map[string]*differential.Counts) {
	var locked struct {
		Packages map[string]struct{ Version string }
	}
	data, err := os.ReadFile("testdata/differential/package-lock.json")
	if err == nil {
		err = json.Unmarshal(data, &locked)
	}
	if err != nil {
		t.Fatal(err)
	}
	titles := make([]string, len(libraries))
	for i, library := range libraries {
		titles[i] = library + " " + locked.Packages["node_modules/"+library].Version
	}
	reference.Part{
		File: "../../docs/differential.md", Name: "The counts",
		Command: "go test -tags runtimes -parallel 8 ./conformance/runtimes -run 'TestDifferential$' -update",
	}.Check(t, differential.Table(titles, libraries, counts))
}
