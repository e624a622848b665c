# SPDX-License-Identifier: Apache-2.0
"""Recordings that were cut off or damaged: said where, and what comes before is shown.

Every cut and every flipped bit are the unit tests' (record); here is a sample of them, through the
whole of mapprobe.
"""

import json
import random

import pytest
from harness import FAILED, OK, VERSIONS, mapprobe

HEADER = 16


@pytest.fixture
def recording(target, attach, tmp_path):
    t = target(VERSIONS[-1], "short")
    a = attach(t.pid, "--max-overhead", "none", "--record", tmp_path / "good").wait_armed()
    t.go()
    assert a.wait() == OK, a.err
    return tmp_path / "good"


def report(tmp_path, data):
    path = tmp_path / "damaged"
    path.write_bytes(data)
    done = mapprobe("report", path, "-f", "json")
    assert done.returncode in (OK, FAILED), (done.returncode, done.stderr)
    if done.returncode == FAILED:
        assert str(path) in done.stderr
    return done


def test_cut_off(recording, tmp_path):
    data = recording.read_bytes()
    pick = random.Random(1)
    cuts = {*range(0, 2 * HEADER + 8), *(pick.randrange(len(data)) for _ in range(100)),
            *(len(data) - n for n in range(1, 24))}
    for cut in sorted(cuts):
        done = report(tmp_path, data[:cut])
        if cut < HEADER:
            assert done.returncode == FAILED, cut
            continue
        # Between two blocks nothing is damaged; else the block and its offset are named.
        assert done.returncode == OK or "block" in done.stderr, (cut, done.stderr)
        summary = json.loads(done.stdout)
        assert not summary["complete"] and summary["ended"] == "cut off", cut


def test_flipped_bits(recording, tmp_path):
    data = recording.read_bytes()
    pick = random.Random(2)
    bits = {*range(0, 8 * 2 * HEADER, 3), *(pick.randrange(8 * len(data)) for _ in range(150))}
    for bit in sorted(bits):
        damaged = bytearray(data)
        damaged[bit // 8] ^= 1 << bit % 8
        done = report(tmp_path, damaged)
        assert done.returncode == FAILED, f"bit {bit} goes unnoticed"
        if done.stdout:
            json.loads(done.stdout)


def test_rubbish_behind_the_end(recording, tmp_path):
    done = report(tmp_path, recording.read_bytes() + b"more")
    assert done.returncode == FAILED


def test_no_recording_at_all(tmp_path):
    (tmp_path / "text").write_text("this is not one\n" * 10)
    (tmp_path / "empty").write_bytes(b"")
    for path in (tmp_path / "text", tmp_path / "empty", tmp_path / "none", tmp_path):
        done = mapprobe("report", path)
        assert done.returncode == FAILED
        assert str(path) in done.stderr and not done.stdout


def test_newer_version(recording, tmp_path):
    data = bytearray(recording.read_bytes())
    data[8] = 99
    done = report(tmp_path, data)
    assert done.returncode == FAILED and "99" in done.stderr and not done.stdout
