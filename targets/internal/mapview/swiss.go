// SPDX-License-Identifier: Apache-2.0

//go:build go1.26 || (go1.24 && goexperiment.swissmap)

package mapview

import "unsafe"

// header is the head of internal/runtime/maps.Map (map.go, Go 1.24 to 1.27).
type header struct {
	used   uint64
	seed   uintptr
	dirPtr unsafe.Pointer // dirLen tables; with dirLen 0 one group of 8 slots, or nil
	dirLen int
}

// table is the head of internal/runtime/maps.table (table.go, Go 1.24 to 1.27).
type table struct {
	used, capacity, growthLeft uint16
}

const groupSlots = 8

type seen struct {
	group bool
	dir   []*table
}

// Check compares the map with what it was at the last call and notes a growth. Call it after
// every insert: one insert grows a map at most once.
func (v *View) Check() {
	n := v.m.dirLen
	if n == 0 {
		if !v.seen.group && v.m.dirPtr != nil {
			v.seen.group = true
			v.add("small", 0, groupSlots)
		}
		return
	}
	dir := unsafe.Slice((**table)(v.m.dirPtr), n)
	if !same(dir, v.seen.dir) {
		v.compare(dir)
		v.seen.dir = append([]*table(nil), dir...)
	}
}

// Capacity is the number of slots the map has now.
func (v *View) Capacity() (slots uint64) {
	if v.m.dirPtr == nil {
		return 0
	}
	if v.m.dirLen == 0 {
		return groupSlots
	}
	return capacity(without(unsafe.Slice((**table)(v.m.dirPtr), v.m.dirLen), nil))
}

func (v *View) compare(dir []*table) {
	gone := without(v.seen.dir, dir)
	fresh := without(dir, v.seen.dir)
	switch {
	case len(v.seen.dir) == 0 && len(fresh) == 1:
		v.add("table", groupSlots, capacity(fresh))
	case len(gone) == 1 && len(fresh) == 1:
		v.add("grow", capacity(gone), capacity(fresh))
	case len(gone) == 1 && len(fresh) == 2:
		v.add("split", capacity(gone), capacity(fresh))
	case len(gone) != 0 || len(fresh) != 0:
		panic("mapview: a map grew twice in one insert")
	}
}

func same(a, b []*table) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// without is the tables of a that are not in b, each once: a directory names a table more than
// once, in adjacent places.
func without(a, b []*table) (ret []*table) {
	for i, t := range a {
		if (i == 0 || t != a[i-1]) && !contains(b, t) {
			ret = append(ret, t)
		}
	}
	return ret
}

func contains(a []*table, t *table) bool {
	for _, u := range a {
		if t == u {
			return true
		}
	}
	return false
}

func capacity(tables []*table) (slots uint64) {
	for _, t := range tables {
		slots += uint64(t.capacity)
	}
	return slots
}
