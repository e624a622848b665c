// SPDX-License-Identifier: Apache-2.0

// callback writes maps in Go functions that C calls: from threads that C made, each of which has a
// map of its own, and from C that was called by Go. It is built twice (targets/build): callback has
// C code with frame pointers, callback-nofp C code without.
package main

// #cgo LDFLAGS: -ldl -lpthread
// #include "chain.h"
import "C"

import (
	"runtime"
	"strconv"
	"strings"
	"syscall"

	"mapprobe.test/targets/internal/mapview"
	"mapprobe.test/targets/internal/stage"
)

const (
	threads = 4
	writes  = 20 // map writes of one call from C
	nested  = 30 // calls from C that Go called
)

// writer is one thread, or the main goroutine, with what it did.
type writer struct {
	m       map[uint64]uint64
	view    *mapview.View
	assigns uint64
	goid    uint64
	tid     int
}

var (
	fromThread [threads]writer
	fromGo     writer
)

//go:noinline
func newMap() map[uint64]uint64 { return make(map[uint64]uint64) }

//export goWriteThread
func goWriteThread(thread C.long) C.long {
	w := &fromThread[thread]
	w.identify()
	writeThread(w)
	return 0
}

//export goWriteNested
func goWriteNested(i C.long) C.long {
	fromGo.identify()
	writeNested(&fromGo)
	// What the callback does overwrites what the runtime saved when Go called C.
	runtime.Gosched()
	if i%10 == 0 {
		runtime.GC()
	}
	return 0
}

//go:noinline
func writeThread(w *writer) { w.write() }

//go:noinline
func writeNested(w *writer) { w.write() }

func (w *writer) write() {
	for range writes {
		w.m[w.assigns] = w.assigns
		w.assigns++
	}
}

// identify notes goroutine and thread, from the dump of the runtime: "goroutine 18 [running".
func (w *writer) identify() {
	if w.goid != 0 {
		return
	}
	var b [64]byte
	s := strings.TrimPrefix(string(b[:runtime.Stack(b[:], false)]), "goroutine ")
	w.goid, _ = strconv.ParseUint(s[:strings.IndexByte(s, ' ')], 10, 64)
	w.tid = syscall.Gettid()
}

//go:noinline
func callOne() { C.chain_nested(nested / 2) }

//go:noinline
func callOther() { C.chain_nested(nested / 2) }

func main() {
	if C.chain_open() != 0 {
		stage.Fail("callback: no libchain.so beside the program")
	}
	for i := range fromThread {
		fromThread[i].init()
	}
	fromGo.init()
	runtime.LockOSThread()
	stage.Ready()
	if C.chain_threads(threads) != 0 {
		stage.Fail("callback: cannot start threads")
	}
	callOne()
	callOther()
	report()
	stage.Wait()
}

func (w *writer) init() {
	w.m = newMap()
	w.view = mapview.Of(w.m)
}

func report() {
	t := stage.NewTruth("callback")
	t.Open("threads", '[')
	for i := range fromThread {
		fromThread[i].report(t)
	}
	t.Close(']')
	t.Open("nested", '[')
	fromGo.report(t)
	t.Close(']')
	t.Print()
}

func (w *writer) report(t *stage.Truth) {
	t.Open("", '{')
	t.Addr("map", w.view.Addr())
	t.Num("assigns", w.assigns)
	t.Num("goid", w.goid)
	t.Num("tid", uint64(w.tid))
	t.Close('}')
}
