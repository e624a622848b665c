// SPDX-License-Identifier: Apache-2.0

// Package mapview watches a map's growth from the inside: it reads the map's header, as laid out by
// the runtime this program is built with, and compares it with what it was before.
//
// It is a witness that shares nothing with mapprobe: no symbol, no probe, no offset.
package mapview

import (
	"reflect"
	"unsafe"
)

// Growth is one step of a map's capacity, in slots.
//
// Swiss maps: "small" 0 to 8, "table" 8 to 16, "grow" one table, "split" one table and the two that
// replace it together. Classic maps: "grow", and "same-size" when only overflow buckets went.
type Growth struct {
	Kind     string
	Old, New uint64
}

// View is one map and what was last seen of it.
type View struct {
	Type    string
	Growths []Growth
	m       *header
	seen    seen
}

// Of starts watching m, which must be a map.
func Of(m interface{}) *View {
	v := &View{Type: reflect.TypeOf(m).String(), Growths: make([]Growth, 0, 256)}
	v.m = (*header)((*[2]unsafe.Pointer)(unsafe.Pointer(&m))[1])
	return v
}

// Addr is the address of the map's header.
func (v *View) Addr() uintptr {
	return uintptr(unsafe.Pointer(v.m))
}

func (v *View) add(kind string, from, to uint64) {
	v.Growths = append(v.Growths, Growth{kind, from, to})
}
