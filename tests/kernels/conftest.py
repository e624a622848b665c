# SPDX-License-Identifier: Apache-2.0
"""The sessions that tests/kernels/init ran on each kernel, in the shape that tests/system gives
its own. test_exact.py, test_locks.py and test_pauses.py are those of tests/system."""

import json
from types import SimpleNamespace

import pytest
import vm
from harness import NEWEST, VERSIONS, load_json


def results(kernel):
    if not (kernel.out / "dmesg").exists():
        console = kernel.dir / "console"
        end = console.read_text(errors="replace")[-2000:] if console.exists() else "never started"
        pytest.fail(f"kernel {kernel.version}: no results: {end}", pytrace=False)
    return kernel.out


def status_of(path):
    return int(path.read_text()) if path.exists() else None


def truth_of(path):
    lines = [line for line in path.read_text().splitlines() if line.startswith("{")]
    return json.loads(lines[-1]) if lines else None


def session(kernel, name, version=NEWEST):
    """One session; what there is not is None."""
    at = results(kernel) / name
    summary = at / "result" / "summary.json"
    return SimpleNamespace(
        truth=truth_of(at / "truth"), status=status_of(at / "attach.status"),
        stdout=(at / "attach.out").read_text(), stderr=(at / "attach.err").read_text(),
        dir=at / "result", version=version, target_status=status_of(at / "target.status"),
        target_errors=(at / "target.err").read_text(),
        summary=load_json(summary) if summary.exists() else None)


EXACT = [(kernel, version, options) for kernel in vm.KERNELS
         for version, options in [*((v, "") for v in VERSIONS), (NEWEST, "--perf-events")]
         if kernel.uprobe_multi or not options]


@pytest.fixture(scope="session", params=EXACT, ids=lambda p: f"{p[0].version}-{p[1]}{p[2]}")
def exact(request):
    kernel, version, options = request.param
    return session(kernel, f"exact-{version}{options}", version)


@pytest.fixture(scope="session", params=vm.KERNELS, ids=lambda k: k.version)
def kernel(request):
    results(request.param)
    return request.param


@pytest.fixture
def locks(kernel):
    return session(kernel, "locks")


@pytest.fixture
def pauses(kernel):
    return session(kernel, "pauses")


@pytest.fixture
def windows(kernel):
    return session(kernel, "windows")


@pytest.fixture
def code(kernel):
    """code(NAME): the lines of code/NAME, split."""
    return lambda name: [line.split() for line in
                         (kernel.out / "code" / name).read_text().splitlines()]


@pytest.fixture
def ran(kernel):
    """ran(NAME): status, standard output and standard error of a command run to its end."""
    def read(name):
        at = kernel.out / name
        return SimpleNamespace(status=status_of(at / "attach.status"),
                               stdout=(at / "attach.out").read_text(),
                               stderr=(at / "attach.err").read_text())
    return read
