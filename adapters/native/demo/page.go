package demo

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"net/http"
)

var (
	//go:embed page.html
	pageSource string
	//go:embed page.css
	style string

	pageTemplate = template.Must(template.New("page").Parse(pageSource))

	// No form-action: Chromium applies it to the redirects after the logout form,
	// and they lead to the provider.
	contentSecurityPolicy = "default-src 'none'; style-src 'sha256-" + styleHash() + "'; img-src data:; base-uri 'none'; frame-ancestors 'none'"
)

func styleHash() string {
	sum := sha256.Sum256([]byte(style))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// page serves every path that no other route has, so that deep links can be tried.
type page struct{ Options }

type pageContent struct {
	Options
	User, Path, Query string
	Headers           []header
}

// Style returns the style sheet as it is, so that the policy's hash matches.
func (pageContent) Style() template.CSS { return template.CSS(style) }

func (p page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !readOnly(w, r) {
		return
	}
	var body bytes.Buffer
	err := pageTemplate.Execute(&body, pageContent{
		Options: p.Options, User: displayName(r.Header), Path: r.URL.Path, Query: r.URL.RawQuery,
		Headers: identityHeaders(r.Header),
	})
	if err != nil {
		http.Error(w, "page could not be made", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", contentSecurityPolicy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	body.WriteTo(w)
}

// readOnly answers 405 to everything but GET and HEAD.
func readOnly(w http.ResponseWriter, r *http.Request) bool {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return true
	}
	w.Header().Set("Allow", "GET, HEAD")
	http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
	return false
}
