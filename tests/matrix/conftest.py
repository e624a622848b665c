# SPDX-License-Identifier: Apache-2.0
import shutil

import pytest

import cells
import harness
from support import Support


def pytest_addoption(parser):
    parser.addoption("--all", action="store_true",
                     help="every cell of the matrix, not only the cross-section; when all pass, "
                     "docs/support.md is written anew")


def pytest_configure(config):
    if config.getoption("--all"):
        config.pluginmanager.register(Support())


def pytest_collection_modifyitems(items):
    harness.skip_without_root(items)


def pytest_generate_tests(metafunc):
    everything = metafunc.config.getoption("--all")
    if "exact" in metafunc.fixturenames:
        chosen = cells.THERE if everything else cells.cross_section()
        metafunc.parametrize("exact", chosen, ids=str, indirect=True, scope="session")
    if "by_env" in metafunc.fixturenames:
        metafunc.parametrize("by_env", [cell for cell in cells.ALL if cell.mode.by_env], ids=str)


@pytest.fixture(scope="session")
def exact(request, tmp_path_factory):
    """A session on the binary of a cell."""
    directory = tmp_path_factory.mktemp("cell")
    session = harness.observe(directory, request.param.build())
    session.cell = request.param
    yield session
    shutil.rmtree(directory)
