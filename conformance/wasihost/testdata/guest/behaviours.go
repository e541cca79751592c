//go:build wasip1

package main

import (
	"fmt"
	"os"
	"time"
)

var behaviours = map[string]func(){
	// Right.
	"hello": func() { reply(200, "hello") },
	"echo": func() { // as it comes
		consumeRequest(request, result())
		in := word(4)
		bodyStream(in, result())
		from := word(4)
		body := newStatus(200)
		to := openBody(body)
		for part, end := read(from); !end; part, end = read(from) {
			if !put(to, part) {
				break
			}
		}
		dropInput(from)
		dropIncomingBody(in)
		finish(body, to)
		dropRequest(request)
	},
	"fields": func() {
		h := headersOf(request)
		name := "X-Test"
		has := hasField(h, address(name), length(name))
		entriesOf(h, result())
		n := word(4)
		appendField(h, address(name), length(name), 0, 0, result())
		immutable := byteAt(0) == 1 && byteAt(1) == 2
		dropFields(h)
		reply(200, fmt.Sprint(has, " ", n, " ", immutable))
	},
	"refused": func() {
		f := newFields()
		s := ""
		for _, l := range [][2]string{{"connection", "close"}, {"Host", "x"}, {"a b", "x"}, {"", "x"}, {"x-a", "a\r\nb"}, {"x-ok", "a, b"}} {
			appendField(f, address(l[0]), length(l[0]), address(l[1]), length(l[1]), result())
			s += fmt.Sprint(byteAt(0), byteAt(1), ";")
		}
		dropFields(f)
		reply(200, s)
	},
	"mismatch": func() {
		body := newStatus(200, "content-length", "10")
		stream := openBody(body)
		put(stream, "short")
		fmt.Println("finished:", finish(body, stream), byteAt(8))
		dropRequest(request)
	},
	"unfinished": func() {
		body := newStatus(200)
		stream := openBody(body)
		put(stream, "begun")
		dropOutput(stream)
		dropOutgoingBody(body)
		dropRequest(request)
	},
	"clock": func() {
		began, wall := now(), time.Now()
		p := after(uint64(time.Millisecond))
		block(p)
		dropPollable(p)
		time.Sleep(time.Millisecond)
		reply(200, fmt.Sprint(now()-began >= uint64(2*time.Millisecond), " ", wall.UTC().Format(time.DateOnly)))
	},
	"fetch": func() {
		f := fetch("origin.example", "/a?b")
		p := subscribeResponse(f)
		block(p)
		dropPollable(p)
		getResponse(f, result())
		if byteAt(16) != 0 {
			dropFuture(f)
			reply(502, fmt.Sprint("error-code ", byteAt(24)))
			return
		}
		r := word(24)
		dropFuture(f)
		consumeResponse(r, result())
		body := word(4)
		bodyStream(body, result())
		stream, s := word(4), ""
		for part, end := read(stream); !end; part, end = read(stream) {
			s += part
		}
		dropInput(stream)
		dropIncomingBody(body)
		dropResponse(r)
		reply(200, s)
	},
	"deadline": func() { // one poll over the answer and the clock
		f := fetch("origin.example", "/hang")
		list := [2]uint32{subscribeResponse(f), after(uint64(10 * time.Millisecond))}
		area[8] = uint64(list[1])<<32 | uint64(list[0])
		poll(result()+64, 2, result())
		first := *at(word(0))
		dropPollable(list[0])
		dropPollable(list[1])
		dropFuture(f)
		reply(504, fmt.Sprint(word(4), " ready: ", first))
	},
	"drip": func() { // until the client leaves
		body := newStatus(200)
		stream := openBody(body)
		for put(stream, "drop\n") {
		}
		finish(body, stream)
		dropRequest(request)
	},
	"store": func() {
		label, key, value := "default", "k", "v"
		openStore(address(label), length(label), result())
		s := word(4)
		storeGet(s, address(key), length(key), result())
		missing := byteAt(0) == 0 && byteAt(4) == 0
		storeSet(s, address(key), length(key), address(value), length(value), result())
		storeGet(s, address(key), length(key), result())
		got := text(8)
		dropStore(s)
		openStore(address("x"), 1, result())
		reply(200, fmt.Sprint(missing, " ", got, " ", byteAt(0), byteAt(4)))
	},
	"variables": func() {
		s := ""
		for _, name := range []string{"known", "unknown", "UPPER"} {
			variable(address(name), length(name), result())
			s += fmt.Sprint(byteAt(0), " ")
			if byteAt(0) == 0 {
				s += text(4) + " "
			} else {
				s += fmt.Sprint(byteAt(4), " ")
			}
		}
		reply(200, s+os.Getenv("KNOWN"))
	},

	// Wrong.
	"leak":        func() { newFields(); headersOf(request); reply0("leak") },
	"no-answer":   func() { dropRequest(request) },
	"panic":       func() { panic("on purpose") },
	"double-drop": func() { f := newFields(); dropFields(f); dropFields(f) },
	"use-after":   func() { f := newFields(); dropFields(f); hasField(f, address("x"), 1) },
	"given-away":  func() { f := newFields(); newResponse(f); dropFields(f) },
	"no-handle":   func() { dropFields(0) },
	"wrong-kind":  func() { dropPollable(newFields()) },
	"child":       func() { headersOf(request); dropRequest(request) },
	"open-stream": func() { b := newStatus(200); openBody(b); finishBody(b, 0, 0, result()) },
	"unaligned":   func() { pathOf(request, result()+1) },
	"unaligned8":  func() { checkWrite(openBody(newStatus(200)), result()+4) },
	"unaligned-list": func() {
		poll(result()+1, 1, result())
	},
	"outside":      func() { pathOf(request, 0xFFFFFFF0) },
	"outside-text": func() { hasField(newFields(), 0xFFFFFFF0, 4) },
	"not-utf8":     func() { hasField(newFields(), address("a\xff"), 2) },
	"answer-twice": func() { newStatus(200); newStatus(200) },
	"interim":      func() { newStatus(103) },
	"bad-case":     func() { setOutparam(outparam, 2, 0, 0, 0, 0, 0, 0, 0) },
	"no-permit":    func() { write(openBody(newStatus(200)), address("x"), 1, result()) },
	"over-permit": func() {
		s := openBody(newStatus(200))
		checkWrite(s, result())
		write(s, result(), uint32(area[1])+1, result())
	},
	"big-write":   func() { blockingWrite(openBody(newStatus(200)), result(), 4097, result()) },
	"poll-none":   func() { poll(result(), 0, result()) },
	"misaligned":  func() { misaligned = true; entriesOf(headersOf(request), result()) },
	"call-inside": func() { calling = true; pathOf(request, result()) },
	"scribble":    func() { scribble(); reply(200, "") },
	"endless": func() { // a poll that nothing ends
		p := subscribeResponse(fetch("origin.example", "/hang"))
		block(p)
	},
}

func reply0(s string) {
	body := newStatus(200)
	stream := openBody(body)
	put(stream, s)
	finish(body, stream)
}
