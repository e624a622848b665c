# SPDX-License-Identifier: Apache-2.0
"""kill -9 of mapprobe, at any moment: the target goes on, and nothing of mapprobe is left.

Neither in the kernel nor in the target's code: the guard process, which holds the probes, takes
them out when mapprobe is gone.
"""

import os
import random
import signal
import time
from pathlib import Path

import pytest
from harness import (FAILED, NEWEST, VERSIONS, bpf_leftovers, bpf_objects, changed_code,
                     load_json)

TIMES = 10  # for each version


def code_is_clean(t):
    """The guard notices at once and takes tens of milliseconds; a busy machine longer."""
    for _ in range(100):
        if changed_code(t.pid, t.path) == 0:
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize("version", VERSIONS)
def test_target_survives(target, attach, version):
    moments = random.Random(version)  # the same ones in every run
    before = bpf_objects()
    t = target(version, "churn", "-d", "1h")
    t.go()
    for i in range(TIMES):
        a = attach(t.pid, "--max-overhead", "none" if i % 2 else "1%")
        if i % 3:  # while it gets ready; else when it is
            time.sleep(moments.uniform(0, 1))
        else:
            a.wait_armed()
            time.sleep(moments.uniform(0, 0.3))
        a.proc.send_signal(signal.SIGKILL)
        assert a.wait() == -signal.SIGKILL
        assert t.alive(), t.errors()
        assert code_is_clean(t)
    assert not bpf_leftovers(before)
    truth, status = t.terminate()
    assert status == 0, t.errors()
    assert truth["rounds"] > 0


def guard_of(pid):
    """The child of mapprobe that holds the probes."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return next(int(c) for c in children
                if Path(f"/proc/{c}/comm").read_text().strip() == "mapprobe-guard")


@pytest.mark.parametrize("overhead", ["none", "1%"])
def test_guard_is_killed(target, attach, tmp_path, overhead):
    """It is noticed at once, said, and what was seen is written."""
    t = target(NEWEST, "churn", "-d", "1h")
    t.go()
    a = attach(t.pid, "--max-overhead", overhead, "-o", tmp_path / "out").wait_armed()
    os.kill(guard_of(a.proc.pid), signal.SIGKILL)
    assert a.wait() == FAILED
    assert "guard" in a.err
    summary = load_json(tmp_path / "out" / "summary.json")
    assert summary["ended"] == "error" and summary["complete"]
    assert t.alive(), t.errors()


def test_a_stopped_mapprobe_leaves_no_window_open(target, attach):
    """^Z in the middle of a window, caught by trying: the hot sites are disarmed all the same."""
    t = target(NEWEST, "churn", "-d", "1h")
    t.go()
    a = attach(t.pid, "-e", "map", "--max-overhead", "100%").wait_armed()
    end, open_windows = time.monotonic() + 60, 0
    while open_windows < 2 and time.monotonic() < end:
        a.proc.send_signal(signal.SIGSTOP)
        armed = changed_code(t.pid, t.path)
        if armed > 1:  # more than the one that is always armed
            open_windows += 1
            time.sleep(0.5)
            assert changed_code(t.pid, t.path) <= 1
        a.proc.send_signal(signal.SIGCONT)
        time.sleep(0.002)
    assert open_windows == 2
    assert a.stop() == 0


def test_probes_are_seen_in_the_code(target, attach):
    """What these tests rely on: while mapprobe is attached, the code differs."""
    t = target(VERSIONS[-1], "churn", "-d", "1h")
    t.go()
    assert changed_code(t.pid, t.path) == 0
    a = attach(t.pid, "--max-overhead", "none").wait_armed()
    assert changed_code(t.pid, t.path) > 10
    assert a.stop() == 0
    assert changed_code(t.pid, t.path) == 0
