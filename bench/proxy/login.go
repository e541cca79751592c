package main

import (
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"time"
)

// logIn logs a user of the development provider in to the proxy at app, as a browser
// does that begins at the path start, and returns the cookie called name. It makes sure
// that the proxy lets nobody else through.
func logIn(app, start, name string) (cookie string, err error) {
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
	if res.StatusCode != http.StatusUnauthorized && res.Request.URL.Path == "/" {
		return "", fmt.Errorf("without a session: %s", res.Status)
	}
	form, err := browser.Get(app + start)
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
		if c.Name == name {
			return c.Name + "=" + c.Value, nil
		}
	}
	return "", fmt.Errorf("no session cookie")
}
