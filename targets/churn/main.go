// SPDX-License-Identifier: Apache-2.0

// churn keeps every processor busy with growing stacks and map writes, and checks all it does.
//
// Each round starts a goroutine on a small stack and recurses through frames of different sizes, so
// that the runtime moves the stack again and again while the maps are written to. On the way back
// every frame checks its own bytes, the pointers into the frame above (the runtime has to adjust
// them), and what the maps hold. A wrong one ends the process with status 1; else it ends with 0
// after -d, or on SIGTERM.
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

// round is the state that one recursion drags along. The maps are its own.
type round struct {
	seed    uint64
	numbers map[uint64]uint64
	names   map[string]*uint64
	assigns uint64
	frames  uint64
}

func fail(what string, got, want uint64) {
	stage.Fail("churn: " + what + ": got " + strconv.FormatUint(got, 10) + ", want " +
		strconv.FormatUint(want, 10))
}

func mix(x uint64) uint64 {
	x ^= x >> 33
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	return x
}

// put writes what check expects to find for depth.
//
//go:noinline
func (r *round) put(depth uint64) {
	v := mix(r.seed + depth)
	r.numbers[depth] = v
	r.names[strconv.FormatUint(depth, 36)] = &v
	r.assigns += 2
}

//go:noinline
func (r *round) check(depth uint64) {
	want := mix(r.seed + depth)
	if got := r.numbers[depth]; got != want {
		fail("number of depth "+strconv.FormatUint(depth, 10), got, want)
	}
	got := r.names[strconv.FormatUint(depth, 36)]
	if got == nil || *got != want {
		fail("name of depth "+strconv.FormatUint(depth, 10), 0, want)
	}
}

// descend goes on with a frame of another size. above points into the caller's frame.
func (r *round) descend(depth uint64, above *uint64) {
	want := *above
	r.put(depth)
	r.frames++
	switch {
	case depth == 0:
	case depth%7 == 0:
		r.large(depth - 1)
	case depth%3 == 0:
		r.medium(depth - 1)
	default:
		r.small(depth - 1)
	}
	r.check(depth)
	if *above != want {
		fail("pointer into the frame above", *above, want)
	}
}

//go:noinline
func (r *round) small(depth uint64) {
	var frame [8]uint64
	r.fill(frame[:], depth)
	r.descend(depth, &frame[depth%8])
	r.verify(frame[:], depth)
}

//go:noinline
func (r *round) medium(depth uint64) {
	var frame [64]uint64
	r.fill(frame[:], depth)
	r.descend(depth, &frame[depth%64])
	r.verify(frame[:], depth)
}

//go:noinline
func (r *round) large(depth uint64) {
	var frame [512]uint64
	r.fill(frame[:], depth)
	r.descend(depth, &frame[depth%512])
	r.verify(frame[:], depth)
}

func (r *round) fill(frame []uint64, depth uint64) {
	for i := range frame {
		frame[i] = mix(r.seed ^ depth<<16 ^ uint64(i))
	}
}

func (r *round) verify(frame []uint64, depth uint64) {
	for i, got := range frame {
		if want := mix(r.seed ^ depth<<16 ^ uint64(i)); got != want {
			fail("word "+strconv.Itoa(i)+" of a frame", got, want)
		}
	}
}

// sums is what all workers share, behind a lock that they contend for.
type sums struct {
	sync.Mutex
	byDepth                 map[uint64]uint64
	rounds, assigns, frames uint64
}

func (s *sums) add(r *round, depth uint64) {
	s.Lock()
	defer s.Unlock()
	s.byDepth[depth]++
	s.rounds++
	s.assigns += r.assigns + 1
	s.frames += r.frames
}

// work does at least one round.
func work(worker uint64, all *sums, stop *atomic.Bool) {
	for i := uint64(0); i == 0 || !stop.Load(); i++ {
		r := &round{
			seed:    mix(worker<<32 | i),
			numbers: make(map[uint64]uint64),
			names:   make(map[string]*uint64),
		}
		depth := 20 + r.seed%200
		done := make(chan struct{})
		go func() {
			r.small(depth)
			close(done)
		}()
		<-done
		if got := uint64(len(r.numbers)); got != depth+1 {
			fail("length of the map", got, depth+1)
		}
		all.add(r, depth)
	}
}

func main() {
	d := flag.Duration("d", 10*time.Second, "how long")
	flag.Parse()
	var stop atomic.Bool
	all := &sums{byDepth: make(map[uint64]uint64)}
	terminate := make(chan os.Signal, 1)
	signal.Notify(terminate, syscall.SIGTERM)
	stage.Ready()
	var workers sync.WaitGroup
	for i := range 2 * runtime.GOMAXPROCS(0) {
		workers.Add(1)
		go func() {
			defer workers.Done()
			work(uint64(i), all, &stop)
		}()
	}
	select {
	case <-terminate:
	case <-time.After(*d):
	}
	stop.Store(true)
	workers.Wait()
	var rounds uint64
	for _, n := range all.byDepth {
		rounds += n
	}
	if rounds != all.rounds {
		fail("rounds", rounds, all.rounds)
	}
	t := stage.NewTruth("churn")
	t.Num("rounds", all.rounds)
	t.Num("assigns", all.assigns)
	t.Num("frames", all.frames)
	t.Print()
}
