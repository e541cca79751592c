// Package page writes the gateway's own pages: fixed texts, escaped values, no
// script, one inline style sheet that the content security policy names by hash.
// They are readable on a phone, in light and dark, and by a screen reader.
package page

import (
	"html"
	"net/http"
	"strings"
)

// Page is the content of a page. Every string is escaped.
type Page struct {
	Title string
	Text  string
	// Code is shown large, to be compared or copied; it is selected as a whole.
	Code string
	// Action is the one thing to do next; nil for none.
	Action *Action
	// Second is another thing to do instead; nil for none.
	Second *Action
	// Other is the way out; nil for none.
	Other *Action
	// Refresh goes on to Action.URL by itself at once.
	Refresh bool
	// Reference is shown small, for support.
	Reference string
	// SendReferrer lets forms on this page say where they come from
	// (Origin would be "null" without it). Only for pages whose own address
	// holds no secret.
	SendReferrer bool
}

// Action is a link, or with Method POST a button.
type Action struct {
	Label  string
	URL    string
	Method string
	// Fields are hidden inputs of a POST, name and value in turns.
	Fields []string
	// Input is a text that the person types into a POST; nil for none.
	Input *Input
}

// Input is a line to type into.
type Input struct{ Label, Name, Value string }

const style = `:root{color-scheme:light dark;--bg:#f4f5f7;--card:#fff;--fg:#1c1e21;--dim:#5c6470;--accent:#1a56c4;--on:#fff}` +
	`@media(prefers-color-scheme:dark){:root{--bg:#15171a;--card:#202327;--fg:#e8eaed;--dim:#a3abb5;--accent:#8ab4f8;--on:#10131a}}` +
	`*{box-sizing:border-box}body{margin:0;min-height:100vh;display:flex;align-items:center;justify-content:center;padding:1rem;background:var(--bg);color:var(--fg);font:1rem/1.5 system-ui,sans-serif}` +
	`main{background:var(--card);border-radius:.75rem;padding:2rem;max-width:28rem;width:100%;box-shadow:0 1px 4px rgba(0,0,0,.15);overflow-wrap:anywhere}` +
	`h1{font-size:1.35rem;line-height:1.3;margin:0 0 .75rem}p{margin:0 0 1.25rem}small{color:var(--dim)}` +
	`a{color:var(--accent)}a.action,button{display:inline-block;border:0;border-radius:.5rem;padding:.65rem 1.25rem;background:var(--accent);color:var(--on);font:inherit;font-weight:600;text-decoration:none;cursor:pointer}` +
	`a.action:focus-visible,button:focus-visible{outline:3px solid var(--fg);outline-offset:2px}` +
	`code{display:block;margin:0 0 1.25rem;padding:.75rem;border:1px solid var(--dim);border-radius:.5rem;font:600 1.25rem/1.4 ui-monospace,monospace;letter-spacing:.06em;text-align:center;user-select:all}` +
	`label{display:block;margin:0 0 1rem}input{display:block;width:100%;margin-top:.35rem;padding:.65rem;border:1px solid var(--dim);border-radius:.5rem;background:var(--bg);color:var(--fg);font:inherit}` +
	`form{margin:0 0 1.25rem}form+form button{background:none;color:var(--accent);box-shadow:inset 0 0 0 1px}main>:last-child{margin-bottom:0}`

// policy names the style by its hash. It is written out because instances that live for
// one request would compute it each time.
const policy = "default-src 'none'; style-src 'sha256-PSaOVI92JObxtaSElc92Vg9IMmVUpQKGM5tFRBO3jN8='; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

// SetHeaders sets what every answer of the gateway itself carries: it must not be
// stored, sniffed, framed or leak its address.
func SetHeaders(h http.Header) {
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Content-Security-Policy", policy)
	// In one field: some runtimes join several.
	if v := h.Get("Vary"); v == "" {
		h.Set("Vary", "Cookie")
	} else if !strings.HasSuffix(v, "Cookie") {
		h.Set("Vary", v+", Cookie")
	}
}

// Write answers with p.
func Write(w http.ResponseWriter, status int, p Page) {
	h := w.Header()
	SetHeaders(h)
	h.Set("Content-Type", "text/html; charset=utf-8")
	if p.SendReferrer {
		h.Set("Referrer-Policy", "same-origin")
	}
	w.WriteHeader(status)
	_, _ = w.Write([]byte(render(p)))
}

func render(p Page) string {
	var b strings.Builder
	b.WriteString(`<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><meta name="robots" content="noindex">`)
	if p.Refresh && p.Action != nil {
		b.WriteString(`<meta http-equiv="refresh" content="0;url=` + html.EscapeString(p.Action.URL) + `">`)
	}
	title := html.EscapeString(p.Title)
	b.WriteString(`<title>` + title + `</title><style>` + style + `</style></head><body><main><h1>` + title + `</h1>`)
	if p.Text != "" {
		b.WriteString(`<p>` + html.EscapeString(p.Text) + `</p>`)
	}
	if p.Code != "" {
		b.WriteString(`<code>` + html.EscapeString(p.Code) + `</code>`)
	}
	if p.Action != nil {
		writeAction(&b, p.Action)
	}
	if p.Second != nil {
		writeAction(&b, p.Second)
	}
	if p.Other != nil {
		b.WriteString(`<p><a href="` + html.EscapeString(p.Other.URL) + `">` + html.EscapeString(p.Other.Label) + `</a></p>`)
	}
	if p.Reference != "" {
		b.WriteString(`<small>Reference: ` + html.EscapeString(p.Reference) + `</small>`)
	}
	b.WriteString(`</main></body></html>` + "\n")
	return b.String()
}

func writeAction(b *strings.Builder, a *Action) {
	url, label := html.EscapeString(a.URL), html.EscapeString(a.Label)
	if a.Method != http.MethodPost {
		b.WriteString(`<p><a class="action" href="` + url + `">` + label + `</a></p>`)
		return
	}
	b.WriteString(`<form method="post" action="` + url + `">`)
	for i := 0; i+1 < len(a.Fields); i += 2 {
		b.WriteString(`<input type="hidden" name="` + html.EscapeString(a.Fields[i]) + `" value="` + html.EscapeString(a.Fields[i+1]) + `">`)
	}
	if a.Input != nil {
		b.WriteString(`<label>` + html.EscapeString(a.Input.Label) + `<input name="` + html.EscapeString(a.Input.Name) + `" value="` + html.EscapeString(a.Input.Value) +
			`" required autofocus autocomplete="off" autocapitalize="characters" spellcheck="false" maxlength="64"></label>`)
	}
	b.WriteString(`<button type="submit">` + label + `</button></form>`)
}
