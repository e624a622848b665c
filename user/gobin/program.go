// SPDX-License-Identifier: Apache-2.0

//go:build ignore
// +build ignore

// Uses what the linker would otherwise leave out of a program, and of its DWARF.
package main

import "runtime"

func main() {
	m := map[int]interface{}{1: 2}
	for k, v := range m {
		m[k+len(m)] = v
	}
	delete(m, 1)
	records := make([]runtime.MemProfileRecord, 10)
	runtime.MemProfile(records, true)
	runtime.BlockProfile(nil)
	runtime.MutexProfile(nil)
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	runtime.SetBlockProfileRate(len(m))
}
