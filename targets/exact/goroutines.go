// SPDX-License-Identifier: Apache-2.0

//go:build !cgo

package main

func (s *session) start(i int) {
	go s.workAs(i)
}
