# SPDX-License-Identifier: Apache-2.0
"""A recording tells what the live session told: to anybody, without root."""

import shutil

from harness import NOBODY, OK, mapprobe


def test_replay_is_the_live_result(exact, public_dir):
    shutil.copy(exact.recording, public_dir / "recording")
    (public_dir / "recording").chmod(0o644)
    binary = public_dir / "mapprobe"
    json = mapprobe("report", public_dir / "recording", "-f", "json", prefix=NOBODY, binary=binary)
    assert json.returncode == OK, json.stderr
    assert json.stdout == (exact.dir / "summary.json").read_text()

    text = mapprobe("report", public_dir / "recording", prefix=NOBODY, binary=binary)
    assert text.returncode == OK, text.stderr
    assert text.stdout == exact.stdout


def test_replay_writes_the_same_files(exact, tmp_path):
    done = mapprobe("report", exact.recording, "-o", tmp_path / "out")
    assert done.returncode == OK, done.stderr
    names = sorted(p.name for p in exact.dir.iterdir())
    assert names == sorted(p.name for p in (tmp_path / "out").iterdir())
    assert {"summary.json", "gctrace.txt", "maps.pb.gz", "locks.pb.gz", "stw.pb.gz"} <= set(names)
    for name in names:
        assert (tmp_path / "out" / name).read_bytes() == (exact.dir / name).read_bytes(), name


def check(session):
    done = mapprobe("report", session.recording, "-f", "json")
    assert done.returncode == OK, done.stderr
    assert done.stdout == (session.dir / "summary.json").read_text()


def test_replay_of_locks(locks):
    check(locks)


def test_replay_of_pauses(pauses):
    check(pauses)
