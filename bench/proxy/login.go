package main

import (
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"time"
)

// logIn logs a user of the development provider in to the gateway at app, as a browser
// does, and returns the session cookie. It makes sure that the gateway lets nobody else
// through.
func logIn(app string) (cookie string, err error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return "", err
	}
	browser := &http.Client{Jar: jar, Timeout: 30 * time.Second}
	res, err := http.Get(app + "/")
	if err != nil {
		return "", err
	}
	res.Body.Close()
	if res.StatusCode != http.StatusUnauthorized {
		return "", fmt.Errorf("without a session: %s", res.Status)
	}
	form, err := browser.Get(app + "/login/authorize?return_to=/")
	if err != nil {
		return "", err
	}
	form.Body.Close()
	at := form.Request.URL
	post, err := http.NewRequest(http.MethodPost, at.Scheme+"://"+at.Host+at.Path, strings.NewReader(url.Values{
		"id": {at.Query().Get("id")}, "username": {"alice"}, "password": {"password"},
	}.Encode()))
	if err != nil {
		return "", err
	}
	post.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	post.Header.Set("Origin", at.Scheme+"://"+at.Host)
	page, err := browser.Do(post)
	if err != nil {
		return "", err
	}
	page.Body.Close()
	if page.StatusCode != http.StatusOK || page.Request.URL.Path != "/" {
		return "", fmt.Errorf("after the login form: %s at %s", page.Status, page.Request.URL.Path)
	}
	for _, c := range jar.Cookies(page.Request.URL) {
		if c.Name == "gatehouse-dev" {
			return c.Name + "=" + c.Value, nil
		}
	}
	return "", fmt.Errorf("no session cookie")
}
