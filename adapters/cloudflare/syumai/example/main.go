//go:build js && wasm

// Command example is a Worker built with github.com/syumai/workers that has a page of its
// own for those who are logged in, and one for everybody; all the rest is the
// application's, behind the gateway.
package main

import (
	"fmt"
	"net/http"

	"gatehouse/adapters/cloudflare/syumai"
	"gatehouse/core"
)

func main() {
	gateway, err := syumai.New()
	if err != nil {
		fmt.Println(err)
		syumai.Serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			http.Error(w, "This service is not configured.", http.StatusServiceUnavailable)
		}))
		return
	}
	me := gateway.Protect(http.HandlerFunc(whoami))
	syumai.Serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/whoami":
			me.ServeHTTP(w, r)
		case "/about":
			fmt.Fprintln(w, "An example with a gateway in front.")
		default:
			gateway.ServeHTTP(w, r)
		}
	}))
}

func whoami(w http.ResponseWriter, r *http.Request) {
	identity, ok := core.IdentityFrom(r.Context())
	if !ok {
		http.Error(w, "nobody", http.StatusUnauthorized)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	fmt.Fprintln(w, identity.Subject)
}
