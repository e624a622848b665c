# SPDX-License-Identifier: Apache-2.0
"""The exact target in other builds: without symbols and DWARF, and at an address of its own."""

import pytest
from harness import OK, VERSIONS, Target, all_functions, build_exact, load_json

FULL = {"go1.23": "1.23.12", "go1.26": "1.26.8", "go1.27": "1.27.3"}
STRIP = ["-ldflags=-s -w"]


@pytest.mark.parametrize("version, flags, stripped, pie", [
    *((version, STRIP, True, False) for version in VERSIONS),
    ("go1.26", ["-buildmode=pie"], False, True),
    ("go1.26", ["-buildmode=pie", *STRIP], True, True),
])
def test_counts_and_names(attach, tmp_path, version, flags, stripped, pie):
    build_exact(FULL[version], tmp_path / "exact", *flags)
    t = Target(tmp_path / "exact", "-n", 400)
    try:
        a = attach(t.pid, "--max-overhead", "none", "-o", tmp_path / "out").wait_armed()
        t.go()
        truth = t.truth()
        assert a.stop() == OK, a.err
        assert t.finish() == 0
    finally:
        t.close()
    summary = load_json(tmp_path / "out" / "summary.json")
    assert (summary["target"]["stripped"], summary["target"]["pie"]) == (stripped, pie)
    for op in ("assigns", "deletes", "clears", "grows"):
        assert summary["maps"][op]["hits"] == truth[op]
    assert {f["func"] for f in truth["funcs"]} <= all_functions(summary)
    types = {m["addr"]: m["type"] for m in summary["maps"]["list"]}
    assert types == {m["addr"]: m["type"] for m in truth["maps"]}
