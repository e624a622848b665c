// SPDX-License-Identifier: Apache-2.0

// cycles makes the garbage collector run many times, each time with something else different: who
// asks for it (allocation or runtime.GC), GOGC, how much is live, how deep the stacks are, how many
// processors there are. It builds with any Go from 1.17 on.
package main

import (
	"flag"
	"io"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"sync"

	"mapprobe.test/targets/internal/stage"
)

type tree struct {
	left, right *tree
	load        [4]uint64
}

//go:noinline
func grow(depth int) *tree {
	if depth == 0 {
		return &tree{}
	}
	return &tree{left: grow(depth - 1), right: grow(depth - 1)}
}

// live is what survives; a global, so that it is scanned as one.
var live []*tree

// garbage allocates until the collector has run n more times.
//
//go:noinline
func garbage(n uint32) {
	var before, now runtime.MemStats
	runtime.ReadMemStats(&before)
	for now = before; now.NumGC-before.NumGC < n; runtime.ReadMemStats(&now) {
		for i := 0; i < 64; i++ {
			grow(6)
		}
	}
}

// stacks keeps n goroutines on deep stacks until release is closed.
func stacks(n, depth int, release chan struct{}) *sync.WaitGroup {
	var ready, done sync.WaitGroup
	for i := 0; i < n; i++ {
		ready.Add(1)
		done.Add(1)
		go func() {
			defer done.Done()
			descend(depth, func() {
				ready.Done()
				<-release
			})
		}()
	}
	ready.Wait()
	return &done
}

//go:noinline
func descend(depth int, f func()) uint64 {
	var frame [64]uint64
	if depth == 0 {
		f()
		return 0
	}
	frame[depth%64] = uint64(depth)
	return descend(depth-1, f) + frame[(depth+1)%64]
}

// leakChecks is how many cycles looked for leaked goroutines, where there is a profile of them (Go
// 1.27 and later).
var leakChecks uint64

func checkLeaks() {
	if p := pprof.Lookup("goroutineleak"); p != nil {
		p.WriteTo(io.Discard, 0)
		leakChecks++
	}
}

func round(i int, steady bool) {
	debug.SetGCPercent([]int{100, 50, 200}[i%3])
	live = nil
	for k := 0; k < i%5; k++ {
		live = append(live, grow(13))
	}
	release := make(chan struct{})
	done := &sync.WaitGroup{}
	if !steady {
		done = stacks(1+i%8, 200*(i%4), release)
	}
	var workers sync.WaitGroup
	for w := 0; w < 1+i%3; w++ {
		workers.Add(1)
		go func() {
			defer workers.Done()
			garbage(4)
		}()
	}
	workers.Wait()
	runtime.GC()
	if i%7 == 3 {
		checkLeaks()
	}
	close(release)
	done.Wait()
	if i%10 == 9 {
		runtime.GOMAXPROCS(1 + i/10%3)
	}
}

func main() {
	cycles := flag.Uint("cycles", 220, "garbage collections, at least")
	steady := flag.Bool("steady", false, "leave the stacks as they are: 36 of 128 KiB")
	flag.Parse()
	var before, now runtime.MemStats
	release := make(chan struct{})
	defer close(release)
	if *steady {
		stacks(36, 200, release)
	}
	runtime.ReadMemStats(&before)
	stage.Ready()
	for i := 0; now.NumGC < before.NumGC+uint32(*cycles); i++ {
		round(i, *steady)
		runtime.ReadMemStats(&now)
	}
	debug.SetGCPercent(-1)
	runtime.GC() // ends a cycle that may still be going on, and is the last one
	runtime.ReadMemStats(&now)
	t := stage.NewTruth("cycles")
	t.Num("gc_cycles", uint64(now.NumGC-before.NumGC))
	t.Num("forced", uint64(now.NumForcedGC-before.NumForcedGC))
	t.Num("leak_checks", leakChecks)
	t.Print()
	stage.Wait()
}
