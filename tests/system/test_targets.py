# SPDX-License-Identifier: Apache-2.0
"""The targets' truths, without mapprobe: they are what everything else is measured by."""

import re
import subprocess

import pytest
from harness import CLASSIC, GO, TARGETS, VERSIONS

# The runtime function that the compiler has to make of each function of targets/exact/kinds.go.
CALLS = {
    "writeUint32": "mapassign_fast32", "deleteUint32": "mapdelete_fast32",
    "writeUint64": "mapassign_fast64", "deleteUint64": "mapdelete_fast64",
    "writePointer": "mapassign_fast64ptr", "deletePointer": "mapdelete_fast64",
    "writeString": "mapassign_faststr", "deleteString": "mapdelete_faststr",
    "writeStruct": "mapassign", "deleteStruct": "mapdelete",
    **{f"update{kind}": f"mapassign{suffix}" for kind, suffix in
       (("Uint32", "_fast32"), ("Uint64", "_fast64"), ("Pointer", "_fast64ptr"),
        ("String", "_faststr"), ("Struct", ""))},
    **{f"clear{kind}": "mapclear" for kind in
       ("Uint32", "Uint64", "Pointer", "String", "Struct")},
}


@pytest.mark.parametrize("version", VERSIONS)
def test_each_function_of_exact_calls_its_own_variant(version):
    listing = subprocess.run(
        [GO, "tool", "objdump", "-s", r"^main\.(write|update|delete|clear)",
         TARGETS / version / "exact"], capture_output=True, text=True, check=True).stdout
    calls, function = {}, None
    for line in listing.splitlines():
        if line.startswith("TEXT "):
            function = re.match(r"TEXT main\.(\w+)", line)[1]
        call = re.search(r"CALL runtime\.(map\w+)\(SB\)", line)
        if call:
            calls.setdefault(function, []).append(call[1])
    assert calls == {function: [callee] for function, callee in CALLS.items()}


@pytest.mark.parametrize("version", VERSIONS)
def test_exact_agrees_with_itself(target, version):
    t = target(version, "exact", "-n", 1000)
    t.go()
    truth = t.truth()
    assert t.finish() == 0
    for what in ("assigns", "deletes", "clears"):
        assert truth[what] > 0
        assert truth[what] == sum(f.get(what, 0) for f in truth["funcs"])
        assert truth[what] == sum(m[what] for m in truth["maps"])
    assert truth["grows"] == sum(f["grows"] for f in truth["funcs"])
    assert truth["grows"] == sum(g["n"] for g in truth["growths"])
    for m in truth["maps"]:
        check_growths(m, classic=version in CLASSIC)
    kinds = {g["kind"] for g in truth["growths"]}
    assert kinds == ({"grow", "same-size"} if version in CLASSIC else
                     {"small", "table", "grow", "split"})


def check_growths(m, classic):
    """All steps of a map, one after the other, lead from nothing to the capacity it has."""
    tables = [8] if classic else [0]
    for g in m["growths"]:
        assert g["old"] in tables, (m, g)
        tables.remove(g["old"])
        tables += [1024, 1024] if g["kind"] == "split" else [g["new"]]
    assert sum(tables) == m["capacity"]
    assert m["length"] <= m["capacity"] * 7 / 8 or m["capacity"] == 8


@pytest.mark.parametrize("version", VERSIONS)
def test_the_others_end_as_they_say(target, version):
    short = target(version, "short")
    short.go()
    assert (short.truth()["assigns"], short.wait()) == (1000, 3)

    execer = target(version, "execer", "/bin/sh", "-c", "exit 5")
    execer.go()
    assert (execer.truth()["assigns"], execer.wait()) == (1000, 5)

    race = target(version, "race")
    race.go()
    assert race.truth()["message"] == "concurrent map writes"
    assert race.wait() == 2
    assert "fatal error: concurrent map writes" in race.errors()

    churn = target(version, "churn", "-d", "1m")
    churn.go()
    truth, status = churn.terminate()
    assert status == 0 and truth["rounds"] > 0
