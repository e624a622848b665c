# SPDX-License-Identifier: Apache-2.0
"""GC cycles and pauses, against what the target asked for, its own runtime's figures, and the lines
that GODEBUG=gctrace=1 makes it print."""

import re
from collections import Counter

from harness import OK, functions


def stack_of(summary, index):
    return functions(summary["stacks"][index]) if index is not None else []


def test_cycles(pauses):
    assert pauses.status == OK, pauses.stderr
    cycles = pauses.summary["gc"]["cycles"]
    assert len(cycles) == pauses.truth["gc_cycles"]
    assert [c["number"] for c in cycles] == list(range(1, len(cycles) + 1))
    for c in cycles:
        assert c["complete"] and c["trigger"] == "cycle"
        assert "main.collect" in stack_of(pauses.summary, c["stack_index"])
        assert c["start_ns"] < c["mark_term_ns"] < c["end_ns"]
        assert 0 < c["stw_ns"] < c["end_ns"] - c["start_ns"]
        assert 0 < c["mark_ns"] < c["end_ns"] - c["start_ns"]
        assert c["workers"] > 0 and c["worker_ns"] > 0


def test_pauses_by_reason_and_stack(pauses):
    stws = pauses.summary["gc"]["stw"]
    got = Counter(s["reason"] for s in stws)
    for truth in pauses.truth["stw"]:
        assert got.pop(truth["reason"]) == truth["n"]
        for s in stws:
            if s["reason"] == truth["reason"]:
                assert truth["func"] in stack_of(pauses.summary, s["stack_index"])
    # It may find that marking is not done and start again, so there may be more of these.
    assert got.pop("GC mark termination") >= pauses.truth["gc_cycles"]
    assert not got


def test_pause_times(pauses):
    """mapprobe's begin before the runtime starts its own clock, and end after it has stopped it."""
    stws = pauses.summary["gc"]["stw"]
    total = sum(s["stopping_ns"] + s["stopped_ns"] for s in stws if s["gc"])
    assert total >= pauses.truth["gc_pause_ns"]
    assert total < pauses.summary["duration_ns"]
    assert all(s["gc"] == s["reason"].startswith("GC ") for s in stws)


def test_gctrace_tells_the_same(pauses):
    lines = re.findall(r"^gc \d+ @.* (\d+)->\d+->\d+ MB,.*$", pauses.target_errors, re.M)
    cycles = pauses.summary["gc"]["cycles"]
    assert len(lines) >= len(cycles)  # those of the set-up come before
    for line, cycle in zip(lines[-len(cycles):], cycles):
        assert abs(int(line) - cycle["heap_start_bytes"] / (1 << 20)) <= 1


def test_lines_of_gctrace(pauses):
    lines = re.findall(r"^gc \d+ @.*$", pauses.target_errors, re.M)
    cycles = pauses.summary["gc"]["cycles"]
    assert [c["gctrace"]["line"] for c in cycles] == lines[-len(cycles):]


def test_nothing_is_lost(pauses):
    assert pauses.summary["loss"] == {"events": 0, "stacks": 0, "unmatched": 0}
