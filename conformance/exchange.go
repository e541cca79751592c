package conformance

import (
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
)

// fetch is an outbound request that the gateway is expected to make, and what it
// gets for an answer.
type fetch struct {
	only        tags
	least, most int
	each        bool // once for every one of the step's parallel requests
	method      string
	url         matcher
	path        matcher // url without its query
	first       string
	header      []headerPattern
	body        *bodyPattern
	answer      answer
}

func (f *fetch) parse(data string) error {
	m, err := parseMessage(data)
	if err != nil {
		return err
	}
	for _, d := range m.directives {
		if d[0] != "times" || len(d) != 2 {
			return fmt.Errorf("unknown directive @%s", strings.Join(d, " "))
		}
		if f.each = d[1] == "each"; f.each {
			continue
		}
		least, most, isRange := strings.Cut(d[1], "-")
		if f.least, err = strconv.Atoi(least); err != nil {
			return err
		}
		f.most = f.least
		if isRange {
			if f.most, err = strconv.Atoi(most); err != nil {
				return err
			}
		}
	}
	method, target, ok := strings.Cut(m.first, " ")
	if !ok {
		return fmt.Errorf("want METHOD URL, not %q", m.first)
	}
	f.method, f.first = method, m.first
	if f.url, err = parsePattern(target); err != nil {
		return err
	}
	f.path = f.url
	if a, ok := f.url.(address); ok {
		f.path = a.base
	}
	if f.header, err = parseHeaderPatterns(m.header); err != nil {
		return err
	}
	if m.hasBody {
		f.body, err = parseBody(m.body)
	}
	return err
}

// concerns reports whether an outbound request is the one that f announces, however
// wrong it may be.
func (f *fetch) concerns(s *scope, method, url string) bool {
	if _, isAddress := f.url.(address); isAddress {
		url, _, _ = strings.Cut(url, "?")
	}
	return method == f.method && f.path.match(s.fork(), url) == nil
}

// check compares an outbound request with the announced one and binds captures.
func (f *fetch) check(s *scope, url string, header http.Header, body string) error {
	if err := f.url.match(s, url); err != nil {
		return err
	}
	if err := matchHeader(s, f.header, header); err != nil {
		return err
	}
	if f.body != nil {
		if err := f.body.match(s, body); err != nil {
			return fmt.Errorf("body: %w", err)
		}
	}
	return nil
}

// answer is what the network replies.
type answer struct {
	status  int
	stream  bool   // each line of the body waits until the client has the one before
	fault   string // "", fail, hang, drip, abort or big
	size    int    // of big and bomb
	header  []textLine
	body    text
	idToken *signedToken
}

var answerLine = regexp.MustCompile(`^(?:(fail|hang)|(?:([1-5]\d\d) ?)?(?:(drip|abort|big|bomb) ?(\d+[KM]B)?)?)$`)

func (a *answer) parse(data string) error {
	m, err := parseMessage(data)
	if err != nil {
		return err
	}
	for _, d := range m.directives {
		if a.stream = len(d) == 1 && d[0] == "stream"; !a.stream {
			return fmt.Errorf("unknown directive @%s", strings.Join(d, " "))
		}
	}
	f := answerLine.FindStringSubmatch(m.first)
	if f == nil || m.first == "" || (f[4] != "") != (f[3] == "big" || f[3] == "bomb") {
		return fmt.Errorf("want STATUS, fail, hang, drip, abort, big SIZE or bomb SIZE, not %q", m.first)
	}
	a.status, a.fault = 200, f[1]+f[3]
	if f[2] != "" {
		a.status, _ = strconv.Atoi(f[2])
	}
	if f[4] != "" {
		n, err := strconv.Atoi(f[4][:len(f[4])-2])
		if err != nil || n > 1024 {
			return fmt.Errorf("bad size %s", f[4])
		}
		a.size = n << map[byte]int{'K': 10, 'M': 20}[f[4][len(f[4])-2]]
	}
	if a.header, err = parseLines(m.header); err != nil {
		return err
	}
	a.body, err = parseText(m.body)
	return err
}

// response is what the client is expected to get.
type response struct {
	only   tags
	status int
	other  int // of requests at once: as good as status, and then nothing else is compared
	header []headerPattern
	body   *bodyPattern
	now    bool // it depends on the time at which it is compared
}

func (r *response) parse(data string) error {
	r.now = strings.Contains(data, "{now")
	m, err := parseMessage(data)
	if err != nil {
		return err
	}
	if len(m.directives) > 0 {
		return fmt.Errorf("unknown directive @%s", m.directives[0][0])
	}
	first, other, _ := strings.Cut(m.first, "|")
	if r.other, err = strconv.Atoi(other); other != "" && err != nil {
		return fmt.Errorf("want a status code, not %q", other)
	}
	if r.status, err = strconv.Atoi(first); err != nil || r.status < 101 || r.status > 599 {
		return fmt.Errorf("want a status code, not %q", m.first)
	}
	if r.header, err = parseHeaderPatterns(m.header); err != nil {
		return err
	}
	if m.hasBody {
		r.body, err = parseBody(m.body)
	}
	return err
}

// check compares the answer with the expected one and binds captures. Of a client
// that went away only status and header are compared.
func (r *response) check(s *scope, o *outcome) error {
	if r.other != 0 && o.status == r.other {
		return nil
	}
	if o.status != r.status {
		return fmt.Errorf("status: want %d, got %d", r.status, o.status)
	}
	if err := matchHeader(s, r.header, o.header); err != nil {
		return err
	}
	if o.gone {
		return nil
	}
	if broken := r.body != nil && r.body.broken; broken != o.broken {
		return fmt.Errorf("body: ends early is %v, want %v", o.broken, broken)
	}
	if r.body != nil {
		if err := r.body.match(s, o.body); err != nil {
			return fmt.Errorf("body: %w", err)
		}
	}
	return nil
}
