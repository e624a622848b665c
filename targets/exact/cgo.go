// SPDX-License-Identifier: Apache-2.0

package main

// int exact_thread(int i);
import "C"

import "mapprobe.test/targets/internal/stage"

// What C calls in its own words, without a handle.
var current *session

// start makes half of the goroutines calls from threads that C started.
func (s *session) start(i int) {
	if current == nil {
		current = s
	}
	if i%4 < 2 {
		go s.workAs(i)
	} else if status := C.exact_thread(C.int(i)); status != 0 {
		stage.Fail("exact: no thread")
	}
}

// ExactWorkAs is called by the threads of thread.c.
//
//export ExactWorkAs
func ExactWorkAs(i C.int) {
	current.workAs(int(i))
}

// ExactSetUp, ExactWork and ExactTearDown are main, for a main in C.
//
//export ExactSetUp
func ExactSetUp() {
	current = setUp()
}

//export ExactWork
func ExactWork() {
	current.work()
}

//export ExactTearDown
func ExactTearDown() {
	current.tearDown()
}
