# SPDX-License-Identifier: Apache-2.0
import shutil
import tempfile
from pathlib import Path

import pytest

import harness


def pytest_collection_modifyitems(items):
    harness.skip_without_root(items)


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


@pytest.fixture(scope="session",
                params=[*((v,) for v in harness.VERSIONS), (harness.NEWEST, "--perf-events")],
                ids="".join)
def exact(request, tmp_path_factory):
    """A session on targets/exact, one for each Go version, and one without uprobe_multi."""
    version, *options = request.param
    return harness.observe(tmp_path_factory.mktemp("exact"), harness.TARGETS / version / "exact",
                           *options)


@pytest.fixture(scope="session", params=harness.VERSIONS)
def locks(request, tmp_path_factory):
    return harness.observe(tmp_path_factory.mktemp("locks"),
                           harness.TARGETS / request.param / "locks")


@pytest.fixture(scope="session", params=harness.VERSIONS)
def pauses(request, tmp_path_factory):
    return harness.observe(tmp_path_factory.mktemp("pauses"),
                           harness.TARGETS / request.param / "pauses",
                           env={"GODEBUG": "gctrace=1"})
