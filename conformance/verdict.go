package conformance

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// Deed is what a step of a case has a relying party do.
type Deed string

const (
	// Begin is a login that begins: the browser is sent to the provider.
	Begin Deed = "begin"
	// Complete is the answer of the provider that comes back through the browser.
	Complete Deed = "complete"
	// Refresh redeems a refresh token.
	Refresh Deed = "refresh"
)

// Verdict is what a relying party made of one deed.
type Verdict struct {
	// Step is the step's name, and Flow says that it is of a flow that cases begin with.
	Step string
	Flow bool
	Deed Deed
	// Accepted: the browser was sent to the provider, got a session, or its session has
	// new tokens.
	Accepted bool
	// Own is false when a reference had nothing to make of it, because its application
	// knew of no such login.
	Own bool
	// Why is the reference's reason to refuse.
	Why string

	step *step
}

// Reference is a relying party that is no gateway but has the outer shape of one, as far
// as logins go: on the routes of a [Target], GET /login/authorize answers with 303 to the
// provider and a cookie __Host-gatehouse-login-NAME that lasts for 600 seconds, GET
// /login/callback with 303 and a cookie __Host-gatehouse that ends with the browser, or
// with another status when the login is refused. Each request has the header
// [DeedHeader]; with [Refresh] the reference redeems the refresh token of the session and
// answers with 200, or with another status when that is refused. [DecidedHeader] of an
// answer says whose decision it is, its body why.
//
// The provider and every other host is reached by World.Network.
type Reference interface{ Target }

// Header fields between the suite and a [Reference].
const (
	DeedHeader = "Differential-Deed"
	// DecidedHeader is "library", or empty when the application around it has decided.
	DecidedHeader = "Differential-Decided"
)

// Comparison is a case as it was played by a gateway and by references. Verdicts of a
// reference are those up to the first that differs.
type Comparison struct {
	Case       string
	Gateway    []Verdict
	References map[string][]Verdict
}

// Compare plays the cases whose names chosen accepts, in parallel subtests, on gateway,
// where they have to pass, and then on the references, of which nothing is expected: to
// those the case's provider answers what they ask, however often and in whatever order.
// It returns the comparisons, in the order of the cases, when all of them are played.
func Compare(t *testing.T, gateway Target, references []Reference, chosen func(name string) bool) []Comparison {
	suite, err := loadSuite(testdata)
	if err != nil {
		t.Fatal(err)
	}
	var cases []*Case
	for _, c := range suite.cases {
		if chosen(c.Name) && slices.Contains(c.Profiles, "strong") {
			cases = append(cases, c)
		}
	}
	comparisons := make([]Comparison, len(cases))
	t.Run("cases", func(t *testing.T) {
		for i, c := range cases {
			t.Run(c.Name, func(t *testing.T) {
				t.Parallel()
				comparisons[i] = suite.compare(t, c, gateway, references)
			})
		}
	})
	return comparisons
}

func (s *suite) compare(t testing.TB, c *Case, gateway Target, references []Reference) Comparison {
	result := Comparison{Case: c.Name, References: map[string][]Verdict{}}
	s.playWitnessed(t, c, gateway, "strong", func(p *play, st *step, outcomes []outcome, log string) {
		if v, ok := p.judgement(st, outcomes, log); ok {
			result.Gateway = append(result.Gateway, v)
		}
	})
	if t.Failed() {
		return result
	}
	for _, reference := range references {
		verdicts, err := s.follow(t, c, reference, result.Gateway)
		if err != nil {
			t.Errorf("%s on %s: %v", c.Name, reference.Name(), err)
		}
		result.References[reference.Name()] = verdicts
	}
	return result
}

// judgement is what the gateway made of a step that was played, if it is a deed.
func (p *play) judgement(st *step, outcomes []outcome, log string) (Verdict, bool) {
	v := Verdict{Step: st.name(), Flow: st.flow != "", Own: true, step: st}
	path, _, _ := strings.Cut(st.request.target.source, "?")
	switch {
	case st.request.method == http.MethodGet && strings.HasSuffix(path, "/login/authorize"):
		v.Deed = Begin
	case strings.HasSuffix(path, "/login/callback"):
		v.Deed = Complete
	case slices.Contains(p.network.requests(), "POST "+p.config["AUTH_SERVER_URL"]+"/token"):
		v.Deed, v.Accepted = Refresh, strings.Contains(log, "session refreshed")
		return v, true
	default:
		return v, false
	}
	v.Accepted = slices.ContainsFunc(outcomes, v.Deed.accepted)
	return v, true
}

// accepted reports whether an answer is that of a relying party that goes on.
func (d Deed) accepted(o outcome) bool {
	switch d {
	case Begin:
		location, err := url.Parse(o.header.Get("Location"))
		return err == nil && o.status == http.StatusSeeOther && (location.Query().Has("code_challenge") || location.Query().Has("request_uri"))
	case Complete:
		return o.status == http.StatusSeeOther && slices.ContainsFunc(o.header["Set-Cookie"], func(line string) bool {
			cookie, err := http.ParseSetCookie(line)
			return err == nil && cookie.Value != "" && cookie.MaxAge == 0 && cookie.Expires.IsZero()
		})
	}
	return o.status == http.StatusOK
}
