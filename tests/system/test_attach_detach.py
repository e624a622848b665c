# SPDX-License-Identifier: Apache-2.0
"""Attach and detach, again and again, on a target under full load whose stacks grow and move."""

import os

import pytest
from harness import (NEWEST, OK, VERSIONS, bpf_leftovers, bpf_objects, changed_code, load_json,
                     mapprobe)

# To one process; the older versions' take a quarter of it.
TIMES = int(os.environ.get("MAPPROBE_TEST_ATTACHES", "200"))


@pytest.mark.parametrize("version", VERSIONS)
def test_target_is_unharmed_and_nothing_is_left(target, version):
    before = bpf_objects()
    t = target(version, "churn", "-d", "1h")
    t.go()
    times = TIMES if version == NEWEST else TIMES // 4
    for i in range(times):
        overhead = "none" if i % 2 else "1%"
        done = mapprobe("attach", "-p", t.pid, "-d", "50ms", "--max-overhead", overhead)
        assert t.alive(), (i, t.wait(), t.errors())
        assert done.returncode == OK, (i, done.stderr)
    assert changed_code(t.pid, t.path) == 0
    truth, status = t.terminate()
    assert status == 0, t.errors()
    assert truth["rounds"] > times
    assert not bpf_leftovers(before)


@pytest.mark.parametrize("version", VERSIONS)
def test_two_at_once(target, attach, tmp_path, version):
    """Both see everything, and the one that leaves takes nothing from the other."""
    t = target(version, "exact")
    first = attach(t.pid, "--max-overhead", "none", "-o", tmp_path / "first").wait_armed()
    second = attach(t.pid, "--max-overhead", "none", "-o", tmp_path / "second").wait_armed()
    brief = mapprobe("attach", "-p", t.pid, "-d", "50ms", "--max-overhead", "none")
    assert brief.returncode == OK, brief.stderr
    t.go()
    truth = t.truth()
    for a in (first, second):
        assert a.stop() == OK, a.err
    assert t.finish() == 0
    for name in ("first", "second"):
        summary = load_json(tmp_path / name / "summary.json")
        assert summary["maps"]["assigns"]["hits"] == truth["assigns"]
        assert summary["loss"]["events"] == 0
