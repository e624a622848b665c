// SPDX-License-Identifier: Apache-2.0

// execer writes to a map a known number of times and then becomes another program: the one that its
// arguments name, "/bin/sleep 2" without any.
package main

import (
	"os"
	"syscall"

	"mapprobe.test/targets/internal/stage"
)

const writes = 1000

//go:noinline
func writeExecer(m map[uint64]uint64) {
	for i := range uint64(writes) {
		m[i] = i
	}
}

func main() {
	m := make(map[uint64]uint64)
	next := os.Args[1:]
	if len(next) == 0 {
		next = []string{"/bin/sleep", "2"}
	}
	env := os.Environ()
	stage.Ready()
	writeExecer(m)
	t := stage.NewTruth("execer")
	t.Num("assigns", writes)
	t.Print()
	err := syscall.Exec(next[0], next, env)
	stage.Fail("execer: " + next[0] + ": " + err.Error())
}
