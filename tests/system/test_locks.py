# SPDX-License-Identifier: Apache-2.0
"""Lock waits: as many as the target made, no shorter than it held the lock, no longer than the
waiters themselves measured."""

from harness import OK, functions, pprof_top


def waits_of(summary, function):
    return [w for w in summary["locks"]["list"] if function in functions(w["stack"])]


def test_every_wait(locks):
    assert locks.status == OK, locks.stderr
    for truth in locks.truth["waits"]:
        waits = waits_of(locks.summary, truth["func"])
        assert sum(w["count"] for w in waits) == truth["n"], truth
        assert truth["least_ns"] <= sum(w["sum_ns"] for w in waits) <= truth["most_ns"], truth
        assert all(w["max_ns"] * w["count"] >= w["sum_ns"] for w in waits)


def test_kinds(locks):
    for truth in locks.truth["waits"]:
        kinds = {w["kind"] for w in waits_of(locks.summary, truth["func"])}
        # Before Go 1.24 a WaitGroup waits in the same function as others.
        assert len(kinds) == 1
        if truth["kind"] != "waitgroup" or not locks.truth["go"].startswith("go1.23."):
            assert kinds == {truth["kind"]}


def test_totals(locks):
    listed = locks.summary["locks"]["list"]
    assert locks.summary["locks"]["waits"] == sum(w["count"] for w in listed)
    assert locks.summary["locks"]["wait_ns"] == sum(w["sum_ns"] for w in listed)
    histograms = locks.summary["locks"]["histograms"]
    assert locks.summary["locks"]["waits"] == sum(h["histogram"]["count"] for h in histograms)
    assert locks.summary["loss"] == {"events": 0, "stacks": 0, "unmatched": 0}


def test_pprof_names_the_waiters(locks):
    rows = pprof_top(locks.dir / "locks.pb.gz", "-functions", "-sample_index=contentions")
    cum = {name: n for _, n, name in rows}
    for truth in locks.truth["waits"]:
        assert cum[truth["func"]] == truth["n"]
