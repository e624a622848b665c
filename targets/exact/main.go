// SPDX-License-Identifier: Apache-2.0

// exact does a known number of map operations of every kind and prints that number.
//
// Each of 8 goroutines has its own maps: one of -n keys for every kind of key, and some small ones.
// It inserts all keys, writes half of them again, deletes a quarter and some that are not there;
// every second goroutine then clears its maps and inserts a quarter again. One more map of each
// goroutine has all its keys replaced again and again: classic maps then grow to the same size to be
// rid of overflow buckets, Swiss maps to be rid of tombstones. Nothing else in the process uses a map
// between the two go-aheads, and no map is freed before the second.
//
// With cgo half of the goroutines are calls from threads that C started (cgo.go), and the package
// can be built as a C archive too, for the C program in archive/.
//
// It has to mean the same in Go 1.17 to 1.27: no later syntax, no variable of a loop captured.
package main

import (
	"flag"
	"runtime"
	"time"

	"mapprobe.test/targets/internal/stage"
)

const (
	goroutines = 8
	absent     = 10 // keys that are deleted without being there
	smallMaps  = 16 // maps of 1 to smallMaps keys, of each goroutine

	rotateKeys = 200 // of a map whose keys change all the time
)

// session is one run of the target.
type session struct {
	n       int
	collect bool
	linger  time.Duration
	workers [goroutines][]*subject

	// All are there before one begins, so that a C thread that is done cannot leave its
	// goroutine to another one.
	arrived, begin, done chan struct{}
}

func main() {
	s := setUp()
	s.work()
	s.tearDown()
}

// setUp makes the maps and waits for the first go-ahead.
func setUp() *session {
	n := flag.Int("n", 2000, "keys of each large map, a multiple of 4")
	rotations := flag.Int("rotations", 40, "how often the rotating maps get other keys")
	collect := flag.Bool("gc", false, "collect garbage once, when all is done")
	linger := flag.Duration("linger", 0, "stay so long after the second go-ahead")
	flag.Parse()
	if *n < 64 || *n%4 != 0 {
		stage.Fail("exact: -n must be a multiple of 4, at least 64")
	}
	s := &session{n: *n, collect: *collect, linger: *linger}
	s.arrived, s.begin, s.done = make(chan struct{}), make(chan struct{}), make(chan struct{})
	for i := range s.workers {
		s.workers[i] = newSubjects(*n, *rotations)
	}
	stage.Ready()
	return s
}

// work lets all goroutines do their part.
func (s *session) work() {
	for i := range s.workers {
		s.start(i)
	}
	for range s.workers {
		<-s.arrived
	}
	close(s.begin)
	for range s.workers {
		<-s.done
	}
}

// workAs is one of the goroutines.
func (s *session) workAs(i int) {
	s.arrived <- struct{}{}
	<-s.begin
	for _, m := range s.workers[i] {
		m.run(i%2 == 1)
	}
	s.done <- struct{}{}
}

// tearDown prints the truth and waits for the second go-ahead.
func (s *session) tearDown() {
	if s.collect {
		runtime.GC()
	}
	var all []*subject
	for _, w := range s.workers {
		all = append(all, w...)
	}
	report(s.n, all)
	stage.Wait()
	time.Sleep(s.linger)
	runtime.KeepAlive(s)
}

func newSubjects(n, rotations int) (ret []*subject) {
	for kind := range makers {
		ret = append(ret, newSubject(kind, n))
	}
	for i := 0; i < smallMaps; i++ {
		ret = append(ret, newSubject(i%len(makers), i+1))
	}
	s := newSubject(rotateKind, rotateKeys*rotations)
	s.rotating = true
	return append(ret, s)
}

func newSubject(kind, n int) *subject {
	s := makers[kind](n + absent)
	s.kind, s.n = kind, n
	return s
}

func (s *subject) run(clearing bool) {
	if s.rotating {
		s.rotate()
		return
	}
	s.write(0, s.n)
	s.writes += uint64(s.n)
	if s.n > smallMaps { // up to Go 1.26 an update may grow a full small map
		s.update(0, s.n/2)
		s.updates += uint64(s.n / 2)
	}
	s.remove(s.n/2, s.n/2+s.n/4)
	s.remove(s.n, s.n+absent)
	s.deletes += uint64(s.n/4 + absent)
	if clearing {
		s.clear()
		s.clears++
		s.write(0, s.n/4)
		s.writes += uint64(s.n / 4)
	}
}

func (s *subject) rotate() {
	for from := 0; from < s.n; from += rotateKeys {
		s.write(from, from+rotateKeys)
		s.writes += rotateKeys
		s.remove(from, from+rotateKeys)
		s.deletes += rotateKeys
	}
}
