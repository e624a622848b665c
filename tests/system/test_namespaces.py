# SPDX-License-Identifier: Apache-2.0
"""In PID namespaces the process is the one that was meant, whatever its number is from where."""

import os
import signal

import pytest

from harness import (NEWEST, OK, OWN_PID_NAMESPACE, TARGETS, Attach, Target, child_of, load_json)

@pytest.mark.parametrize("how", [[], ["--perf-events"]], ids=["multi", "perf-events"])
@pytest.mark.parametrize("inside", [False, True], ids=["from-outside", "inside"])
def test_counts_are_exact(tmp_path, inside, how):
    """Another process of the same binary, of the same number in its namespace, does not count."""
    targets = [Target(TARGETS / NEWEST / "exact", prefix=OWN_PID_NAMESPACE) for _ in range(2)]
    pid = child_of(targets[0].pid)
    enter = ["nsenter", "--pid", "--mount", "--target", str(pid)] if inside else []
    a = Attach(tmp_path, 1 if inside else pid, "--max-overhead", "none",
               "-o", tmp_path / "out", *how, prefix=enter)
    try:
        a.wait_armed()
        for t in targets:
            t.go()
        truth = [t.truth() for t in targets][0]
        # nsenter stays in between and does not hand signals on.
        os.kill(child_of(a.proc.pid) if inside else a.proc.pid, signal.SIGINT)
        assert a.wait() == OK, a.err
        summary = load_json(tmp_path / "out" / "summary.json")
        for op in ("assigns", "deletes", "clears", "grows"):
            assert summary["maps"][op]["hits"] == truth[op]
    finally:
        a.close()
        for t in targets:
            t.close()
