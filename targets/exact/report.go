// SPDX-License-Identifier: Apache-2.0

package main

import (
	"sort"

	"mapprobe.test/targets/internal/mapview"
	"mapprobe.test/targets/internal/stage"
)

func report(n int, all []*subject) {
	t := stage.NewTruth("exact")
	t.Num("n", uint64(n))
	t.Num("goroutines", goroutines)
	var sum tally
	for _, s := range all {
		sum.add(s)
	}
	t.Num("assigns", sum.writes+sum.updates)
	t.Num("deletes", sum.deletes)
	t.Num("clears", sum.clears)
	t.Num("grows", sum.grows)
	reportFuncs(t, all)
	reportGrowths(t, all)
	reportMaps(t, all)
	t.Print()
}

type tally struct {
	writes, updates, deletes, clears, grows uint64
}

func (t *tally) add(s *subject) {
	t.writes += s.writes
	t.updates += s.updates
	t.deletes += s.deletes
	t.clears += s.clears
	t.grows += uint64(len(s.view.Growths))
}

// reportFuncs prints what each function of kinds.go did. What update does, it does in touch.
func reportFuncs(t *stage.Truth, all []*subject) {
	t.Open("funcs", '[')
	for kind, name := range kindNames {
		var sum tally
		for _, s := range all {
			if s.kind == kind {
				sum.add(s)
			}
		}
		reportFunc(t, "main.write"+name, "assigns", sum.writes, sum.grows)
		reportFunc(t, "main.touch"+name, "assigns", sum.updates, 0)
		reportFunc(t, "main.delete"+name, "deletes", sum.deletes, 0)
		reportFunc(t, "main.clear"+name, "clears", sum.clears, 0)
	}
	t.Close(']')
}

func reportFunc(t *stage.Truth, name, what string, n, grows uint64) {
	t.Open("", '{')
	t.Str("func", name)
	t.Num(what, n)
	t.Num("grows", grows)
	t.Close('}')
}

// reportGrowths prints every kind of step with how often it was taken.
func reportGrowths(t *stage.Truth, all []*subject) {
	var steps []mapview.Growth
	for _, s := range all {
		steps = append(steps, s.view.Growths...)
	}
	sort.Slice(steps, func(i, j int) bool {
		a, b := steps[i], steps[j]
		if a.Old != b.Old {
			return a.Old < b.Old
		}
		if a.New != b.New {
			return a.New < b.New
		}
		return a.Kind < b.Kind
	})
	t.Open("growths", '[')
	for from := 0; from < len(steps); {
		to := from + 1
		for to < len(steps) && steps[to] == steps[from] {
			to++
		}
		reportGrowth(t, steps[from], to-from)
		from = to
	}
	t.Close(']')
}

func reportGrowth(t *stage.Truth, g mapview.Growth, n int) {
	t.Open("", '{')
	t.Str("kind", g.Kind)
	t.Num("old", g.Old)
	t.Num("new", g.New)
	if n > 0 {
		t.Num("n", uint64(n))
	}
	t.Close('}')
}

func reportMaps(t *stage.Truth, all []*subject) {
	t.Open("maps", '[')
	for _, s := range all {
		t.Open("", '{')
		t.Addr("addr", s.view.Addr())
		t.Str("type", s.view.Type)
		t.Num("length", uint64(s.length()))
		t.Num("capacity", s.view.Capacity())
		t.Num("assigns", s.writes+s.updates)
		t.Num("deletes", s.deletes)
		t.Num("clears", s.clears)
		t.Open("growths", '[')
		for _, g := range s.view.Growths {
			reportGrowth(t, g, 0)
		}
		t.Close(']')
		t.Close('}')
	}
	t.Close(']')
}
