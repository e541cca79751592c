//go:build runtimes

package runtimes

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"
)

// webDriver is a session of the W3C WebDriver protocol
// (https://www.w3.org/TR/webdriver2/). It is not safe for concurrent use.
type webDriver struct {
	t       *testing.T
	session string // address of the session
	current string // handle of the window that commands apply to
	opened  int
}

// elementKey is the name under which element references travel (section 12.3).
const elementKey = "element-6066-11e4-a52e-4f735466cecf"

// newWebDriver opens a session at a driver; it ends with the test.
func newWebDriver(t *testing.T, driver string, capabilities map[string]any) *webDriver {
	t.Helper()
	w := &webDriver{t: t}
	var created struct{ SessionID string }
	if err := w.send(http.MethodPost, driver+"/session", map[string]any{"capabilities": map[string]any{"alwaysMatch": capabilities}}, &created); err != nil {
		t.Fatalf("the driver opens no session: %v", err)
	}
	w.session = driver + "/session/" + created.SessionID
	t.Cleanup(func() { _ = w.send(http.MethodDelete, w.session, nil, nil) })
	w.must(http.MethodGet, "/window", nil, &w.current)
	return w
}

// send performs one command; result receives the value.
func (w *webDriver) send(method, url string, parameters, result any) error {
	body, err := json.Marshal(parameters)
	if err != nil {
		return err
	}
	r, err := http.NewRequest(method, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	res, err := (&http.Client{Timeout: patience}).Do(r)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	var answer struct{ Value json.RawMessage }
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil || res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s (%v)", res.Status, answer.Value, err)
	}
	if result == nil {
		return nil
	}
	return json.Unmarshal(answer.Value, result)
}

func (w *webDriver) must(method, path string, parameters, result any) {
	w.t.Helper()
	if err := w.send(method, w.session+path, parameters, result); err != nil {
		w.t.Fatalf("webdriver: %s %s: %v", method, path, err)
	}
}

func (w *webDriver) tab() tab {
	w.t.Helper()
	tab := &webDriverTab{webDriver: w, handle: w.current}
	if w.opened > 0 {
		var window struct{ Handle string }
		w.must(http.MethodPost, "/window/new", map[string]string{"type": "tab"}, &window)
		tab.handle = window.Handle
	}
	w.opened++
	return tab
}

// webDriverTab implements tab.
type webDriverTab struct {
	*webDriver
	handle string
}

// do performs a command in this tab.
func (tab *webDriverTab) do(method, path string, parameters, result any) {
	tab.t.Helper()
	if tab.current != tab.handle {
		tab.must(http.MethodPost, "/window", map[string]string{"handle": tab.handle}, nil)
		tab.current = tab.handle
	}
	tab.must(method, path, parameters, result)
}

// element performs a command on the first element that matches, again as long as
// there is none or the page under it goes away.
func (tab *webDriverTab) element(css, method, path string, parameters, result any) {
	tab.t.Helper()
	tab.do(http.MethodGet, "/url", nil, nil)
	var err error
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		var found map[string]string
		err = tab.send(http.MethodPost, tab.session+"/element", map[string]string{"using": "css selector", "value": css}, &found)
		if err == nil {
			if err = tab.send(method, tab.session+"/element/"+found[elementKey]+path, parameters, result); err == nil {
				return
			}
		}
	}
	tab.t.Fatalf("webdriver: %s of %s: %v", path, css, err)
}

func (tab *webDriverTab) open(url string) {
	tab.t.Helper()
	tab.do(http.MethodPost, "/url", map[string]string{"url": url}, nil)
}

func (tab *webDriverTab) location() (url string) {
	tab.t.Helper()
	tab.do(http.MethodGet, "/url", nil, &url)
	return url
}

func (tab *webDriverTab) text(css string) (text string) {
	tab.t.Helper()
	tab.element(css, http.MethodGet, "/text", nil, &text)
	return text
}

func (tab *webDriverTab) fill(css, value string) {
	tab.t.Helper()
	tab.element(css, http.MethodPost, "/value", map[string]string{"text": value}, nil)
}

func (tab *webDriverTab) click(css string) {
	tab.t.Helper()
	tab.element(css, http.MethodPost, "/click", struct{}{}, nil)
}

func (tab *webDriverTab) cookies() (list []*http.Cookie) {
	tab.t.Helper()
	var answer []struct {
		Name, Value string
		HTTPOnly    bool
	}
	tab.do(http.MethodGet, "/cookie", nil, &answer)
	for _, c := range answer {
		list = append(list, &http.Cookie{Name: c.Name, Value: c.Value, HttpOnly: c.HTTPOnly})
	}
	return list
}

func (tab *webDriverTab) screenshot() []byte {
	tab.t.Helper()
	var encoded string
	tab.do(http.MethodGet, "/screenshot", nil, &encoded)
	png, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		tab.t.Fatal(err)
	}
	return png
}
