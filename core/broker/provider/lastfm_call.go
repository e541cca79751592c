package provider

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"gatehouse/core/strictjson"
)

// Limits of a call's parameters.
const (
	maxParameters = 500 // a batch of 50 scrobbles has 450
	maxParameter  = 4 << 10
)

// lastFMParameters are the names that clients may use, singly or, for scrobbles, with
// an index: artist[0].
var lastFMParameters = []string{
	"album", "albumArtist", "artist", "autocorrect", "chosenByUser", "context", "country", "duration", "from", "lang",
	"limit", "location", "mbid", "page", "period", "recenttracks", "streamId", "tag", "taggingtype", "tags",
	"timestamp", "to", "track", "trackNumber", "user", "username", "extended",
}

// lastFMReserved are the broker's own: a client that sends one is refused, because it
// means to sign for itself.
var lastFMReserved = []string{"api_key", "api_sig", "method", "sk", "token"}

// lastFMDropped are the broker's to choose, and clients of Last.fm send them by habit.
var lastFMDropped = []string{"callback", "format"}

// Request signs a call. What reads is sent by GET, what writes by POST, and the client
// must do as much.
func (lastFMProtocol) Request(p *Provider, g *Grant, c Call) (*http.Request, error) {
	method := strings.TrimPrefix(c.Path, "/")
	// What gives out sessions is the broker's, whatever the list says and in whatever case.
	if !methodName(method) || strings.HasPrefix(strings.ToLower(method), "auth.") || !slices.ContainsFunc(p.calls, func(a pattern) bool { return a.matchName(method) }) {
		return nil, fail(NotAllowed, "not on the list: "+printable(method, 100))
	}
	if c.Method != http.MethodPost && (c.Method != http.MethodGet || !reads(method)) {
		return nil, fail(NotAllowed, printable(method+" by "+c.Method, 100))
	}
	parameters, err := lastFMInput(c)
	if err != nil {
		return nil, err
	}
	parameters["method"], parameters["sk"] = method, g.Access.Reveal()
	form := formOf(p.sign(parameters)).Encode()
	if !reads(method) {
		return newRequest(http.MethodPost, p.lastFMAPI(), form)
	}
	return newRequest(http.MethodGet, p.lastFMAPI()+"?"+form, "")
}

// lastFMAPI is the API's address with the slash that it has.
func (p *Provider) lastFMAPI() string { return p.s.API + "/" }

// reads reports whether a method changes nothing.
func reads(method string) bool {
	_, action, _ := strings.Cut(method, ".")
	return strings.HasPrefix(action, "get") || action == "search"
}

// lastFMInput reads the client's parameters: the query's, and those of a form or of a
// JSON object of texts and numbers. The error is an [*Error] of kind Request.
func lastFMInput(c Call) (map[string]string, error) {
	in, err := url.ParseQuery(c.RawQuery)
	if err == nil && len(c.Body) > 0 {
		var more url.Values
		if isType(c.Header.Get("Content-Type"), "application/json") {
			more, err = jsonValues(c.Body)
		} else if isForm(c.Header.Get("Content-Type")) {
			more, err = url.ParseQuery(string(c.Body))
		} else {
			err = strictjson.ErrObject
		}
		for name, values := range more {
			in[name] = append(in[name], values...)
		}
	}
	if err != nil || len(in) > maxParameters {
		return nil, fail(Request, "parameters are malformed or too many")
	}
	maps.DeleteFunc(in, func(name string, _ []string) bool { return slices.Contains(lastFMDropped, name) })
	out := make(map[string]string, len(in)+6)
	for name, values := range in {
		problem := ""
		switch {
		case slices.Contains(lastFMReserved, name):
			problem = "parameter that is the broker's: "
		case !slices.Contains(lastFMParameters, withoutIndex(name)):
			problem = "unknown parameter: "
		case len(values) != 1:
			problem = "repeated parameter: "
		case len(values[0]) > maxParameter || !plainText(values[0]):
			problem = "too long, control characters or not UTF-8: "
		}
		if problem != "" {
			return nil, fail(Request, problem+printable(name, 50))
		}
		out[name] = values[0]
	}
	return out, nil
}

func jsonValues(body []byte) (url.Values, error) {
	o, err := strictjson.Parse(body)
	if err != nil {
		return nil, err
	}
	values := url.Values{}
	for name, raw := range o {
		text, ok := strictjson.TextOf(raw)
		if !ok {
			var n json.Number
			if len(raw) == 0 || raw[0] == '"' || json.Unmarshal(raw, &n) != nil || n == "" {
				return nil, strictjson.ErrObject
			}
			text = n.String()
		}
		values.Set(name, text)
	}
	return values, nil
}

// withoutIndex cuts off the index of a batch: [0] to [49].
func withoutIndex(name string) string {
	before, index, found := strings.Cut(name, "[")
	index, closed := strings.CutSuffix(index, "]")
	switch {
	case !found:
		return name
	case !closed || len(index) == 0 || len(index) > 2 || len(index) == 2 && (index[0] < '1' || index[0] > '4'),
		index[0] < '0' || index[0] > '9', index[len(index)-1] < '0' || index[len(index)-1] > '9':
		return ""
	}
	return before
}

// plainText reports whether s is UTF-8 without control characters.
func plainText(s string) bool {
	for _, r := range s {
		if r < 0x20 || r >= 0x7f && r < 0xa0 {
			return false
		}
	}
	return utf8.ValidString(s)
}
