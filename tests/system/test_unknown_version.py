# SPDX-License-Identifier: Apache-2.0
"""Releases that mapprobe does not know, played by one that it knows under another name: what the
DWARF proves is used, and said to be all that is known; without it they are refused by name."""

import subprocess

import pytest

from harness import GO, NEWEST, NOT_GO, OK, TARGETS, mapprobe, observe

OPS = ("assigns", "deletes", "clears", "grows")


@pytest.fixture
def renamed(tmp_path):
    """renamed(version) is a copy of targets/exact that says to be built with that."""
    def make(version):
        data = (TARGETS / NEWEST / "exact").read_bytes()
        old = subprocess.run([GO, "version", str(TARGETS / NEWEST / "exact")], check=True,
                             capture_output=True, text=True).stdout.split()[-1]
        assert len(old) == len(version) and old.encode() in data
        path = tmp_path / version / "exact"
        path.parent.mkdir()
        path.write_bytes(data.replace(old.encode(), version.encode()))
        path.chmod(0o755)
        return path

    return make


def certainty(session):
    return [u["why"] for u in session.summary["unavailable"] if u["what"] == "certainty"]


@pytest.mark.parametrize("version", ["go1.28.0", "go1.27.9"])
def test_with_dwarf_it_is_exact_and_says_what_that_rests_on(renamed, tmp_path, version):
    session = observe(tmp_path, renamed(version))
    assert session.status == OK, session.stderr
    assert {op: session.summary["maps"][op]["hits"] for op in OPS} == {
        op: session.truth[op] for op in OPS}
    assert [version in why and "DWARF" in why for why in certainty(session)] == [True]


def test_a_known_release_is_certain(tmp_path):
    assert certainty(observe(tmp_path, TARGETS / NEWEST / "exact")) == []


def test_without_dwarf_a_newer_minor_release_is_refused_by_name(renamed):
    path = renamed("go1.28.0")
    subprocess.run(["strip", str(path)], check=True)
    done = mapprobe("plan", "-b", path)
    assert done.returncode == NOT_GO
    assert "go1.28.0" in done.stderr and "newer than go1.27" in done.stderr


def test_without_dwarf_a_newer_patch_release_says_what_it_is_taken_for(renamed):
    path = renamed("go1.27.9")
    subprocess.run(["strip", str(path)], check=True)
    done = mapprobe("plan", "-b", path)
    assert done.returncode == OK
    assert "not certain: go1.27.9" in done.stdout


def test_before_1_17_is_refused_by_name(renamed):
    done = mapprobe("plan", "-b", renamed("go1.16.9"))
    assert done.returncode == NOT_GO
    assert "go1.16.9" in done.stderr and "arguments are on the stack" in done.stderr
