package lookalike

import (
	"cmp"
	"crypto/md5"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// LastFM looks like www.last.fm (/api/auth/) and ws.audioscrobbler.com (/2.0/). Its
// quirks: XML unless format=json; errors by the body, with a status that depends on the
// error; no state, so the callback's query is all there is; tokens for an hour, of one
// use; session keys without end.
type LastFM struct {
	Key, Secret, User string
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// ErrorStatus replaces the status of every error, if it is not 0.
	ErrorStatus int
	// SubscriberText makes subscriber a text.
	SubscriberText bool
	// Busy answers every call with error 29, Down with error 500 and XML.
	Busy, Down bool

	tokens grants
	mu     sync.Mutex
	keys   map[string]bool
	// Calls are the signed calls that came with a session key, as method and form.
	Calls []url.Values
}

// ServeHTTP implements [http.Handler].
func (l *LastFM) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	l.tokens.now = l.Now
	switch r.URL.Path {
	case "/api/auth/", "/api/auth":
		l.authorize(w, r)
	case "/2.0/", "/2.0":
		l.call(w, r)
	default:
		http.NotFound(w, r)
	}
}

// Forget ends every session, as people do in their settings.
func (l *LastFM) Forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.keys = nil
}

func (l *LastFM) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if q.Get("api_key") != l.Key {
		http.Error(w, "Invalid API key", http.StatusForbidden)
		return
	}
	if r.Method != http.MethodPost {
		page(w, r, "Last.fm")
		return
	}
	if cmp.Or(r.PostFormValue("answer"), q.Get("answer")) != "allow" {
		fmt.Fprint(w, "No access was given.") // nobody is told
		return
	}
	if token := q.Get("token"); token != "" {
		l.tokens.mu.Lock()
		defer l.tokens.mu.Unlock()
		if c := l.tokens.codes[token]; c != nil {
			c.allowed = true
		}
		fmt.Fprint(w, "You can close this window.")
		return
	}
	callback := q.Get("cb")
	separator := "?"
	if strings.Contains(callback, "?") {
		separator = "&"
	}
	w.Header().Set("Location", callback+separator+"token="+l.tokens.add(&code{allowed: true}))
	w.WriteHeader(http.StatusFound)
}

func (l *LastFM) call(w http.ResponseWriter, r *http.Request) {
	if l.Down {
		w.Header().Set("Content-Type", "text/xml")
		w.WriteHeader(http.StatusInternalServerError)
		fmt.Fprint(w, `<lfm status="failed"><error code="8">Operation failed</error></lfm>`)
		return
	}
	if err := r.ParseForm(); err != nil {
		l.fail(w, r, 6, "Invalid parameters")
		return
	}
	form := r.Form
	method := form.Get("method")
	switch {
	case l.Busy:
		w.Header().Set("Retry-After", "7")
		l.fail(w, r, 29, "Rate limit exceeded")
	case form.Get("api_key") != l.Key:
		l.fail(w, r, 10, "Invalid API key - You must be granted a valid key by last.fm")
	case form.Get("api_sig") != l.signature(form):
		l.fail(w, r, 13, "Invalid method signature supplied")
	case method == "auth.getToken":
		l.answer(w, r, map[string]any{"token": l.tokens.add(&code{desktop: true})})
	case method == "auth.getSession":
		l.session(w, r)
	case !strings.Contains(method, "."):
		l.fail(w, r, 3, "Invalid Method - No method with that name in this package")
	case !l.known(form.Get("sk")):
		l.fail(w, r, 9, "Invalid session key - Please re-authenticate")
	case !strings.Contains(method, ".get") && r.Method != http.MethodPost:
		l.fail(w, r, 6, "Invalid parameters - Your request must be made by POST")
	case method == "track.love" && (form.Get("artist") == "" || form.Get("track") == ""):
		l.fail(w, r, 6, "Invalid parameters - Your request is missing a required parameter")
	default:
		l.mu.Lock()
		l.Calls = append(l.Calls, form)
		l.mu.Unlock()
		if method == "user.getInfo" {
			l.answer(w, r, map[string]any{"user": map[string]any{"name": l.User, "playcount": "42"}})
			return
		}
		l.answer(w, r, map[string]any{})
	}
}

func (l *LastFM) known(key string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.keys[key]
}

func (l *LastFM) session(w http.ResponseWriter, r *http.Request) {
	l.tokens.mu.Lock()
	defer l.tokens.mu.Unlock()
	c := l.tokens.codes[r.Form.Get("token")]
	switch {
	case c == nil || c.used:
		l.fail(w, r, 4, "Authentication Failed - You do not have permissions to access the service")
		return
	case l.tokens.clock().Sub(c.made) >= time.Hour:
		l.fail(w, r, 15, "This token has expired")
		return
	case !c.allowed:
		l.fail(w, r, 14, "This token has not been authorized")
		return
	}
	c.used = true
	sum := md5.Sum([]byte(r.Form.Get("token")))
	key := hex.EncodeToString(sum[:])
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.keys == nil {
		l.keys = map[string]bool{}
	}
	l.keys[key] = true
	var subscriber any = 0
	if l.SubscriberText {
		subscriber = "0"
	}
	l.answer(w, r, map[string]any{"session": map[string]any{"name": l.User, "key": key, "subscriber": subscriber}})
}

// signature is what api_sig has to be.
func (l *LastFM) signature(form url.Values) string {
	var names []string
	for name := range form {
		if name != "format" && name != "callback" && name != "api_sig" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	base := ""
	for _, name := range names {
		base += name + strings.Join(form[name], "")
	}
	return fmt.Sprintf("%x", md5.Sum([]byte(base+l.Secret)))
}

var lastFMStatus = map[int]int{3: 400, 4: 403, 6: 400, 9: 403, 10: 403, 13: 403, 14: 403, 15: 403, 29: 429}

func (l *LastFM) fail(w http.ResponseWriter, r *http.Request, number int, message string) {
	status := cmp.Or(l.ErrorStatus, lastFMStatus[number])
	if r.FormValue("format") != "json" {
		w.Header().Set("Content-Type", "text/xml; charset=utf-8")
		w.WriteHeader(status)
		fmt.Fprintf(w, `<lfm status="failed"><error code="%d">%s</error></lfm>`, number, message)
		return
	}
	respond(w, status, map[string]any{"error": number, "message": message})
}

func (l *LastFM) answer(w http.ResponseWriter, r *http.Request, body map[string]any) {
	if r.FormValue("format") != "json" {
		w.Header().Set("Content-Type", "text/xml; charset=utf-8")
		fmt.Fprint(w, xml.Header+`<lfm status="ok"></lfm>`)
		return
	}
	respond(w, http.StatusOK, body)
}
