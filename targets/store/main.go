// SPDX-License-Identifier: Apache-2.0

// store is a small service's inner life: orders kept in a map behind a lock, written at a steady
// rate, expired in order; a window of statistics that starts anew every second; somebody who reads
// all of it now and then, with the lock held; somebody who asks for memory statistics.
//
// It says at the end how many writes it did and how long it took for them.
package main

import (
	"flag"
	"os"
	"os/signal"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"mapprobe.test/targets/internal/stage"
)

// Order is what the store keeps.
type Order struct {
	ID       string
	Customer uint32
	Lines    []uint64
	Notes    [24]uint64
}

type store struct {
	lock    sync.Locker // a sync.Mutex or a sync.RWMutex
	reader  sync.Locker // the same, for those who only read
	orders  map[string]*Order
	expire  []string // the keys of orders, oldest first
	keep    int
	recent  map[uint32]uint64 // orders by customer, of this second
	assigns uint64
	deletes uint64
}

// put stores an order and forgets the oldest ones.
//
//go:noinline
func (s *store) put(o *Order) {
	s.lock.Lock()
	defer s.lock.Unlock()
	s.orders[o.ID] = o
	s.recent[o.Customer]++
	s.assigns += 2
	s.expire = append(s.expire, o.ID)
	for len(s.expire) > s.keep {
		delete(s.orders, s.expire[0])
		s.expire = s.expire[1:]
		s.deletes++
	}
}

// newWindow starts the statistics of the next second.
//
//go:noinline
func (s *store) newWindow() {
	s.lock.Lock()
	defer s.lock.Unlock()
	s.recent = make(map[uint32]uint64)
}

// total walks over a part of the orders: long enough for the writers to queue up.
//
//go:noinline
func (s *store) total() (sum uint64) {
	s.reader.Lock()
	defer s.reader.Unlock()
	n := 0
	for _, o := range s.orders {
		sum += o.Lines[0]
		if n++; n == 5000 {
			break
		}
	}
	return sum
}

// handle makes n orders and stores them. Two map writes each.
func (s *store) handle(n int, next *atomic.Uint64, h *histogram) {
	for range n {
		id := next.Add(1)
		o := &Order{
			ID:       "order-" + strconv.FormatUint(id, 10),
			Customer: uint32(id*2654435761) % 20000,
			Lines:    make([]uint64, 8+id%24),
		}
		o.Lines[0] = id
		start := time.Now()
		s.put(o)
		h.add(time.Since(start))
	}
}

// serve keeps to the rate: every millisecond it makes up what is due.
func (s *store) serve(rate float64, next *atomic.Uint64, h *histogram, stop <-chan struct{}) {
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	start, done := time.Now(), 0
	for {
		select {
		case <-stop:
			return
		case now := <-tick.C:
			due := int(now.Sub(start).Seconds() * rate)
			s.handle(due-done, next, h)
			done = due
		}
	}
}

// every calls f until it is told to stop.
func every(d time.Duration, stop <-chan struct{}, f func()) {
	tick := time.NewTicker(d)
	defer tick.Stop()
	for {
		select {
		case <-stop:
			return
		case <-tick.C:
			f()
		}
	}
}

//go:noinline
func metrics() {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
}

func newStore(rw bool, keep int) *store {
	s := &store{
		orders: make(map[string]*Order),
		recent: make(map[uint32]uint64),
		keep:   keep,
	}
	if rw {
		mu := new(sync.RWMutex)
		s.lock, s.reader = mu, mu.RLocker()
	} else {
		mu := new(sync.Mutex)
		s.lock, s.reader = mu, mu
	}
	return s
}

func main() {
	d := flag.Duration("d", time.Minute, "how long; SIGTERM ends it earlier")
	rate := flag.Float64("rate", 50000, "map writes a second")
	servers := flag.Int("servers", 8, "goroutines that write")
	keep := flag.Int("keep", 40000, "orders to keep")
	rw := flag.Bool("rw", false, "use a sync.RWMutex instead of a sync.Mutex")
	flag.Parse()
	s := newStore(*rw, *keep)
	var next atomic.Uint64
	var all sync.WaitGroup
	stop, terminate := make(chan struct{}), make(chan os.Signal, 1)
	signal.Notify(terminate, syscall.SIGTERM, syscall.SIGINT)
	start := func(f func()) {
		all.Add(1)
		go func() {
			defer all.Done()
			f()
		}()
	}
	stage.Ready()
	begin := time.Now()
	histograms := make([]histogram, *servers)
	for i := range histograms {
		start(func() { s.serve(*rate/2/float64(*servers), &next, &histograms[i], stop) })
	}
	start(func() { every(time.Second, stop, s.newWindow) })
	start(func() { every(200*time.Millisecond, stop, func() { s.total() }) })
	start(func() { every(2*time.Second, stop, metrics) })
	select {
	case <-terminate:
	case <-time.After(*d):
	}
	close(stop)
	all.Wait()
	report(s, time.Since(begin), histograms)
}

func report(s *store, took time.Duration, histograms []histogram) {
	var h histogram
	for i := range histograms {
		h.merge(&histograms[i])
	}
	t := stage.NewTruth("store")
	t.Num("duration_ns", uint64(took))
	t.Num("assigns", s.assigns)
	t.Num("deletes", s.deletes)
	t.Num("length", uint64(len(s.orders)))
	t.Num("p50_ns", h.quantile(0.50))
	t.Num("p99_ns", h.quantile(0.99))
	t.Print()
}
