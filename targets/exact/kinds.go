// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strconv"

	"mapprobe.test/targets/internal/mapview"
)

// Each kind of key has functions of its own, so that a profile can be checked by function: all never
// inlined, except touch, which always is, into update. The runtime function that the compiler makes
// of each is in the table below, and mapclear of the loops in clear (Go before 1.21 has no other way
// to say that); the system tests check all of it against the disassembly.
//
//	kind     assignment            deletion
//	Uint32   mapassign_fast32      mapdelete_fast32
//	Uint64   mapassign_fast64      mapdelete_fast64
//	Pointer  mapassign_fast64ptr   mapdelete_fast64
//	String   mapassign_faststr     mapdelete_faststr
//	Struct   mapassign             mapdelete

type payload struct {
	n    uint64
	next *payload
}

type node struct {
	id uint64
}

type point struct {
	x, y uint64
}

// Maps are made where they escape: the runtime gives a map that stays on the stack its first group
// there, without a growth.

//go:noinline
func newUint32() map[uint32]uint64 { return make(map[uint32]uint64) }

//go:noinline
func newUint64() map[uint64]*payload { return make(map[uint64]*payload) }

//go:noinline
func newPointer() map[*node]uint64 { return make(map[*node]uint64) }

//go:noinline
func newString() map[string]*payload { return make(map[string]*payload) }

//go:noinline
func newStruct() map[point]uint32 { return make(map[point]uint32) }

//go:noinline
func writeUint32(m map[uint32]uint64, keys []uint32, v *mapview.View) {
	for i, k := range keys {
		m[k] = uint64(i)
		v.Check()
	}
}

//go:noinline
func writeUint64(m map[uint64]*payload, keys []uint64, v *mapview.View) {
	for i, k := range keys {
		m[k] = &payload{n: uint64(i)}
		v.Check()
	}
}

//go:noinline
func writePointer(m map[*node]uint64, keys []*node, v *mapview.View) {
	for i, k := range keys {
		m[k] = uint64(i)
		v.Check()
	}
}

//go:noinline
func writeString(m map[string]*payload, keys []string, v *mapview.View) {
	for i, k := range keys {
		m[k] = &payload{n: uint64(i)}
		v.Check()
	}
}

//go:noinline
func writeStruct(m map[point]uint32, keys []point, v *mapview.View) {
	for i, k := range keys {
		m[k] = uint32(i)
		v.Check()
	}
}

func touchUint32(m map[uint32]uint64, k uint32) { m[k]++ }

//go:noinline
func updateUint32(m map[uint32]uint64, keys []uint32) {
	for _, k := range keys {
		touchUint32(m, k)
	}
}

func touchUint64(m map[uint64]*payload, k uint64) { m[k] = nil }

//go:noinline
func updateUint64(m map[uint64]*payload, keys []uint64) {
	for _, k := range keys {
		touchUint64(m, k)
	}
}

func touchPointer(m map[*node]uint64, k *node) { m[k] += 2 }

//go:noinline
func updatePointer(m map[*node]uint64, keys []*node) {
	for _, k := range keys {
		touchPointer(m, k)
	}
}

func touchString(m map[string]*payload, k string) { m[k] = nil }

//go:noinline
func updateString(m map[string]*payload, keys []string) {
	for _, k := range keys {
		touchString(m, k)
	}
}

func touchStruct(m map[point]uint32, k point) { m[k] ^= 1 }

//go:noinline
func updateStruct(m map[point]uint32, keys []point) {
	for _, k := range keys {
		touchStruct(m, k)
	}
}

//go:noinline
func deleteUint32(m map[uint32]uint64, keys []uint32) {
	for _, k := range keys {
		delete(m, k)
	}
}

//go:noinline
func deleteUint64(m map[uint64]*payload, keys []uint64) {
	for _, k := range keys {
		delete(m, k)
	}
}

//go:noinline
func deletePointer(m map[*node]uint64, keys []*node) {
	for _, k := range keys {
		delete(m, k)
	}
}

//go:noinline
func deleteString(m map[string]*payload, keys []string) {
	for _, k := range keys {
		delete(m, k)
	}
}

//go:noinline
func deleteStruct(m map[point]uint32, keys []point) {
	for _, k := range keys {
		delete(m, k)
	}
}

//go:noinline
func clearUint32(m map[uint32]uint64) {
	for k := range m {
		delete(m, k)
	}
}

//go:noinline
func clearUint64(m map[uint64]*payload) {
	for k := range m {
		delete(m, k)
	}
}

//go:noinline
func clearPointer(m map[*node]uint64) {
	for k := range m {
		delete(m, k)
	}
}

//go:noinline
func clearString(m map[string]*payload) {
	for k := range m {
		delete(m, k)
	}
}

//go:noinline
func clearStruct(m map[point]uint32) {
	for k := range m {
		delete(m, k)
	}
}

// subject is one map with its keys, whatever their kind. The functions take a range of keys.
type subject struct {
	kind   int // index into kindNames
	n      int // keys that are ever in the map; some more are only deleted
	view   *mapview.View
	write  func(from, to int)
	update func(from, to int)
	remove func(from, to int)
	clear  func()
	length func() int

	rotating bool

	// What was done so far, in calls of the runtime.
	writes, updates, deletes, clears uint64
}

const rotateKind = 1 // Uint64

var kindNames = [...]string{"Uint32", "Uint64", "Pointer", "String", "Struct"}

// makers, in the order of kindNames, make a subject with n keys.
var makers = [...]func(n int) *subject{makeUint32, makeUint64, makePointer, makeString, makeStruct}

func makeUint32(n int) *subject {
	m, keys := newUint32(), make([]uint32, n)
	for i := range keys {
		keys[i] = uint32(i) * 2654435761
	}
	v := mapview.Of(m)
	return &subject{
		view:   v,
		write:  func(from, to int) { writeUint32(m, keys[from:to], v) },
		update: func(from, to int) { updateUint32(m, keys[from:to]) },
		remove: func(from, to int) { deleteUint32(m, keys[from:to]) },
		clear:  func() { clearUint32(m) },
		length: func() int { return len(m) },
	}
}

func makeUint64(n int) *subject {
	m, keys := newUint64(), make([]uint64, n)
	for i := range keys {
		keys[i] = uint64(i) * 0x9e3779b97f4a7c15
	}
	v := mapview.Of(m)
	return &subject{
		view:   v,
		write:  func(from, to int) { writeUint64(m, keys[from:to], v) },
		update: func(from, to int) { updateUint64(m, keys[from:to]) },
		remove: func(from, to int) { deleteUint64(m, keys[from:to]) },
		clear:  func() { clearUint64(m) },
		length: func() int { return len(m) },
	}
}

func makePointer(n int) *subject {
	m, keys := newPointer(), make([]*node, n)
	for i := range keys {
		keys[i] = &node{uint64(i)}
	}
	v := mapview.Of(m)
	return &subject{
		view:   v,
		write:  func(from, to int) { writePointer(m, keys[from:to], v) },
		update: func(from, to int) { updatePointer(m, keys[from:to]) },
		remove: func(from, to int) { deletePointer(m, keys[from:to]) },
		clear:  func() { clearPointer(m) },
		length: func() int { return len(m) },
	}
}

func makeString(n int) *subject {
	m, keys := newString(), make([]string, n)
	for i := range keys {
		keys[i] = "key-" + strconv.Itoa(i)
	}
	v := mapview.Of(m)
	return &subject{
		view:   v,
		write:  func(from, to int) { writeString(m, keys[from:to], v) },
		update: func(from, to int) { updateString(m, keys[from:to]) },
		remove: func(from, to int) { deleteString(m, keys[from:to]) },
		clear:  func() { clearString(m) },
		length: func() int { return len(m) },
	}
}

func makeStruct(n int) *subject {
	m, keys := newStruct(), make([]point, n)
	for i := range keys {
		keys[i] = point{uint64(i), ^uint64(i)}
	}
	v := mapview.Of(m)
	return &subject{
		view:   v,
		write:  func(from, to int) { writeStruct(m, keys[from:to], v) },
		update: func(from, to int) { updateStruct(m, keys[from:to]) },
		remove: func(from, to int) { deleteStruct(m, keys[from:to]) },
		clear:  func() { clearStruct(m) },
		length: func() int { return len(m) },
	}
}
