//go:build wasip1

// Command spinhost is a component that stands in for Spin beside the component of the
// world "spin" in Wasmtime: it exports Spin's own interfaces as that component imports
// them. Variables come from its environment, their names in capital letters; the store
// called "default" is behind HTTP at the origin SPINHOST_STORE (see spinStore of
// package runtimes).
package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"
	"unsafe"

	"gatehouse/adapters/spin/wasi"
)

// Discriminants of the errors of fermyon:spin.
const (
	noSuchStore = 1
	otherKV     = 3
	undefined   = 1
)

var (
	// result is where what an export returns lies until the next call.
	result [4]uint32
	// kept keeps what result points to.
	kept [][]byte
	// room takes the parameters of the next export.
	room *wasi.Call
)

func init() {
	room = wasi.Begin(320 << 10)
	room.Enter()
}

func main() {}

// parameter copies a string or a list of bytes.
func parameter(p *byte, n uint32) []byte { return bytes.Clone(unsafe.Slice(p, n)) }

func address(p unsafe.Pointer) uint32 { return uint32(uintptr(p)) }

// list is where and how long b is.
func list(b []byte) (at, n uint32) {
	kept = append(kept, b)
	return address(unsafe.Pointer(unsafe.SliceData(b))), uint32(len(b))
}

// returned are words of 32 bits, the first of which are discriminants.
func returned(words ...uint32) uint32 {
	result = [4]uint32{}
	copy(result[:], words)
	room.Enter()
	return address(unsafe.Pointer(&result))
}

func failed(discriminant uint32, err error) uint32 {
	at, n := list([]byte(err.Error()))
	return returned(1, discriminant, at, n)
}

// ask sends a request to the store and returns the answer's status and body.
func ask(method, key string, value []byte) (status int, body []byte, err error) {
	wasi.Run(func() {
		r := &wasi.Request{Method: method, Scheme: "http", Authority: os.Getenv("SPINHOST_STORE"), PathWithQuery: "/" + url.PathEscape(key)}
		if value != nil {
			r.Body = bytes.NewReader(value)
		}
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		var answer *wasi.Response
		if answer, err = wasi.Send(ctx, r); err != nil {
			return
		}
		defer answer.Body.Close()
		status = answer.Status
		body, err = io.ReadAll(answer.Body)
	})
	if err == nil && status != 200 && status != 404 {
		err = fmt.Errorf("%s", body)
	}
	return status, body, err
}

//go:wasmimport [export]fermyon:spin/key-value@2.0.0 [resource-new]store
func newStore(representation uint32) uint32

//go:wasmexport fermyon:spin/key-value@2.0.0#[static]store.open
func open(label *byte, labelLen uint32) uint32 {
	kept = nil
	if string(parameter(label, labelLen)) != "default" {
		return returned(1, noSuchStore)
	}
	return returned(0, newStore(1))
}

//go:wasmexport fermyon:spin/key-value@2.0.0#[method]store.get
func get(_ uint32, key *byte, keyLen uint32) uint32 {
	kept = nil
	status, value, err := ask("GET", string(parameter(key, keyLen)), nil)
	switch {
	case err != nil:
		return failed(otherKV, err)
	case status == 404:
		return returned(0, 0)
	}
	at, n := list(value)
	return returned(0, 1, at, n)
}

//go:wasmexport fermyon:spin/key-value@2.0.0#[method]store.set
func set(_ uint32, key *byte, keyLen uint32, value *byte, valueLen uint32) uint32 {
	kept = nil
	_, _, err := ask("PUT", string(parameter(key, keyLen)), parameter(value, valueLen))
	if err != nil {
		return failed(otherKV, err)
	}
	return returned(0)
}

//go:wasmexport fermyon:spin/key-value@2.0.0#[method]store.delete
func remove(_ uint32, key *byte, keyLen uint32) uint32 {
	kept = nil
	if _, _, err := ask("DELETE", string(parameter(key, keyLen)), nil); err != nil {
		return failed(otherKV, err)
	}
	return returned(0)
}

//go:wasmexport fermyon:spin/key-value@2.0.0#[method]store.get-keys
func keys(_ uint32) uint32 {
	kept = nil
	_, body, err := ask("GET", "", nil)
	if err != nil {
		return failed(otherKV, err)
	}
	var elements []uint32
	for key := range strings.FieldsSeq(string(body)) {
		at, n := list([]byte(key))
		elements = append(elements, at, n)
	}
	all := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(elements))), 4*len(elements))
	at, _ := list(all)
	return returned(0, at, uint32(len(elements)/2))
}

//go:wasmexport fermyon:spin/variables@2.0.0#get
func variable(name *byte, nameLen uint32) uint32 {
	kept = nil
	asked := string(parameter(name, nameLen))
	value, ok := os.LookupEnv(strings.ToUpper(asked))
	if !ok || asked != strings.ToLower(asked) {
		at, n := list([]byte(asked))
		return returned(1, undefined, at, n)
	}
	at, n := list([]byte(value))
	return returned(0, at, n)
}
