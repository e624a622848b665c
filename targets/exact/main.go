// SPDX-License-Identifier: Apache-2.0

// exact does a known number of map operations of every kind and prints that number.
//
// Each of 8 goroutines has its own maps: one of -n keys for every kind of key, and some small ones.
// It inserts all keys, writes half of them again, deletes a quarter and some that are not there;
// every second goroutine then clears its maps and inserts a quarter again. One more map of each
// goroutine has all its keys replaced again and again: classic maps then grow to the same size to be
// rid of overflow buckets, Swiss maps to be rid of tombstones. Nothing else in the process uses a map
// between the two go-aheads, and no map is freed before the second.
package main

import (
	"flag"
	"runtime"
	"slices"
	"time"

	"mapprobe.test/targets/internal/stage"
)

const (
	goroutines = 8
	absent     = 10 // keys that are deleted without being there
	smallMaps  = 16 // maps of 1 to smallMaps keys, of each goroutine

	// The keys of a map whose keys change all the time: so many at once, so often.
	rotateKeys   = 200
	rotateRounds = 40
)

func main() {
	n := flag.Int("n", 2000, "keys of each large map, a multiple of 4")
	linger := flag.Duration("linger", 0, "stay so long after the second go-ahead")
	flag.Parse()
	if *n < 64 || *n%4 != 0 {
		stage.Fail("exact: -n must be a multiple of 4, at least 64")
	}
	workers := make([][]*subject, goroutines)
	for i := range workers {
		workers[i] = newSubjects(*n)
	}
	stage.Ready()

	done := make(chan struct{})
	for i, w := range workers {
		go func() {
			for _, s := range w {
				s.run(i%2 == 1)
			}
			done <- struct{}{}
		}()
	}
	for range workers {
		<-done
	}
	report(*n, slices.Concat(workers...))
	stage.Wait()
	time.Sleep(*linger)
	runtime.KeepAlive(workers)
}

func newSubjects(n int) (ret []*subject) {
	for kind := range makers {
		ret = append(ret, newSubject(kind, n))
	}
	for i := range smallMaps {
		ret = append(ret, newSubject(i%len(makers), i+1))
	}
	s := newSubject(rotateKind, rotateKeys*rotateRounds)
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
