// SPDX-License-Identifier: Apache-2.0

// race has two goroutines write to one map without a lock until the runtime ends the process:
// "fatal error: concurrent map writes", exit status 2.
//
// Both only write to keys that are there, so that the map never grows and nothing else breaks first.
package main

import (
	"bytes"
	"runtime"
	"strconv"
	"time"

	"mapprobe.test/targets/internal/stage"
)

const keys = 1 << 12

//go:noinline
func writeLeft(m map[uint64]uint64) {
	for i := uint64(0); ; i++ {
		m[i%keys] = i
	}
}

//go:noinline
func writeRight(m map[uint64]uint64) {
	for i := uint64(0); ; i += 3 {
		m[i%keys] = i
	}
}

// goid is the number in "goroutine 17 [running]:".
func goid() uint64 {
	b := make([]byte, 64)
	b = bytes.TrimPrefix(b[:runtime.Stack(b, false)], []byte("goroutine "))
	id, _ := strconv.ParseUint(string(b[:bytes.IndexByte(b, ' ')]), 10, 64)
	return id
}

func main() {
	m := make(map[uint64]uint64)
	for i := range uint64(keys) {
		m[i] = i
	}
	ids, start := make(chan uint64), make(chan struct{})
	t := stage.NewTruth("race")
	t.Str("message", "concurrent map writes")
	t.Open("writers", '[')
	for _, w := range []struct {
		name string
		f    func(map[uint64]uint64)
	}{{"main.writeLeft", writeLeft}, {"main.writeRight", writeRight}} {
		go func() {
			ids <- goid()
			<-start
			w.f(m)
		}()
		t.Open("", '{')
		t.Str("func", w.name)
		t.Num("goid", <-ids)
		t.Close('}')
	}
	t.Close(']')
	stage.Ready()
	t.Print()
	close(start)
	time.Sleep(time.Minute)
	stage.Fail("race: the runtime did not notice")
}
