// SPDX-License-Identifier: Apache-2.0

package main

import (
	"math/bits"
	"time"
)

// histogram counts times in buckets, eight for every power of two.
type histogram [64 * 8]uint64

func (h *histogram) add(d time.Duration) {
	h[bucket(uint64(d))]++
}

func bucket(ns uint64) int {
	if ns < 8 {
		return int(ns)
	}
	exp := bits.Len64(ns) - 4 // ns>>exp is 8..15
	return 8*(exp+1) + int(ns>>exp&7)
}

// limit is the first time past bucket i.
func limit(i int) uint64 {
	if i < 8 {
		return uint64(i) + 1
	}
	return uint64(8+i%8+1) << (i/8 - 1)
}

func (h *histogram) merge(o *histogram) {
	for i, n := range o {
		h[i] += n
	}
}

// quantile is an upper limit of quantile q.
func (h *histogram) quantile(q float64) uint64 {
	var all, seen uint64
	for _, n := range h {
		all += n
	}
	for i, n := range h {
		seen += n
		if n > 0 && float64(seen) >= q*float64(all) {
			return limit(i)
		}
	}
	return 0
}
