// SPDX-License-Identifier: Apache-2.0

//go:build ignore
// +build ignore

// Prints the structs of the runtime of a Go program, from the program's DWARF as Go's own package
// reads it: type, field (nested ones as outer.inner; none for the type itself), offset, size.
package main

import (
	"bufio"
	"debug/dwarf"
	"debug/elf"
	"fmt"
	"os"
	"strings"
)

const depth = 3 // of nested structs

func unalias(t dwarf.Type) dwarf.Type {
	for {
		td, ok := t.(*dwarf.TypedefType)
		if !ok {
			return t
		}
		t = td.Type
	}
}

func fields(w *bufio.Writer, name, prefix string, base int64, t *dwarf.StructType, level int) {
	for _, f := range t.Field {
		off, typ := base+f.ByteOffset, f.Type
		fmt.Fprintf(w, "%s\t%s%s\t%d\t%d\n", name, prefix, f.Name, off, typ.Size())
		if s, ok := unalias(typ).(*dwarf.StructType); ok && level < depth {
			fields(w, name, prefix+f.Name+".", off, s, level+1)
		}
	}
}

// The struct that an entry is, or a variable of it is.
func structOf(d *dwarf.Data, e *dwarf.Entry) *dwarf.StructType {
	off := e.Offset
	if e.Tag == dwarf.TagVariable {
		off, _ = e.Val(dwarf.AttrType).(dwarf.Offset)
	} else if e.Tag != dwarf.TagStructType {
		return nil
	}
	t, err := d.Type(off)
	if err != nil {
		panic(err)
	}
	s, _ := unalias(t).(*dwarf.StructType)
	return s
}

func main() {
	f, err := elf.Open(os.Args[1])
	if err != nil {
		panic(err)
	}
	d, err := f.DWARF()
	if err != nil {
		panic(err)
	}
	w := bufio.NewWriter(os.Stdout)
	defer w.Flush()
	for r := d.Reader(); ; {
		e, err := r.Next()
		if err != nil {
			panic(err)
		}
		if e == nil {
			return
		}
		name, _ := e.Val(dwarf.AttrName).(string)
		if strings.HasPrefix(name, "runtime.") || strings.HasPrefix(name, "internal/") {
			if t := structOf(d, e); t != nil {
				fmt.Fprintf(w, "%s\t\t0\t%d\n", name, t.Size())
				fields(w, name, "", 0, t, 1)
			}
		}
		if e.Tag != dwarf.TagCompileUnit {
			r.SkipChildren()
		}
	}
}
