//go:build js && wasm

// Command stressed is the Go part of the Cloudflare Worker with routes in front of the
// gateway that a stress test needs: they wait, panic, end the program and measure it.
package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"runtime"
	"strconv"
	"time"

	"gatehouse/adapters/cloudflare"
)

func main() { cloudflare.Main(routes) }

func routes(gateway http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", gateway)
	mux.HandleFunc("/stress/panic", func(http.ResponseWriter, *http.Request) { panic("as the test wants it") })
	mux.HandleFunc("/stress/exit", func(_ http.ResponseWriter, r *http.Request) {
		go panic("the program ends, as the test wants it")
		<-r.Context().Done()
	})
	mux.HandleFunc("/stress/sleep", sleep)
	mux.HandleFunc("/stress/stream", stream)
	mux.HandleFunc("/stress/measure", measure)
	return mux
}

// sleep answers with id after ms milliseconds.
func sleep(w http.ResponseWriter, r *http.Request) {
	if wait(r) {
		fmt.Fprint(w, r.FormValue("id"))
	}
}

// stream answers with five lines, ms milliseconds apart.
func stream(w http.ResponseWriter, r *http.Request) {
	for i := range 5 {
		if !wait(r) {
			return
		}
		fmt.Fprintf(w, "%s %d\n", r.FormValue("id"), i)
		_ = http.NewResponseController(w).Flush()
	}
}

// wait is false when the client went away.
func wait(r *http.Request) bool {
	ms, _ := strconv.Atoi(r.FormValue("ms"))
	timer := time.NewTimer(time.Duration(ms) * time.Millisecond)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
		return false
	}
}

// measure tells what the program holds after a garbage collection; size is what of the
// runtime's memory Go has asked for.
func measure(w http.ResponseWriter, _ *http.Request) {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	_ = json.NewEncoder(w).Encode(map[string]uint64{
		"goroutines": uint64(runtime.NumGoroutine()), "heap": m.HeapAlloc, "size": m.Sys,
	})
}
