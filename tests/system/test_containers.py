# SPDX-License-Identifier: Apache-2.0
"""What a container is made of, without one: a root, mounts, processes and control groups of its
own, and a binary that no path of the host leads to."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from harness import (NEWEST, OK, OWN_PID_NAMESPACE, TARGETS, UNAVAILABLE, Attach, Target, child_of,
                     mapprobe, ps)

OPS = ("assigns", "deletes", "clears", "grows")
OWN_MOUNTS = ["unshare", "--mount"]
CONTAINER_ID = "0123456789abcdef" * 4

# Each runs in a mount namespace of its own, in an empty directory; $0 is the binary on the host.
TMPFS = "mount -t tmpfs none . && cd $PWD && cp $0 exact && exec $PWD/exact -n 400"
OVERLAY = """mount -t tmpfs none . && cd $PWD && mkdir lower upper work root && cp $0 lower/exact &&
mount -t overlay none -o lowerdir=$PWD/lower,upperdir=$PWD/upper,workdir=$PWD/work root &&
exec """
ON_OVERLAY = OVERLAY + "$PWD/root/exact -n 400"
OVERLAY_ROOT = OVERLAY + "chroot root /exact -n 400"
CHROOT = "cp $0 exact && exec chroot . /exact -n 400"


def contained(directory, script, outer, version=NEWEST):
    """The exact target, started by the script."""
    inside = directory / "inside"
    inside.mkdir()
    return Target(TARGETS / version / "exact", prefix=[*outer, "sh", "-ec",
                                                      f"cd {inside}; {script}"])


def check_counts(directory, t, pid, *options):
    """Attaches, lets it work, and compares with its truth."""
    a = Attach(directory, pid, "--max-overhead", "none", "-f", "json", *options)
    try:
        a.wait_armed()
        t.go()
        truth = t.truth()
        assert a.stop() == OK, a.err
        summary = json.loads(a.out)
        assert {op: summary["maps"][op]["hits"] for op in OPS} == {op: truth[op] for op in OPS}
        assert summary["target"]["go_version"] == truth["go"]
        assert {f["func"] for f in truth["funcs"]} <= {
            frame["func"] for m in summary["maps"]["list"] for site in m["sites"]
            for frame in site["stack"]}
    finally:
        a.close()


def check_plan(pid, binary):
    by_pid, by_file = (json.loads(mapprobe("plan", *what, "-f", "json").stdout)
                       for what in (("-p", pid), ("-b", binary)))
    assert by_pid["sites"] == by_file["sites"] and by_pid["sites"]


@pytest.mark.parametrize("script, outer, exe, container, options", [
    (TMPFS, OWN_MOUNTS, "inside/exact", "namespace", []),
    (ON_OVERLAY, OWN_MOUNTS, "inside/root/exact", "namespace", []),
    (ON_OVERLAY, [*OWN_MOUNTS, *OWN_PID_NAMESPACE], "inside/root/exact", "namespace", []),
    (OVERLAY_ROOT, [*OWN_MOUNTS, *OWN_PID_NAMESPACE], "inside/root/exact", "namespace", []),
    (OVERLAY_ROOT, [*OWN_MOUNTS, *OWN_PID_NAMESPACE], "inside/root/exact", "namespace",
     ["--perf-events"]),
    (CHROOT, [], "inside/exact", None, []),
    ("exec $0 -n 400", OWN_PID_NAMESPACE, "exact", "namespace", []),
], ids=["tmpfs", "overlay", "overlay-pid", "overlay-root-pid", "overlay-root-pid-perf-events",
        "chroot", "pid"])
def test_counts_are_exact(tmp_path, script, outer, exe, container, options):
    t = contained(tmp_path, script, outer)
    try:
        pid = child_of(t.pid) if "--pid" in outer else t.pid
        row = ps()[0][pid]
        assert row["exe"].endswith("/" + exe)
        assert Path(row["exe"]).exists() == (outer == [] or exe == "exact")
        assert (row["container"] or {}).get("runtime") == container
        assert row["supported"] and row["map_kind"] == "swiss" and not row["stripped"]
        check_plan(pid, t.path)
        check_counts(tmp_path, t, pid, *options)
    finally:
        t.close()


@pytest.mark.parametrize("what", ["deleted", "replaced", "unmounted"])
def test_a_binary_that_is_gone(tmp_path, what):
    """The one that runs counts, not the one that has its name now."""
    other = TARGETS / NEWEST / "store"
    script, outer, then = {
        "deleted": ("cp $0 exact; exec $PWD/exact -n 400", [], "rm exact"),
        "replaced": ("cp $0 exact; exec $PWD/exact -n 400", [], f"cp {other} new; mv new exact"),
        "unmounted": (ON_OVERLAY, OWN_MOUNTS, "umount -l root; umount -l ."),
    }[what]
    t = contained(tmp_path, script, outer)
    try:
        enter = ["nsenter", "--mount", "--target", str(t.pid)] if outer else []
        subprocess.run([*enter, "sh", "-ec", f"cd {tmp_path}/inside; {then}"], check=True)
        exe = os.readlink(f"/proc/{t.pid}/exe")
        assert exe.endswith("/exact" if what == "unmounted" else "/exact (deleted)")
        row = ps()[0][t.pid]
        assert row["exe"] == exe and row["module"] == "mapprobe.test/targets"
        check_plan(t.pid, t.path)
        check_counts(tmp_path, t, t.pid)
    finally:
        t.close()


@pytest.mark.parametrize("change, options", [
    ("chmod 700 exact", []), ("mv exact other", []), ("chmod 700 exact", ["--perf-events"]),
], ids=["chmod", "mv", "chmod-perf-events"])
def test_a_binary_copied_up_is_refused(tmp_path, change, options):
    """Overlayfs then has another inode for the path than the process runs: no probe would fire, and
    none did: the count was an exact 0."""
    t = contained(tmp_path, ON_OVERLAY, OWN_MOUNTS)
    try:
        subprocess.run(["nsenter", "--mount", "--target", str(t.pid), "sh", "-ec",
                        f"cd {tmp_path}/inside/root; {change}"], check=True)
        done = mapprobe("attach", "-p", t.pid, "-d", "1", *options)
        assert done.returncode == UNAVAILABLE
        assert "no probe arrives" in done.stderr and "overlayfs" in done.stderr
        assert t.alive()
        t.go()
        t.truth()
        assert t.finish() == 0
    finally:
        t.close()


@pytest.fixture
def cgroups():
    """Where version 2 is mounted; what is made below it goes again."""
    mounts = [line.split() for line in Path("/proc/mounts").read_text().splitlines()]
    root = next((Path(m[1]) for m in mounts if m[2] == "cgroup2"), None)
    if root is None or not os.access(root, os.W_OK):
        pytest.skip("no control groups of version 2 that can be written to")
    made = []

    def make(path):
        for parent in reversed([Path(path), *Path(path).parents][:-1]):
            directory = root / parent
            if not directory.exists():
                directory.mkdir()
                made.append(directory)
        return root / path

    yield make
    for directory in reversed(made):
        directory.rmdir()


@pytest.mark.parametrize("path, short, container", [
    (f"docker/{CONTAINER_ID}", f"docker:{CONTAINER_ID[:12]}",
     {"runtime": "docker", "id": CONTAINER_ID, "pod": None}),
    ("kubepods.slice/kubepods-pod1b4e28ba_2fa1_11d2_883f_0016d3cca427.slice/"
     f"cri-containerd-{CONTAINER_ID}.scope", f"containerd:{CONTAINER_ID[:12]}",
     {"runtime": "containerd", "id": CONTAINER_ID, "pod": "1b4e28ba-2fa1-11d2-883f-0016d3cca427"}),
    ("machine.slice/machine-my\\x2dweb.scope/payload", "nspawn:my-web",
     {"runtime": "nspawn", "id": "my-web", "pod": None}),
    ("lxc.payload.\x1b[31mred", "lxc:\\x1b[31mred",
     {"runtime": "lxc", "id": "\x1b[31mred", "pod": None}),
], ids=["docker", "pod", "nspawn", "escape-codes"])
def test_control_groups_are_read(cgroups, target, path, short, container):
    t = target(NEWEST, "exact")
    (cgroups(path) / "cgroup.procs").write_text(str(t.pid))
    assert ps()[0][t.pid]["container"] == container
    row = next(line for line in mapprobe("ps").stdout.splitlines()
               if line.split()[0] == str(t.pid))
    assert short in row.split()
    t.close()


@pytest.fixture(scope="module", autouse=True)
def tools():
    for tool in ("unshare", "nsenter", "chroot"):
        if not shutil.which(tool):
            pytest.skip(f"{tool} is not there")
