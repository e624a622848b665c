// SPDX-License-Identifier: Apache-2.0

//go:build !(go1.26 || (go1.24 && goexperiment.swissmap))

package mapview

import "unsafe"

// header is the head of runtime.hmap (runtime/map.go, Go 1.17 to 1.23).
type header struct {
	count      int
	flags      uint8
	b          uint8 // log2 of the number of buckets
	noverflow  uint16
	hash0      uint32
	buckets    unsafe.Pointer
	oldbuckets unsafe.Pointer
}

const bucketSlots = 8

type seen struct {
	buckets unsafe.Pointer
	b       uint8
}

// Check compares the map with what it was at the last call and notes a growth: every growth gets
// new buckets, and nothing else does once the map has its first. Call it after every insert.
func (v *View) Check() {
	if v.m.buckets == v.seen.buckets {
		return
	}
	if v.seen.buckets != nil {
		kind := "grow"
		if v.m.b == v.seen.b {
			kind = "same-size"
		}
		v.add(kind, bucketSlots<<v.seen.b, bucketSlots<<v.m.b)
	}
	v.seen = seen{v.m.buckets, v.m.b}
}

// Capacity is the number of slots the map has now, those of overflow buckets not counted.
func (v *View) Capacity() uint64 {
	return bucketSlots << v.m.b
}
