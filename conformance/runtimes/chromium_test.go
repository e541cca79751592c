//go:build runtimes

package runtimes

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/fetch"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// chromium is a headless Chromium that reaches loopback addresses only.
type chromium struct {
	t       *testing.T
	ctx     context.Context // of the browser's first tab
	scripts bool

	mu     sync.Mutex
	opened int
	log    []string
}

// startChromium starts Chromium with a new profile until the test ends. Without
// scripts, pages cannot run any.
func startChromium(t *testing.T, scripts bool) *chromium {
	t.Helper()
	options := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(program(t, "chromium", "chromium")),
		chromedp.UserDataDir(t.TempDir()),
		chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun,
		chromedp.NoDefaultBrowserCheck,
		chromedp.WindowSize(1280, 800),
	}
	for _, flag := range []string{"disable-quic", "disable-background-networking", "disable-component-update",
		"disable-sync", "disable-dev-shm-usage", "disable-extensions", "disable-default-apps",
		"disable-background-timer-throttling", "disable-renderer-backgrounding",
		"disable-backgrounding-occluded-windows", "metrics-recording-only"} {
		options = append(options, chromedp.Flag(flag, true))
	}
	options = append(options,
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1"),
		chromedp.Flag("password-store", "basic"),
		chromedp.Flag("force-color-profile", "srgb"))
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, closeBrowser := chromedp.NewContext(allocator)
	t.Cleanup(func() {
		closeBrowser()
		stop()
	})
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("chromium does not start: %v", err)
	}
	return &chromium{t: t, ctx: ctx, scripts: scripts}
}

func (c *chromium) tab() tab { return c.newTab() }

func (c *chromium) newTab() *chromiumTab {
	c.t.Helper()
	c.mu.Lock()
	first := c.opened == 0
	c.opened++
	c.mu.Unlock()
	ctx := c.ctx
	if !first {
		tab, closeTab := chromedp.NewContext(c.ctx)
		c.t.Cleanup(closeTab)
		ctx = tab
	}
	tab := &chromiumTab{t: c.t, ctx: ctx}
	if err := chromedp.Listen(ctx, c.listen); err != nil {
		c.t.Fatalf("chromium opens no tab: %v", err)
	}
	call(tab, log.Enable, cdp.Empty{})
	if !c.scripts {
		call(tab, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	}
	return tab
}

// listen keeps what the browser has to complain about.
func (c *chromium) listen(event any) {
	entry, ok := event.(*log.EventEntryAdded)
	if !ok || entry.Entry == nil || entry.Entry.Level == log.EntryLevelVerbose {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.log = append(c.log, fmt.Sprintf("%s: %s: %s (%s)", entry.Entry.Source, entry.Entry.Level, entry.Entry.Text, entry.Entry.URL))
}

// complaints are the browser's log entries except those about pages at foreign and
// the statuses of error pages.
func (c *chromium) complaints(foreign string) (list []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, entry := range c.log {
		status := strings.Contains(entry, "the server responded with a status of 4")
		if status || foreign != "" && strings.Contains(entry, "("+foreign) || strings.Contains(entry, "(https://fonts.googleapis.com") {
			continue
		}
		list = append(list, entry)
	}
	return list
}

// chromiumTab implements tab.
type chromiumTab struct {
	t   *testing.T
	ctx context.Context
}

// run runs an action of chromedp with a deadline.
func run[T any](tab *chromiumTab, what string, action chromedp.Action[T]) T {
	tab.t.Helper()
	ctx, cancel := context.WithTimeout(tab.ctx, patience)
	defer cancel()
	v, err := chromedp.Run(ctx, action)
	if err != nil {
		tab.t.Fatalf("chromium: %s: %v", what, err)
	}
	return v
}

// call sends a command of the DevTools protocol.
func call[P, R any](tab *chromiumTab, command cdp.Command[P, R], params P) R {
	tab.t.Helper()
	return run(tab, command.Method, func(ctx context.Context, target *chromedp.Target) (R, error) {
		return cdp.Call(ctx, target, command, params)
	})
}

func (tab *chromiumTab) open(url string) {
	tab.t.Helper()
	call(tab, page.BringToFront, cdp.Empty{})
	run(tab, "open "+url, chromedp.Navigate(url))
}

func (tab *chromiumTab) location() string {
	tab.t.Helper()
	return element(tab, "location", chromedp.Location())
}

// element runs an action on an element or the page, again when the page under it goes
// away.
func element[T any](tab *chromiumTab, what string, action chromedp.Action[T]) T {
	tab.t.Helper()
	var err error
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		ctx, cancel := context.WithDeadline(tab.ctx, deadline)
		var v T
		v, err = chromedp.Run(ctx, action)
		cancel()
		if err == nil {
			return v
		}
	}
	tab.t.Fatalf("chromium: %s: %v", what, err)
	panic("not reached")
}

func (tab *chromiumTab) text(css string) string {
	tab.t.Helper()
	return element(tab, "text of "+css, chromedp.Text(chromedp.CSS(css)))
}

func (tab *chromiumTab) fill(css, value string) {
	tab.t.Helper()
	call(tab, page.BringToFront, cdp.Empty{})
	element(tab, "fill "+css, chromedp.SendKeys(chromedp.CSS(css), value))
}

func (tab *chromiumTab) click(css string) {
	tab.t.Helper()
	call(tab, page.BringToFront, cdp.Empty{})
	element(tab, "click "+css, chromedp.Click(chromedp.CSS(css)))
}

func (tab *chromiumTab) cookies() []*http.Cookie {
	tab.t.Helper()
	var list []*http.Cookie
	for _, c := range call(tab, network.GetCookies, network.GetCookiesParams{}).Cookies {
		list = append(list, &http.Cookie{Name: c.Name, Value: c.Value, HttpOnly: c.HTTPOnly})
	}
	return list
}

func (tab *chromiumTab) screenshot() []byte {
	tab.t.Helper()
	return run(tab, "screenshot", chromedp.CaptureScreenshot())
}

// block aborts every request whose URL matches pattern, so that a page that goes on
// by itself stays; the returned function ends that.
func (tab *chromiumTab) block(pattern string) (unblock func()) {
	tab.t.Helper()
	ctx, cancel := context.WithCancel(tab.ctx)
	paused := chromedp.Events(ctx, fetch.RequestPaused)
	call(tab, fetch.Enable, fetch.EnableParams{Patterns: []*fetch.RequestPattern{{URLPattern: pattern}}})
	done := make(chan struct{})
	go func() {
		defer close(done)
		for event, err := range paused {
			if err != nil {
				return
			}
			_ = chromedp.Do(ctx, chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
				_, err := cdp.Call(ctx, target, fetch.FailRequest,
					fetch.FailRequestParams{RequestID: event.RequestID, ErrorReason: network.ErrorReasonAborted})
				return err
			}))
		}
	}()
	return func() {
		tab.t.Helper()
		cancel()
		<-done
		call(tab, fetch.Disable, cdp.Empty{})
	}
}
