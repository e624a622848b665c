# SPDX-License-Identifier: Apache-2.0
"""stat and gctrace.txt, beside the lines that GODEBUG=gctrace=1 makes the same process print."""

import itertools
import re
import subprocess
from types import SimpleNamespace

import pytest
from harness import (BUILD, NEWEST, NOT_GO, OK, Attach, Target, build_old, load_json, mapprobe,
                     until)

VERSIONS = ["1.19.13", "1.22.12", "1.24.4", "1.26.8", "1.27.3"]
CYCLES = 200
LEAKS = " (checking for goroutine leaks)"


def build(version, stripped):
    directory = BUILD / "stat" / f"go{version}"
    directory.mkdir(parents=True, exist_ok=True)
    build_old(version, "cycles", directory / "unstripped")
    if not stripped:
        return directory / "unstripped"
    subprocess.run(["strip", "-o", directory / "stripped", directory / "unstripped"], check=True)
    return directory / "stripped"


def told(text):
    """mapprobe's lines without its own remarks."""
    return [line for line in text.splitlines() if not line.startswith("#")]


def run(directory, binary, *args):
    """One target, observed by stat and by attach at once."""
    t = Target(binary, "-cycles", CYCLES, *args, env={"GODEBUG": "gctrace=1"})
    observers = []
    try:
        for command in ("stat", "attach"):
            (directory / command).mkdir()
            args = ["-e", "gc", "-o", directory / "out", "--record", directory / "recording"]
            observers.append(Attach(directory / command, t.pid,
                                    *(args if command == "attach" else []), command=command))
        stat, attach = observers
        attach.wait_armed()
        until("stat is there", lambda: stat.out.startswith("# mapprobe stat"))
        before = len(t.errors().splitlines())
        t.go()
        truth = t.truth()
        # What the target printed is there; what stat saw of it comes within its polling time.
        until("the last line", lambda: len(told(stat.out)) >= truth["gc_cycles"], 5)
        statuses = [o.stop() for o in observers]
        assert t.finish() == 0
        return SimpleNamespace(truth=truth, statuses=statuses, stat=stat.out, stat_err=stat.err,
                               runtime=t.errors().splitlines()[before:], dir=directory)
    finally:
        for o in observers:
            o.close()
        t.close()


@pytest.fixture(scope="module", params=itertools.product(VERSIONS, (False, True)),
                ids=lambda p: f"{p[0]}-{'stripped' if p[1] else 'unstripped'}")
def session(request, tmp_path_factory):
    """Go 1.19 prints how large the stacks are when it prints (maxStackScan, which whoever grows one
    adds to); later ones how large they were in the cycle (lastStackScan)."""
    version, stripped = request.param
    minor = int(version.split(".")[1])
    done = run(tmp_path_factory.mktemp("stat"), build(version, stripped),
               *(["-steady"] if minor == 19 else []))
    assert done.truth["go"] == f"go{version}"
    done.minor = minor
    return done


def comparable(session, lines):
    """Up to Go 1.19 userForced is written by whoever asks for the next cycle (runtime/mgc.go,
    gcStart, before it has gcsema): the runtime's own "(forced)" may be that one's."""
    return [line.removesuffix(" (forced)") for line in lines] if session.minor < 20 else lines


def test_lines_are_the_runtimes(session):
    assert session.statuses == [OK, OK], session.stat_err
    lines = told(session.stat)
    assert len(lines) == session.truth["gc_cycles"] >= CYCLES
    assert comparable(session, lines) == comparable(session, session.runtime)


def test_the_lines_have_something_to_say(session):
    """So that equal is not equally empty."""
    lines = told(session.stat)
    if session.minor >= 20:
        assert sum(line.endswith(" (forced)") for line in lines) == session.truth["forced"]
        assert 0 < session.truth["forced"] < len(lines)
    assert sum(LEAKS in line for line in lines) == session.truth["leak_checks"]
    assert (session.truth["leak_checks"] > 0) == (session.minor >= 27)
    shape = re.compile(r"gc \d+ @[\d.]+s \d+%[^:]*: [\d.+]+ ms clock, ([\d.]+)\+([\d.]+)/([\d.]+)/"
                       r"([\d.]+)\+([\d.]+) ms cpu, (\d+)->(\d+)->(\d+) MB, (\d+) MB goal, "
                       r"(\d+) MB stacks, \d+ MB globals, (\d+) P( \(forced\))?$")
    *fields, stacks, procs = zip(*(shape.match(line).groups()[:11] for line in lines))
    for values in (*fields, procs):
        assert len(set(values)) > 1
    assert set(stacks) > {"0", "1"} if session.minor > 19 else set(stacks) == {"4"}


def test_attach_writes_the_same(session):
    lines = (session.dir / "out/gctrace.txt").read_text().splitlines()
    assert lines == told(session.stat)
    cycles = load_json(session.dir / "out/summary.json")["gc"]["cycles"]
    assert [c["gctrace"]["line"] for c in cycles] == lines


def test_report_writes_the_same(session, tmp_path):
    done = mapprobe("report", session.dir / "recording", "-o", tmp_path)
    assert done.returncode == OK, done.stderr
    assert (tmp_path / "gctrace.txt").read_text().splitlines() == told(session.stat)


def test_head_and_foot(session):
    lines = session.stat.splitlines()
    assert re.fullmatch(r"# mapprobe stat: pid \d+, go[\d.]+: one probe a GC cycle, about \d+ ns "
                        r"here, and what it takes to read \d+ numbers", lines[0])
    assert re.match(rf"# {session.truth['gc_cycles']} cycles in [\d.]+ s, 0 lost, ", lines[-1])


def test_ends_with_its_time_and_its_target(target, tmp_path):
    t = target(NEWEST, "cycles")
    done = mapprobe("stat", "-p", t.pid, "-d", "200ms")
    assert done.returncode == OK, done.stderr
    assert re.match(r"# 0 cycles in 0\.\d s, 0 lost, ", done.stdout.splitlines()[-1])
    stat = Attach(tmp_path, t.pid, command="stat")
    try:
        until("stat is there", lambda: stat.out.startswith("# mapprobe stat"))
        t.proc.kill()
        assert stat.wait() == OK
    finally:
        stat.close()


def test_not_a_go_process():
    with subprocess.Popen(["sleep", "60"]) as sleep:
        done = mapprobe("stat", "-p", sleep.pid)
        sleep.kill()
    assert done.returncode == NOT_GO and not done.stdout
