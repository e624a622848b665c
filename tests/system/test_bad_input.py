# SPDX-License-Identifier: Apache-2.0
"""What the issue calls bad input: a message that names what, where and the value, the documented
exit status, and whatever had been collected."""

import json
import os
import shutil
import subprocess

import pytest
from harness import (FAILED, MAPPROBE, NEWEST, NOBODY, NOT_GO, OK, TARGETS, UNAVAILABLE, VERSIONS,
                     Target,
                     load_json, mapprobe, until)




@pytest.fixture
def sleeper():
    with subprocess.Popen(["sleep", "600"]) as proc:
        yield proc
        proc.kill()


@pytest.mark.parametrize("command", ["attach", "plan"])
def test_no_such_pid(command):
    gone = subprocess.Popen(["true"])
    gone.wait()
    done = mapprobe(command, "-p", gone.pid)
    assert done.returncode == FAILED
    assert str(gone.pid) in done.stderr and "no such process" in done.stderr.lower()
    assert not done.stdout


@pytest.mark.parametrize("command", ["attach", "plan"])
def test_not_a_go_process(command, sleeper):
    done = mapprobe(command, "-p", sleeper.pid)
    assert done.returncode == NOT_GO
    assert "sleep" in done.stderr or str(sleeper.pid) in done.stderr
    assert "go" in done.stderr.lower()


def test_kernel_thread():
    """It has no binary at all."""
    done = mapprobe("attach", "-p", 2)
    assert done.returncode in (FAILED, NOT_GO)
    assert "2" in done.stderr


def test_binaries_that_are_none(tmp_path):
    (tmp_path / "text").write_text("#!/bin/sh\n")
    (tmp_path / "empty").write_text("")
    (tmp_path / "stub").write_bytes((TARGETS / NEWEST / "short").read_bytes()[:80])
    for name in ("text", "empty", "stub"):
        done = mapprobe("plan", "-b", tmp_path / name)
        assert done.returncode in (FAILED, NOT_GO), done.stderr
        assert name in done.stderr
    for path in (tmp_path / "none", tmp_path):
        done = mapprobe("plan", "-b", path)
        assert done.returncode == FAILED or path == tmp_path and done.returncode == NOT_GO
        assert str(path) in done.stderr


def test_names_that_a_terminal_would_obey(tmp_path):
    for name, source, status in (("text\x1b[2J", b"#!/bin/sh\n", NOT_GO),
                                 ("go\x1b[2J", (TARGETS / NEWEST / "short").read_bytes(), OK)):
        path = tmp_path / name
        path.write_bytes(source)
        done = mapprobe("plan", "-b", path)
        assert done.returncode == status
        said = done.stdout + done.stderr
        assert name.replace("\x1b", "\\x1b") in said and "\x1b" not in said


def test_names_that_are_no_utf8(tmp_path):
    path = tmp_path / "go\udcff"
    path.write_bytes((TARGETS / NEWEST / "short").read_bytes())
    done = mapprobe("plan", "-f", "json", "-b", path)
    assert done.returncode == OK, done.stderr
    assert json.loads(done.stdout)["binary"] == str(tmp_path / "go\ufffd")


@pytest.mark.parametrize("version", ["go1.16.8", "go2.26.8"])
def test_version_out_of_range(tmp_path, version):
    """The same binary, of another version in its own words."""
    path = tmp_path / "odd"
    path.write_bytes((TARGETS / "go1.26" / "short").read_bytes().replace(b"go1.26.8",
                                                                        version.encode()))
    path.chmod(0o755)
    t = Target(path)
    try:
        for args in (("attach", "-p", t.pid), ("plan", "-p", t.pid), ("plan", "-b", path)):
            done = mapprobe(*args)
            assert done.returncode == NOT_GO, done.stderr
            assert version in done.stderr
    finally:
        t.close()


@pytest.mark.parametrize("how", ["replaced", "deleted"])
@pytest.mark.parametrize("version", VERSIONS)
def test_binary_replaced_on_disk(tmp_path, attach, version, how):
    """What runs is what is looked at, whatever lies at its path now."""
    path = tmp_path / "exact"
    shutil.copy(TARGETS / version / "exact", path)
    t = Target(path)
    try:
        if how == "replaced":
            shutil.copy("/bin/true", tmp_path / "other")
            os.replace(tmp_path / "other", path)
        else:
            path.unlink()
        a = attach(t.pid, "--max-overhead", "none", "-o", tmp_path / "out").wait_armed()
        t.go()
        truth = t.truth()
        assert a.stop() == OK, a.err
        assert t.finish() == 0
        summary = load_json(tmp_path / "out" / "summary.json")
        assert summary["maps"]["assigns"]["hits"] == truth["assigns"]
    finally:
        t.close()


@pytest.mark.parametrize("version", VERSIONS)
def test_target_exits(target, attach, tmp_path, version):
    t = target(version, "short")
    a = attach(t.pid, "--max-overhead", "none", "-o", tmp_path / "out", "--record",
               tmp_path / "recording").wait_armed()
    t.go()
    truth = t.truth()
    assert t.wait() == 3
    assert a.wait() == OK, a.err
    check_collected(tmp_path, truth, "target exited", "main.writeShort")


@pytest.mark.parametrize("version", VERSIONS)
def test_target_execs(target, attach, tmp_path, version):
    t = target(version, "execer", "/bin/sh", "-c", "sleep 1; exit 7")
    a = attach(t.pid, "--max-overhead", "none", "-o", tmp_path / "out", "--record",
               tmp_path / "recording").wait_armed()
    t.go()
    truth = t.truth()
    assert a.wait() == OK, a.err
    check_collected(tmp_path, truth, "target execed", "main.writeExecer")
    assert t.wait() == 7


def check_collected(tmp_path, truth, ended, function):
    summary = load_json(tmp_path / "out" / "summary.json")
    assert summary["ended"] == ended and summary["complete"]
    assert summary["maps"]["assigns"] == {"known": True, "hits": truth["assigns"], "exact": True,
                                          "estimated": None}
    names = {f["func"] for m in summary["maps"]["list"] for s in m["sites"] for f in s["stack"]}
    assert function in names
    assert mapprobe("report", tmp_path / "recording").returncode == OK


def test_target_killed(target, attach, tmp_path):
    t = target(NEWEST, "churn", "-d", "1h")
    a = attach(t.pid, "-o", tmp_path / "out").wait_armed()
    t.go()
    t.proc.kill()
    assert a.wait() == OK, a.err
    assert load_json(tmp_path / "out" / "summary.json")["ended"] == "target exited"


def test_without_any_privilege(public_dir):
    """The target is the same user's: what is missing is the privilege to trace."""
    shutil.copy(TARGETS / NEWEST / "exact", public_dir)
    t = Target(public_dir / "exact", prefix=NOBODY)
    try:
        done = mapprobe("attach", "-p", t.pid, "-d", "1s", prefix=NOBODY,
                        binary=public_dir / "mapprobe")
        assert done.returncode == UNAVAILABLE, done.stderr
        assert "CAP_BPF" in done.stderr
        assert not done.stdout
        assert t.alive()
    finally:
        t.close()


def test_someone_elses_process(target, public_dir):
    t = target(NEWEST, "exact")
    done = mapprobe("attach", "-p", t.pid, prefix=NOBODY, binary=public_dir / "mapprobe")
    assert done.returncode == UNAVAILABLE, done.stderr
    assert "CAP_" in done.stderr and str(t.pid) in done.stderr


@pytest.mark.parametrize("missing, named", [
    (["bpf", "sys_admin"], "CAP_BPF"),
    (["perfmon", "sys_admin"], "CAP_PERFMON"),
])
def test_root_without_a_capability(target, missing, named):
    t = target(NEWEST, "exact")
    drop = ["setpriv", "--bounding-set", ",".join(f"-{name}" for name in missing)]
    done = mapprobe("attach", "-p", t.pid, "-d", "1s", prefix=drop)
    assert done.returncode == UNAVAILABLE, done.stderr
    assert named in done.stderr
    check = mapprobe("check", prefix=drop)
    assert check.returncode == UNAVAILABLE
    assert named in check.stdout + check.stderr


def test_no_btf(target, tmp_path):
    """In a mount namespace where the kernel's own BTF reads as nothing: it is not needed."""
    t = target(NEWEST, "exact")
    hide = ["unshare", "--mount", "sh", "-c",
            "mount --bind /dev/null /sys/kernel/btf/vmlinux && "
            "if [ -d /boot ]; then mount -t tmpfs none /boot; fi && exec \"$@\"", "sh"]
    done = mapprobe("attach", "-p", t.pid, "-d", "1s", "-o", tmp_path / "out", prefix=hide)
    assert done.returncode == OK, done.stderr
    assert (tmp_path / "out" / "summary.json").exists()


def test_goes_on_after_an_unreadable_output(target, attach, tmp_path):
    """Standard output is full: said, and the files are there."""
    t = target(NEWEST, "exact")
    done = subprocess.run(["sh", "-c", 'exec "$@" >/dev/full', "sh", str(MAPPROBE), "attach",
                           "-p", str(t.pid), "-d", "200ms", "-o", str(tmp_path / "out")],
                          capture_output=True, text=True)
    assert done.returncode == FAILED
    assert "No space left on device" in done.stderr
    until("summary.json", (tmp_path / "out" / "summary.json").exists, 1)


def test_reader_of_the_output_is_gone(target, tmp_path):
    """A closed pipe is an error of that write; the files are there."""
    t = target(NEWEST, "exact")
    done = subprocess.run(["sh", "-c", '"$@" | true', "sh", str(MAPPROBE), "attach", "-p",
                           str(t.pid), "-d", "300ms", "-o", str(tmp_path / "out")],
                          capture_output=True, text=True)
    assert "Broken pipe" in done.stderr
    assert (tmp_path / "out" / "summary.json").exists()
