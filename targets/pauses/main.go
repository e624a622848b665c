// SPDX-License-Identifier: Apache-2.0

// pauses stops the world a known number of times, for known reasons, and prints both.
//
// The collector runs only when told to, so that every cycle is one that collect asked for.
package main

import (
	"flag"
	"runtime"
	"runtime/debug"

	"mapprobe.test/targets/internal/stage"
)

type tree struct {
	left, right *tree
}

func grow(depth int) *tree {
	if depth == 0 {
		return &tree{}
	}
	return &tree{grow(depth - 1), grow(depth - 1)}
}

//go:noinline
func collect(n int) {
	for range n {
		runtime.GC()
	}
}

//go:noinline
func readStats(n int) (s runtime.MemStats) {
	for range n {
		runtime.ReadMemStats(&s)
	}
	return s
}

//go:noinline
func setProcs(n, procs int) {
	for i := range n {
		runtime.GOMAXPROCS(procs + 1 + i%2)
	}
}

func main() {
	cycles := flag.Int("cycles", 20, "garbage collections")
	stats := flag.Int("stats", 15, "runtime.ReadMemStats")
	procs := flag.Int("procs", 10, "runtime.GOMAXPROCS")
	flag.Parse()
	debug.SetGCPercent(-1)
	live := grow(17)
	runtime.GC()
	n := runtime.GOMAXPROCS(0)
	before := readStats(1)
	stage.Ready()

	collect(*cycles)
	setProcs(*procs, n)
	after := readStats(*stats)

	t := stage.NewTruth("pauses")
	t.Num("gc_cycles", uint64(after.NumGC-before.NumGC))
	t.Num("gc_pause_ns", after.PauseTotalNs-before.PauseTotalNs)
	t.Num("heap_live_bytes", after.HeapAlloc)
	t.Open("stw", '[')
	stop(t, "GC sweep termination", "main.collect", *cycles)
	stop(t, "GOMAXPROCS", "main.setProcs", *procs)
	stop(t, "read mem stats", "main.readStats", *stats)
	t.Close(']')
	t.Print()
	stage.Wait()
	runtime.KeepAlive(live)
}

func stop(t *stage.Truth, reason, fn string, n int) {
	t.Open("", '{')
	t.Str("reason", reason)
	t.Str("func", fn)
	t.Num("n", uint64(n))
	t.Close('}')
}
