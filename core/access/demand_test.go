package access_test

import (
	"testing"
	"time"

	"gatehouse/core/access"
	"gatehouse/core/stepup"
)

var now = time.Unix(1_800_000_000, 0)

// aliceAs is alice, logged in as l.
func aliceAs(l stepup.Login) access.Subject {
	who := alice()
	who.Login, who.Now, who.Skew = l, now, 30*time.Second
	return who
}

func TestDemands(t *testing.T) {
	t.Parallel()
	weak := stepup.Login{ACR: "bronze", Time: now.Add(-2 * time.Hour)}
	for name, c := range map[string]struct {
		rules, method, path string
		login               stepup.Login
		demand              string // stepup.Demand.Text
		line                int
		allowed             bool
	}{
		"acr met":                   {rules: "* /a acr=gold; * /* any", login: stepup.Login{ACR: "gold"}, allowed: true, line: 1},
		"acr unmet":                 {rules: "* /a acr=gold; * /* any", login: weak, demand: "0 gold", line: 1},
		"acr not said":              {rules: "* /a acr=gold; * /* any", demand: "0 gold", line: 1},
		"age met":                   {rules: "* /a max-age=3h; * /* any", login: weak, allowed: true, line: 1},
		"age unmet":                 {rules: "* /a max-age=90m; * /* any", login: weak, demand: "5400", line: 1},
		"age not said":              {rules: "* /a max-age=90m; * /* any", login: stepup.Login{ACR: "gold"}, demand: "5400", line: 1},
		"age within skew":           {rules: "* /a max-age=2h; * /* any", login: stepup.Login{Time: now.Add(-2*time.Hour - 30*time.Second)}, allowed: true, line: 1},
		"one of several":            {rules: "* /a acr=gold|acr=platinum; * /* any", login: weak, demand: "0 gold platinum", line: 1},
		"the second of several":     {rules: "* /a acr=gold|acr=platinum; * /* any", login: stepup.Login{ACR: "platinum"}, allowed: true, line: 1},
		"both":                      {rules: "* /a group=staff & acr=gold & max-age=5m; * /* any", login: weak, demand: "300 gold", line: 1},
		"another term is unmet":     {rules: "* /a group=admin & acr=gold; * /* any", login: weak, line: 1},
		"another alternative":       {rules: "* /a group=admin & acr=gold | group=staff & acr=silver; * /* any", login: weak, demand: "0 silver", line: 1},
		"alternatives of other age": {rules: "* /a acr=gold & max-age=5m | acr=silver | acr=tin & max-age=5m; * /* any", login: weak, demand: "300 gold tin", line: 1},
		"the same value twice":      {rules: "* /a acr=gold & group=staff | acr=gold & email=a@b.c | acr=gold; * /* any", login: weak, demand: "0 gold", line: 1},
		"denied":                    {rules: "* /a deny; * /* acr=gold", login: weak, line: 1},
		"resembles two lines":       {rules: "* /a acr=gold | acr=tin; * /A acr=tin & max-age=5m; * /* any", path: "/A", login: stepup.Login{ACR: "tin"}, demand: "300 tin", line: 2},
		"of which one holds and is then not met": {rules: "* /a acr=gold; * /A acr=tin; * /* any", path: "/A",
			login: stepup.Login{ACR: "gold"}, line: 2},
		"method resembles":       {rules: "GET /a acr=gold; * /a acr=gold & max-age=1h; * /* any", method: "get", login: weak, demand: "3600 gold", line: 1},
		"the line for the rest":  {rules: "* /a any; * /* max-age=1h", path: "/b", login: weak, demand: "3600", line: 2},
		"in the provider's past": {rules: "* /a max-age=1h; * /* any", login: stepup.Login{Time: now.Add(time.Hour)}, demand: "3600", line: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			method, path := c.method, c.path
			if method == "" {
				method = "GET"
			}
			if path == "" {
				path = "/a"
			}
			d := parse(t, c.rules).Decide(method, path, aliceAs(c.login))
			if d.Allowed != c.allowed || d.Demand.Text() != c.demand || d.Rule != c.line || (d.Reason == "") != c.allowed {
				t.Errorf("got %+v", d)
			}
		})
	}
}

func TestATimeThatIsNotKnownIsNeverRecent(t *testing.T) {
	t.Parallel()
	who := alice() // neither Login nor Now
	if d := parse(t, "* /* max-age=2160h").Decide("GET", "/", who); d.Allowed {
		t.Errorf("got %+v", d)
	}
}
