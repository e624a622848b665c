// SPDX-License-Identifier: Apache-2.0

// Package stage keeps a target and whoever drives it in step, and prints the target's truth.
//
// A target prints "ready" and waits for a line on its standard input (its end is fine too) before
// it does what it is for; then it prints one line of JSON and waits for a second line. Between
// these two lines nothing in the process may use a map except the target's own functions, so this
// package uses neither fmt nor encoding/json (they keep maps), nor os (its poller keeps locks).
package stage

import (
	"runtime"
	"strconv"
	"syscall"
)

// Ready says that everything is set up and waits for the go-ahead.
func Ready() {
	write([]byte("ready\n"))
	Wait()
}

// Wait returns when a line, or the end of the input, has been read.
func Wait() {
	var b [1]byte
	for {
		n, err := syscall.Read(0, b[:])
		if err == syscall.EINTR || err == syscall.EAGAIN {
			continue
		}
		if err != nil || n == 0 || b[0] == '\n' {
			return
		}
	}
}

// Fail prints the message on standard error and exits with status 1.
func Fail(msg string) {
	syscall.Write(2, []byte(msg+"\n"))
	syscall.Exit(1)
}

func write(b []byte) {
	for len(b) > 0 {
		n, err := syscall.Write(1, b)
		if err == syscall.EINTR || err == syscall.EAGAIN {
			continue
		}
		if err != nil {
			return
		}
		b = b[n:]
	}
}

// Truth is a line of JSON in the making.
type Truth struct {
	b []byte
}

// NewTruth starts the line with the target's name and the Go version.
func NewTruth(target string) *Truth {
	t := &Truth{b: make([]byte, 0, 1<<16)}
	t.Open("", '{')
	t.Str("target", target)
	t.Str("go", runtime.Version())
	return t
}

func (t *Truth) name(name string) {
	if n := len(t.b); n > 0 && t.b[n-1] != '{' && t.b[n-1] != '[' {
		t.b = append(t.b, ',')
	}
	if name != "" {
		t.b = strconv.AppendQuote(t.b, name)
		t.b = append(t.b, ':')
	}
}

// Open begins an object ('{') or an array ('['); name is "" inside an array.
func (t *Truth) Open(name string, bracket byte) {
	t.name(name)
	t.b = append(t.b, bracket)
}

// Close ends what Open began with its closing bracket.
func (t *Truth) Close(bracket byte) {
	t.b = append(t.b, bracket)
}

func (t *Truth) Num(name string, v uint64) {
	t.name(name)
	t.b = strconv.AppendUint(t.b, v, 10)
}

// Str appends a string of printable ASCII.
func (t *Truth) Str(name, v string) {
	t.name(name)
	t.b = strconv.AppendQuote(t.b, v)
}

// Addr appends an address as a string, "0xc000012345".
func (t *Truth) Addr(name string, v uintptr) {
	t.name(name)
	t.b = append(t.b, `"0x`...)
	t.b = strconv.AppendUint(t.b, uint64(v), 16)
	t.b = append(t.b, '"')
}

// Print ends the line and writes it.
func (t *Truth) Print() {
	t.Close('}')
	t.b = append(t.b, '\n')
	write(t.b)
}
