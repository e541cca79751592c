// Command wasm links the whole core for WebAssembly and nothing else, so that tests
// can measure and inspect what the core brings along.
package main

import (
	"net/http"

	"gatehouse/core"
)

func main() {
	config, err := core.LoadConfig(func(string) (string, bool) { return "", false })
	if err != nil {
		println(err.Error())
	}
	gateway, err := core.New(config, core.Platform{})
	if err != nil {
		println(err.Error())
		return
	}
	gateway.ServeHTTP(nil, &http.Request{})
}
