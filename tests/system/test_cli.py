# SPDX-License-Identifier: Apache-2.0
"""The command line: help, usage, signals, and what goes where."""

import os
import pty
import signal

import pytest
from harness import (MAPPROBE, NEWEST, NOBODY, OK, UNAVAILABLE, USAGE, Attach, load_json,
                     mapprobe, until)

COMMANDS = ["attach", "stat", "report", "plan", "ps", "check"]



@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_every_command(command):
    done = mapprobe(command, "--help")
    assert done.returncode == OK and not done.stderr
    assert done.stdout.startswith(f"Usage: mapprobe {command}")
    assert command in mapprobe("--help").stdout


def test_version():
    assert mapprobe("--version").stdout.startswith("mapprobe ")


@pytest.mark.parametrize("args, named", [
    ([], ""), (["frobnicate"], "frobnicate"), (["attach"], "-p"),
    (["attach", "-p", "x1"], "x1"), (["attach", "-p", "-1"], "-1"), (["attach", "-p", "0"], "0"),
    (["attach", "-p", "1", "-d", "5 parsecs"], "parsecs"),
    (["attach", "-p", "1", "-d", "0"], "0"),
    (["attach", "-p", "1", "-e", "map,foo"], "foo"),
    (["attach", "-p", "1", "-f", "xml"], "xml"),
    (["attach", "-p", "1", "--max-overhead", "200%"], "200%"),
    (["attach", "-p", "1", "--max-overhead", "much"], "much"),
    (["attach", "-p", "1", "--frob"], "frob"), (["attach", "-p", "1", "extra"], "extra"),
    (["attach", "-p"], "-p"), (["plan"], "-b"), (["plan", "-p", "1", "-b", "x"], "-b"),
    (["stat"], "-p"), (["stat", "-p", "1", "extra"], "extra"),
    (["report"], "FILE"), (["report", "a", "b"], "b"), (["check", "x"], "x"),
])
def test_usage_errors_come_before_privileges(args, named, public_dir):
    """The wrong argument is named, by root and by those who may do nothing at all."""
    for prefix in ((), NOBODY):
        done = mapprobe(*args, prefix=prefix, binary=public_dir / "mapprobe")
        assert done.returncode == USAGE, done.stderr
        assert named in done.stderr
        assert not done.stdout


def test_check():
    done = mapprobe("check")
    assert done.returncode == OK, done.stdout
    assert "uprobe_multi" in done.stdout


def test_check_without_privileges(public_dir):
    done = mapprobe("check", prefix=NOBODY, binary=public_dir / "mapprobe")
    assert done.returncode == UNAVAILABLE
    assert "CAP_BPF" in done.stdout + done.stderr


def test_quiet_without_a_terminal(exact):
    lines = exact.stderr.splitlines()
    assert len(lines) == 1 and "attached to" in lines[0] and "sites armed" in lines[0]
    assert "\r" not in exact.stderr and "\033" not in exact.stderr + exact.stdout


def test_progress_on_a_terminal(target, tmp_path):
    t = target(NEWEST, "exact")
    ours, theirs = pty.openpty()
    a = Attach(tmp_path, t.pid, "-d", "1s", prefix=["sh", "-c", f'exec "$@" 2>/dev/pts/'
                                                    f'{os.path.basename(os.ttyname(theirs))}',
                                                    "sh"])
    assert a.wait() == OK
    os.close(theirs)
    seen = b""
    while True:
        try:
            chunk = os.read(ours, 4096)
        except OSError:  # the other side is closed
            break
        if not chunk:
            break
        seen += chunk
    os.close(ours)
    a.close()
    assert b"armed" in seen and b"of 1 s" in seen and b"\r" in seen


@pytest.mark.parametrize("sig", [signal.SIGINT, signal.SIGTERM])
def test_signals_stop_and_write(target, attach, tmp_path, sig):
    t = target(NEWEST, "exact")
    a = attach(t.pid, "-o", tmp_path / "out").wait_armed()
    assert a.stop(sig) == OK, a.err
    assert load_json(tmp_path / "out" / "summary.json")["ended"] == "interrupt"
    assert t.alive()
    assert not [p for p in (tmp_path / "out").iterdir() if "tmp" in p.name]


def test_sigusr1_writes_and_goes_on(target, attach, tmp_path):
    t = target(NEWEST, "exact")
    a = attach(t.pid, "--max-overhead", "none", "-o", tmp_path / "out").wait_armed()
    t.go()
    truth = t.truth()

    def assigns():
        a.proc.send_signal(signal.SIGUSR1)
        path = tmp_path / "out" / "summary.json"
        return load_json(path)["maps"]["assigns"]["hits"] if path.exists() else 0

    until("all assigns in a summary", lambda: assigns() == truth["assigns"])
    assert a.proc.poll() is None
    assert a.stop() == OK, a.err
    summary = load_json(tmp_path / "out" / "summary.json")
    assert summary["complete"] and summary["maps"]["assigns"]["hits"] == truth["assigns"]


def test_duration(target):
    t = target(NEWEST, "exact")
    done = mapprobe("attach", "-p", t.pid, "-d", "300ms", "-f", "json")
    assert done.returncode == OK
    assert '"ended": "time"' in done.stdout


def test_groups_narrow_it(target, tmp_path):
    t = target(NEWEST, "exact")
    done = mapprobe("attach", "-p", t.pid, "-d", "100ms", "-e", "gc", "-o", tmp_path)
    assert done.returncode == OK
    summary = load_json(tmp_path / "summary.json")
    assert {s["group"] for s in summary["overhead"]["sites"]} == {"gc"}
    assert not summary["maps"]["assigns"]["known"]


def test_output_that_cannot_be_written(target, tmp_path):
    t = target(NEWEST, "exact")
    (tmp_path / "file").write_text("")
    done = mapprobe("attach", "-p", t.pid, "-d", "100ms", "-o", tmp_path / "file")
    assert done.returncode == 1
    assert str(tmp_path / "file") in done.stderr
    assert "attached" not in done.stderr  # known before the target is touched
    done = mapprobe("attach", "-p", t.pid, "-d", "100ms", "--record", tmp_path / "no" / "dir")
    assert done.returncode == 1
    assert str(tmp_path / "no" / "dir") in done.stderr


def test_runs_from_anywhere(tmp_path):
    assert mapprobe("--help", cwd=tmp_path, binary=MAPPROBE).returncode == OK
