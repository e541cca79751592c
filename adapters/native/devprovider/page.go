package devprovider

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

	// No form-action: Chromium applies it to every redirect after the form is sent,
	// which is the client's callback and wherever that leads.
	contentSecurityPolicy = "default-src 'none'; style-src 'sha256-" + styleHash() + "'; img-src data:; base-uri 'none'; frame-ancestors 'none'"
)

func styleHash() string {
	sum := sha256.Sum256([]byte(style))
	return base64.StdEncoding.EncodeToString(sum[:])
}

type page struct {
	Title, Text string
	Login       *loginForm
	LogoutURL   string // where a button leads that ends the session; none when empty
}

type loginForm struct {
	Request, Username, Problem string
	HintUsername, HintPassword string
}

// Style returns the style sheet as it is, so that the policy's hash matches.
func (page) Style() template.CSS { return template.CSS(style) }

func (p *Provider) show(w http.ResponseWriter, status int, content page) {
	var body bytes.Buffer
	if err := pageTemplate.Execute(&body, content); err != nil {
		http.Error(w, "page could not be made", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", contentSecurityPolicy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "same-origin")
	w.WriteHeader(status)
	body.WriteTo(w)
}
