package conformance_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"gatehouse/conformance"
	"gatehouse/conformance/nativehost"
)

// believer is a relying party that believes whatever the token endpoint answers with
// status 200.
type believer struct{}

func (believer) Name() string { return "believer" }

func (believer) Start(_ testing.TB, w conformance.World) conformance.Instance {
	logins, last := map[string]bool{}, 0
	redeem := func(form url.Values) error {
		req, err := http.NewRequest(http.MethodPost, w.Config["AUTH_SERVER_URL"]+"/token", strings.NewReader(form.Encode()))
		if err != nil {
			return err
		}
		res, err := w.Network.RoundTrip(req)
		if err != nil {
			return err
		}
		defer res.Body.Close()
		var answer map[string]any
		if err := json.NewDecoder(res.Body).Decode(&answer); err != nil || res.StatusCode != http.StatusOK {
			return fmt.Errorf("status %d, %v", res.StatusCode, err)
		}
		return nil
	}
	return conformance.ServeHandler(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set(conformance.DecidedHeader, "library")
		var err error
		switch conformance.Deed(r.Header.Get(conformance.DeedHeader)) {
		case conformance.Begin:
			last++
			state := fmt.Sprint("state-", last)
			logins[state] = true
			http.SetCookie(rw, &http.Cookie{Name: fmt.Sprintf("__Host-gatehouse-login-%011d", last), Value: state, Path: "/", Secure: true, MaxAge: 600})
			rw.Header().Set("Location", w.Config["AUTH_SERVER_URL"]+"/authorize?code_challenge=c&nonce=n&state="+state)
			rw.WriteHeader(http.StatusSeeOther)
			return
		case conformance.Complete:
			if !logins[r.URL.Query().Get("state")] {
				rw.Header().Del(conformance.DecidedHeader)
				err = fmt.Errorf("no login")
				break
			}
			if err = redeem(url.Values{"code": {"any"}}); err == nil {
				http.SetCookie(rw, &http.Cookie{Name: "__Host-gatehouse", Value: "a-session", Path: "/", Secure: true})
				rw.WriteHeader(http.StatusSeeOther)
				return
			}
		case conformance.Refresh:
			err = redeem(url.Values{"refresh_token": {"any"}})
		}
		if err != nil {
			rw.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(rw, err.Error())
		}
	}), nil)
}

// TestCompare has a relying party that checks nothing play beside the gateway.
func TestCompare(t *testing.T) {
	want := map[string]string{
		"login_complete":          "begin both accept; complete both accept",
		"idtoken_nonce_wrong":     "begin both accept; complete gateway false, reference true",
		"token_500":               "begin both accept; complete both refuse",
		"refresh_wrong_sub":       "begin both accept; complete both accept; refresh gateway false, reference true",
		"refresh_invalid_grant":   "begin both accept; complete both accept; refresh both refuse",
		"callback_cookie_missing": "begin both accept; complete gateway false, reference true",
		"callback_state_wrong":    "begin both accept; complete application",
		// Refused by the gateway at the start, and carried on to its end.
		"discovery_no_code":     "complete gateway false, reference true",
		"discovery_500":         "complete gateway false, reference true",
		"jwks_stale_while_down": "begin both accept; complete both accept; begin both accept; complete both accept; complete both refuse",
	}
	comparisons := conformance.Compare(t, nativehost.Target{}, []conformance.Reference{believer{}}, func(name string) bool { return want[name] != "" })
	if len(comparisons) != len(want) {
		t.Errorf("%d cases were played, want %d", len(comparisons), len(want))
	}
	for _, c := range comparisons {
		var got []string
		for i, v := range c.References["believer"] {
			is := fmt.Sprintf("gateway %v, reference %v", c.Gateway[i].Accepted, v.Accepted)
			switch {
			case !v.Own:
				is = "application"
			case v.Accepted == c.Gateway[i].Accepted:
				is = map[bool]string{true: "both accept", false: "both refuse"}[v.Accepted]
			}
			got = append(got, string(v.Deed)+" "+is)
		}
		if strings.Join(got, "; ") != want[c.Case] {
			t.Errorf("%s: %s, want %s", c.Case, strings.Join(got, "; "), want[c.Case])
		}
	}
}
