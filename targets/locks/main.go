// SPDX-License-Identifier: Apache-2.0

// locks makes a known number of goroutines wait for a lock and prints how many, and how long.
//
// In every round the lock is taken first, then the waiters are started, and only when the lock's own
// state says that all of them sleep does the holder count -hold and let go: so every waiter waits
// once, and at least that long. What the waiters measured around the call is the most it can be.
package main

import (
	"flag"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"mapprobe.test/targets/internal/stage"
)

const waiters = 4

// waits is what the waiters of one kind measured.
type waits struct {
	kind, fn string
	n        uint64
	sum      atomic.Int64
	done     chan struct{}
}

// join waits for n waiters, through a channel: that uses none of the locks in question.
func (w *waits) join(n int) {
	for range n {
		<-w.done
	}
	w.n += uint64(n)
}

//go:noinline
func waitMutex(mu *sync.Mutex, w *waits) {
	start := time.Now()
	mu.Lock()
	w.sum.Add(int64(time.Since(start)))
	mu.Unlock()
	w.done <- struct{}{}
}

//go:noinline
func waitReader(mu *sync.RWMutex, w *waits) {
	start := time.Now()
	mu.RLock()
	w.sum.Add(int64(time.Since(start)))
	mu.RUnlock()
	w.done <- struct{}{}
}

//go:noinline
func waitWriter(mu *sync.RWMutex, w *waits) {
	start := time.Now()
	mu.Lock()
	w.sum.Add(int64(time.Since(start)))
	mu.Unlock()
	w.done <- struct{}{}
}

//go:noinline
func waitGroup(wg *sync.WaitGroup, w *waits) {
	start := time.Now()
	wg.Wait()
	w.sum.Add(int64(time.Since(start)))
	w.done <- struct{}{}
}

// until polls the 32-bit word at offset off of a lock. It sleeps in between: to yield is not enough
// for the waiters to get to sleep.
func until(lock unsafe.Pointer, off uintptr, ok func(word int32) bool) {
	word := (*int32)(unsafe.Add(lock, off))
	for !ok(atomic.LoadInt32(word)) {
		time.Sleep(100 * time.Microsecond)
	}
}

// Where the locks keep their waiters, Go 1.17 to 1.27: sync.Mutex{state int32; sema uint32},
// waiters from bit 3 of state; sync.RWMutex{w Mutex; writerSem, readerSem uint32; readerCount int32},
// less 1<<30 while a writer waits or holds; sync.WaitGroup{state uint64; sema uint32}, waiters in
// the low half less its uppermost bit (two words in either order before Go 1.20).
const (
	mutexWaiterShift = 3
	readerCountAt    = 16
	maxReaders       = 1 << 30
	groupWaitersMask = 1<<31 - 1
)

func roundMutex(w *waits, hold time.Duration) {
	var mu sync.Mutex
	mu.Lock()
	for range waiters {
		go waitMutex(&mu, w)
	}
	until(unsafe.Pointer(&mu), 0, func(s int32) bool { return s>>mutexWaiterShift == waiters })
	time.Sleep(hold)
	mu.Unlock()
	w.join(waiters)
}

func roundReader(w *waits, hold time.Duration) {
	var mu sync.RWMutex
	mu.Lock()
	for range waiters {
		go waitReader(&mu, w)
	}
	until(unsafe.Pointer(&mu), readerCountAt, func(n int32) bool { return n+maxReaders == waiters })
	time.Sleep(hold)
	mu.Unlock()
	w.join(waiters)
}

func roundWriter(w *waits, hold time.Duration) {
	var mu sync.RWMutex
	mu.RLock()
	go waitWriter(&mu, w)
	until(unsafe.Pointer(&mu), readerCountAt, func(n int32) bool { return n < 0 })
	time.Sleep(hold)
	mu.RUnlock()
	w.join(1)
}

func roundGroup(w *waits, hold time.Duration) {
	var wg sync.WaitGroup
	wg.Add(1)
	for range waiters {
		go waitGroup(&wg, w)
	}
	until(unsafe.Pointer(&wg), 0, func(n int32) bool { return n&groupWaitersMask == waiters })
	time.Sleep(hold)
	wg.Done()
	w.join(waiters)
}

func main() {
	rounds := flag.Int("rounds", 50, "rounds for each kind of lock")
	hold := flag.Duration("hold", 2*time.Millisecond, "how long a lock is held while others wait")
	flag.Parse()
	kinds := []struct {
		waits
		round func(*waits, time.Duration)
	}{
		{waits{kind: "mutex", fn: "main.waitMutex"}, roundMutex},
		{waits{kind: "rwmutex (reader)", fn: "main.waitReader"}, roundReader},
		{waits{kind: "rwmutex (writer)", fn: "main.waitWriter"}, roundWriter},
		{waits{kind: "waitgroup", fn: "main.waitGroup"}, roundGroup},
	}
	stage.Ready()
	for i := range kinds {
		k := &kinds[i]
		k.done = make(chan struct{}, waiters)
		for range *rounds {
			k.round(&k.waits, *hold)
		}
	}
	t := stage.NewTruth("locks")
	t.Open("waits", '[')
	for i := range kinds {
		k := &kinds[i]
		t.Open("", '{')
		t.Str("kind", k.kind)
		t.Str("func", k.fn)
		t.Num("n", k.n)
		t.Num("least_ns", k.n*uint64(*hold))
		t.Num("most_ns", uint64(k.sum.Load()))
		t.Close('}')
	}
	t.Close(']')
	t.Print()
	stage.Wait()
}
