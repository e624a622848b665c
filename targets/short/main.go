// SPDX-License-Identifier: Apache-2.0

// short writes to a map a known number of times and exits with status 3.
package main

import (
	"syscall"

	"mapprobe.test/targets/internal/stage"
)

const writes = 1000

//go:noinline
func writeShort(m map[uint64]uint64) {
	for i := range uint64(writes) {
		m[i] = i
	}
}

func main() {
	m := make(map[uint64]uint64)
	stage.Ready()
	writeShort(m)
	t := stage.NewTruth("short")
	t.Num("assigns", writes)
	t.Print()
	syscall.Exit(3)
}
