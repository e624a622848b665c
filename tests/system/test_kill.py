# SPDX-License-Identifier: Apache-2.0
"""kill -9 of mapprobe, at any moment: the target goes on, and nothing of mapprobe is left.

Neither in the kernel nor in the target's code: the guard process, which holds the probes, takes
them out when mapprobe is gone.
"""

import random
import signal
import time

import pytest
from harness import VERSIONS, bpf_leftovers, bpf_objects, changed_code

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


def test_probes_are_seen_in_the_code(target, attach):
    """What these tests rely on: while mapprobe is attached, the code differs."""
    t = target(VERSIONS[-1], "churn", "-d", "1h")
    t.go()
    assert changed_code(t.pid, t.path) == 0
    a = attach(t.pid, "--max-overhead", "none").wait_armed()
    assert changed_code(t.pid, t.path) > 10
    assert a.stop() == 0
    assert changed_code(t.pid, t.path) == 0
