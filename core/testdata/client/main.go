// Command client uses what the core must not link.
package main

import "net/http"

func main() {
	_, err := http.Get("http://127.0.0.1/")
	println(err.Error())
}
