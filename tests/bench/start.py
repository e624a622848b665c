# SPDX-License-Identifier: Apache-2.0
"""How long from starting a tracer to the first event it has seen, and how much memory it takes: on
a binary of more than 100 MB and on a small one."""

import os
import re
import shutil
import struct
import subprocess
import time
from pathlib import Path
from statistics import median

import bigprogram
from bench import BUILD, GO, MAPPROBE, TARGETS, Running, table

ROUNDS = 9
HIT = 1  # ABI_HIT, bpf/abi.h
BPFTRACE = "uprobe:{exe}:runtime.mapassign_fast{key} {{ printf(\"%llu\\n\", nsecs); exit(); }}"


def build_big():
    source, binary = BUILD / "big-src", BUILD / "big"
    if not binary.exists():
        source.mkdir(parents=True, exist_ok=True)
        bigprogram.write(source)
        subprocess.run([GO, "build", "-o", binary, "."], cwd=source, check=True,
                       env={**os.environ, "GOFLAGS": "-mod=mod", "GOWORK": "off"})
    assert binary.stat().st_size > 100e6
    return binary


def first_hit_ns(recording):
    """CLOCK_MONOTONIC of the first hit in a recording (user/record/layout.h), or None."""
    data, at, times = recording.read_bytes(), 16, []
    while at + 16 <= len(data):
        _, size = struct.unpack_from("<II", data, at)
        frame, at = at + 16, at + 16 + size
        while frame + 8 <= at:
            kind, length = struct.unpack_from("<II", data, frame)
            if kind == HIT:
                times.append(struct.unpack_from("<Q", data, frame + 8)[0])
            frame += (length + 7) // 8 * 8
    return min(times, default=None)


def private_bytes(pid):
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return 1024 * sum(int(n) for n in re.findall(r"^Private_\w+:\s+(\d+) kB", text, re.M))


def one_mapprobe(pid, options):
    """(ms to "attached", ms to the first event, peak MB of mapprobe, MB of its guard alone)"""
    recording = BUILD / "start.recording"
    recording.unlink(missing_ok=True)
    start = time.monotonic_ns()
    p = subprocess.Popen([MAPPROBE, "attach", "-p", str(pid), "-d", "1s", "--record", recording,
                          *options], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    assert "attached" in p.stderr.readline()
    attached = time.monotonic_ns()
    guard = Path(f"/proc/{p.pid}/task/{p.pid}/children").read_text().split()[0]
    guard_bytes = private_bytes(guard)
    p.stderr.read()
    _, status, usage = os.wait4(p.pid, 0)
    assert status == 0
    first = first_hit_ns(recording)
    return ((attached - start) / 1e6, first and (first - start) / 1e6, usage.ru_maxrss / 1024,
            guard_bytes / 2**20)


def one_bpftrace(exe, key, pid):
    start = time.monotonic_ns()
    p = subprocess.Popen(["timeout", "10", "bpftrace", "-p", str(pid), "-e",
                          BPFTRACE.format(exe=exe, key=key)],
                         stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    lines = [line for line in p.stdout if line.strip().isdigit()]
    _, status, usage = os.wait4(p.pid, 0)
    if status or not lines:
        return None
    return None, (int(lines[0]) - start) / 1e6, usage.ru_maxrss / 1024, None


def peers(exe, key, pid):
    yield "mapprobe", lambda: one_mapprobe(pid, [])
    yield "mapprobe --max-overhead none", lambda: one_mapprobe(pid, ["--max-overhead", "none"])
    if shutil.which("bpftrace"):
        yield "bpftrace, one uprobe", lambda: one_bpftrace(exe, key, pid)


def middle(values):
    return f"{median(values):.0f}" if None not in values else "-"


def run():
    rows = []
    for exe, key, *args in ((build_big(), "64"), (TARGETS / "go1.26" / "store", "str", "-d", "1h")):
        with Running(exe, *args) as pid:
            found = {name: [] for name, _ in peers(exe, key, pid)}
            for _ in range(ROUNDS):
                for name, one in peers(exe, key, pid):
                    found[name].append(one())
        size = f"{exe.stat().st_size / 1e6:.0f} MB"
        for name, results in found.items():
            if None in results:
                rows.append([size, name, "could not be run", "", "", ""])
            else:
                rows.append([size, name, *(middle(column) for column in zip(*results))])
    return ("## From start to the first event\n\n"
            f"Medians of {ROUNDS} rounds, interleaved. Time runs from the start of the tracer's\n"
            "process. By default map writes are seen in windows at random moments, so that their\n"
            "first event says nothing. Peak memory counts the ring buffer twice (it is mapped\n"
            "twice: 8 MB, with `none` 32 MB); the guard's is what it does not share.\n\n"
            + table(["binary", "tracer", "attached, ms", "first event, ms", "peak memory, MB",
                     "guard, MB"], rows))
