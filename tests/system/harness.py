# SPDX-License-Identifier: Apache-2.0
"""What the system tests drive: mapprobe, the bundled targets, and witnesses that are neither."""

import json
import os
import queue
import re
import signal
import struct
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("MAPPROBE_BUILD", ROOT / "build"))
MAPPROBE = BUILD / "mapprobe"
TARGETS = BUILD / "targets"
SOURCES = ROOT / "targets"
CLASSIC, SWISS = ["go1.23"], ["go1.26", "go1.27"]
VERSIONS = CLASSIC + SWISS
NEWEST = VERSIONS[-1]


def toolchain(version):
    """The path of the go command of a version ("1.26.8")."""
    return subprocess.run([SOURCES / "toolchain", version], stdout=subprocess.PIPE, text=True,
                          check=True).stdout.strip()


# The go command for its tools; a distribution's may be too old for the targets.
GO = toolchain("local")
NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]

# Its child is process 1; killed, it takes that along.
OWN_PID_NAMESPACE = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"]

# Exit statuses of mapprobe.
OK, FAILED, USAGE, UNAVAILABLE, NOT_GO, CRASHED = 0, 1, 2, 3, 4, 6

PATIENCE = 60  # seconds; only a failing test waits so long


def until(what, condition, patience=PATIENCE):
    """Waits until condition() is true, and returns what it gave."""
    end = time.monotonic() + patience
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < end, f"{what}: not after {patience} s"
        time.sleep(0.02)


def child_of(pid):
    children = Path(f"/proc/{pid}/task/{pid}/children")
    return int(until("its child", lambda: children.read_text().split())[0])


def skip_without_root(items):
    if os.geteuid() != 0:
        for item in items:
            item.add_marker(pytest.mark.skip(reason="needs root"))


def go_env(**env):
    """The environment for a go command of whatever version that builds the targets."""
    return {**os.environ, "GOTOOLCHAIN": "local", "GOFLAGS": "-mod=mod", "GOWORK": "off",
            "CGO_ENABLED": "0", **env}


def build_old(version, target, path, *flags, **env):
    """Builds one of the targets that any Go from 1.17 on can build, as path."""
    vcs = [] if version.startswith("1.17.") else ["-buildvcs=false"]  # of Go 1.18
    done = subprocess.run([toolchain(version), "build", "-modfile=go1.17.mod", *vcs, *flags, "-o",
                           path, f"./{target}"], cwd=SOURCES, env=go_env(**env),
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def build_exact(version, path, *flags, **env):
    build_old(version, "exact", path, *flags, **env)


class Target:
    """A running target (targets/internal/stage says how it keeps step)."""

    def __init__(self, path, *args, env=None, prefix=()):
        self.path = Path(path)
        self.stderr = tempfile.TemporaryFile("w+")
        self.proc = subprocess.Popen(
            [*prefix, str(path), *map(str, args)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=self.stderr, text=True, bufsize=1, env={**os.environ, **(env or {})})
        self.pid = self.proc.pid
        self.lines = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()
        assert self.line() == "ready"

    def _read(self):
        for line in self.proc.stdout:
            self.lines.put(line.rstrip("\n"))
        self.lines.put(None)

    def line(self):
        line = self.lines.get(timeout=PATIENCE)
        assert line is not None, f"{self.path.name} ended: {self.errors()}"
        return line

    def go(self):
        self.proc.stdin.write("\n")
        self.proc.stdin.flush()

    def truth(self):
        return json.loads(self.line())

    def wait(self):
        return self.proc.wait(PATIENCE)

    def finish(self):
        """The second go-ahead; returns the exit status."""
        self.go()
        return self.wait()

    def terminate(self):
        """SIGTERM, for those that end with their truth; returns it and the exit status."""
        self.proc.send_signal(signal.SIGTERM)
        truth = self.truth()
        return truth, self.wait()

    def alive(self):
        return self.proc.poll() is None

    def errors(self):
        self.stderr.seek(0)
        return self.stderr.read()

    def close(self):
        if self.alive():
            self.proc.kill()
        self.proc.wait()
        self.proc.stdin.close()
        self.stderr.close()


class Attach:
    """`mapprobe attach`, or another command that observes, in the background."""

    def __init__(self, directory, pid, *args, prefix=(), binary=MAPPROBE, command="attach"):
        self.files = [open(directory / name, "w+") for name in ("stdout", "stderr")]
        self.proc = subprocess.Popen([*prefix, str(binary), command, "-p", str(pid),
                                      *map(str, args)], stdin=subprocess.DEVNULL,
                                     stdout=self.files[0], stderr=self.files[1])

    def read(self, index):
        with open(self.files[index].name, encoding="utf-8", errors="replace") as f:
            return f.read()

    @property
    def out(self):
        return self.read(0)

    @property
    def err(self):
        return self.read(1)

    def wait_armed(self):
        until("mapprobe armed", lambda: "armed" in self.err or self.proc.poll() is not None)
        assert self.proc.poll() is None, f"status {self.proc.returncode}: {self.err}"
        return self

    def wait(self, patience=PATIENCE):
        return self.proc.wait(patience)

    def stop(self, sig=signal.SIGINT):
        self.proc.send_signal(sig)
        return self.wait()

    def close(self):
        if self.proc.poll() is None:
            self.proc.kill()
        self.proc.wait()
        for f in self.files:
            f.close()


def mapprobe(*args, prefix=(), binary=MAPPROBE, **kwargs):
    """Runs mapprobe to its end."""
    return subprocess.run([*prefix, str(binary), *map(str, args)], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, timeout=PATIENCE, **kwargs)


def ps(*args, **kwargs):
    """{pid: process} of `mapprobe ps -f json`, and what could not be seen."""
    done = mapprobe("ps", "-f", "json", *args, **kwargs)
    assert done.returncode == OK, done.stderr
    found = json.loads(done.stdout)
    return {p["pid"]: p for p in found["processes"]}, found["unseen"]


def observe(directory, binary, *options, args=(), env=None):
    """One whole session on a target that has two go-aheads, everything counted and kept."""
    t = Target(binary, *args, env=env)
    a = None
    try:
        a = Attach(directory, t.pid, "--max-overhead", "none", "-o", directory / "out",
                   "--record", directory / "recording", *options)
        a.wait_armed()
        t.go()
        truth = t.truth()
        status = a.stop()
        return SimpleNamespace(
            truth=truth, name=t.path.name, status=status, stdout=a.out, stderr=a.err,
            dir=directory / "out", recording=directory / "recording", target_status=t.finish(),
            target_errors=t.errors(),
            summary=load_json(directory / "out" / "summary.json") if status == OK else None)
    finally:
        if a:
            a.close()
        t.close()


def load_json(path):
    with open(path, encoding="utf-8") as f:
        return json.load(f)


# --- summary.json ---------------------------------------------------------------------------------

def functions(stack):
    """The names of a stack's frames, innermost first."""
    return [frame["func"] for frame in stack or [] if frame["func"]]


def all_functions(summary):
    """Every function name in any stack of a summary."""
    names = set()
    for m in summary["maps"]["list"]:
        for site in m["sites"]:
            names.update(functions(site["stack"]))
    for stack in summary["stacks"]:
        names.update(functions(stack))
    for wait in summary["locks"]["list"] + summary["gc"]["assists"]:
        names.update(functions(wait["stack"]))
    return names


# --- pprof ----------------------------------------------------------------------------------------

def pprof_top(path, *args):
    """[(flat, cum, name)] of `go tool pprof -top`."""
    done = subprocess.run(
        [GO, "tool", "pprof", "-top", "-nodecount=0", "-nodefraction=0", *args, str(path)],
        capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr
    rows = []
    for line in done.stdout.splitlines():
        row = re.match(r"\s*(\d+)\s+[\d.]+%\s+[\d.]+%\s+(\d+)\s+[\d.]+%\s+(.*)$", line)
        if row:
            rows.append((int(row[1]), int(row[2]), row[3]))
    return rows


# --- the kernel -----------------------------------------------------------------------------------

def bpf_objects():
    """{(kind, id)} of all there is in the kernel."""
    objects = set()
    for kind in ("prog", "map", "link"):
        done = subprocess.run(["bpftool", "-j", kind, "show"], capture_output=True, text=True,
                              env={**os.environ, "PATH": os.environ["PATH"] + ":/usr/sbin"})
        assert done.returncode == 0, done.stdout + done.stderr
        objects |= {(kind, o["id"]) for o in json.loads(done.stdout or "[]")}
    return objects


def bpf_held():
    """{(kind, id)} that a living process has a descriptor of."""
    held = set()
    for info in Path("/proc").glob("[0-9]*/fdinfo/*"):
        try:
            text = info.read_text()
        except OSError:  # gone meanwhile
            continue
        held |= {(kind, int(n)) for kind, n in re.findall(r"^(prog|map|link)_id:\s*(\d+)$", text,
                                                          re.M)}
    return held


def bpf_leftovers(before):
    """What is there now, was not there before, and is nobody's. The kernel frees with a delay."""
    left = set()
    for _ in range(100):
        left = bpf_objects() - before
        if left:
            left -= bpf_held()
        if not left:
            break
        time.sleep(0.1)
    return left


def changed_code(pid, path):
    """How many bytes of a process's code differ from its binary's (static, not relocated)."""
    data = Path(path).read_bytes()
    phoff, = struct.unpack_from("<Q", data, 32)
    size, count = struct.unpack_from("<HH", data, 54)
    changed = 0
    with open(f"/proc/{pid}/mem", "rb") as mem:
        for i in range(count):
            kind, flags, offset, vaddr, _, filesz = struct.unpack_from("<IIQQQQ", data,
                                                                       phoff + i * size)
            if kind != 1 or not flags & 1:  # PT_LOAD, PF_X
                continue
            mem.seek(vaddr)
            there, here = mem.read(filesz), data[offset:offset + filesz]
            if there != here:
                changed += sum(a != b for a, b in zip(there, here))
    return changed
