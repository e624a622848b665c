# SPDX-License-Identifier: Apache-2.0
import os
import shutil
import tempfile
from pathlib import Path
from types import SimpleNamespace

import pytest

import harness


def pytest_collection_modifyitems(items):
    if os.geteuid() == 0:
        return
    for item in items:
        item.add_marker(pytest.mark.skip(reason="the system tests need root"))


def pytest_sessionstart():
    for path in (harness.MAPPROBE, *(harness.TARGETS / v / "exact" for v in harness.VERSIONS)):
        if not path.exists():
            pytest.exit(f"{path} is not there: run `make all targets`", 1)


@pytest.fixture
def target():
    """target(version, name, arguments...) starts a bundled target; it ends with the test."""
    with_closed = []

    def start(version, name, *args, **kwargs):
        with_closed.append(harness.Target(harness.TARGETS / version / name, *args, **kwargs))
        return with_closed[-1]

    yield start
    for t in with_closed:
        t.close()


@pytest.fixture
def attach(tmp_path):
    """attach(pid, arguments...) starts `mapprobe attach`; it ends with the test."""
    started = []

    def start(pid, *args, **kwargs):
        directory = tmp_path / f"attach{len(started)}"
        directory.mkdir()
        started.append(harness.Attach(directory, pid, *args, **kwargs))
        return started[-1]

    yield start
    for a in started:
        a.close()


@pytest.fixture
def public_dir():
    """A directory that every user may read, with a copy of mapprobe in it."""
    directory = Path(tempfile.mkdtemp(prefix="mapprobe-test-"))
    directory.chmod(0o755)
    shutil.copy(harness.MAPPROBE, directory / "mapprobe")
    yield directory
    shutil.rmtree(directory)


def observe(directory, version, name, *options):
    """One whole session on a target that has two go-aheads, everything counted and kept."""
    t = harness.Target(harness.TARGETS / version / name)
    a = None
    try:
        a = harness.Attach(directory, t.pid, "--max-overhead", "none", "-o", directory / "out",
                           "--record", directory / "recording", *options)
        a.wait_armed()
        t.go()
        truth = t.truth()
        status = a.stop()
        return SimpleNamespace(
            truth=truth, name=name, version=version, status=status, stdout=a.out, stderr=a.err,
            dir=directory / "out", recording=directory / "recording", target_status=t.finish(),
            target_errors=t.errors(),
            summary=harness.load_json(directory / "out" / "summary.json") if status == 0 else None)
    finally:
        if a:
            a.close()
        t.close()


@pytest.fixture(scope="session",
                params=[*((v,) for v in harness.VERSIONS), (harness.NEWEST, "--perf-events")],
                ids="".join)
def exact(request, tmp_path_factory):
    """A session on targets/exact, one for each Go version, and one without uprobe_multi."""
    version, *options = request.param
    return observe(tmp_path_factory.mktemp("exact"), version, "exact", *options)


@pytest.fixture(scope="session", params=harness.VERSIONS)
def locks(request, tmp_path_factory):
    return observe(tmp_path_factory.mktemp("locks"), request.param, "locks")


@pytest.fixture(scope="session", params=harness.VERSIONS)
def pauses(request, tmp_path_factory):
    os.environ["GODEBUG"] = "gctrace=1"
    try:
        return observe(tmp_path_factory.mktemp("pauses"), request.param, "pauses")
    finally:
        del os.environ["GODEBUG"]
