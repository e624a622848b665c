# SPDX-License-Identifier: Apache-2.0
"""The profiles, as `go tool pprof` reads them: functions, files, lines, inlined calls, counts."""

import re
from collections import Counter

import pytest
from harness import SOURCES, pprof_top

OPS = ("assigns", "deletes", "clears", "grows")
INDEX = {"assigns": "assigns", "deletes": "deletes", "clears": "clears", "grows": "growths"}


def lines_of_kinds():
    """{function: its lines} of targets/exact/kinds.go."""
    lines, function = {}, None
    for number, line in enumerate((SOURCES / "exact" / "kinds.go").read_text().splitlines(), 1):
        start = re.match(r"func (\w+)\(", line)
        if start:
            function = f"main.{start[1]}"
        if function:
            lines.setdefault(function, set()).add(number)
        if line.endswith("}") and not line.startswith("\t"):
            function = None
    return lines


@pytest.mark.parametrize("op", OPS)
def test_counts_by_function(exact, op):
    rows = pprof_top(exact.dir / "maps.pb.gz", f"-sample_index={INDEX[op]}", "-functions")
    got = {name.replace(" (inline)", ""): flat for flat, _, name in rows if flat}
    assert got == {f["func"]: f[op] for f in exact.truth["funcs"] if f.get(op)}


@pytest.mark.parametrize("op", OPS)
def test_counts_by_line(exact, op):
    """`-top -lines` names file and line of the very statement, with the same counts."""
    lines, got = lines_of_kinds(), Counter()
    rows = pprof_top(exact.dir / "maps.pb.gz", f"-sample_index={INDEX[op]}", "-lines")
    for flat, _, name in rows:
        if not flat:
            continue
        place = re.match(r"(\S+) \S*/exact/kinds\.go:(\d+)", name)
        assert place, name
        assert int(place[2]) in lines[place[1]], name
        got[place[1]] += flat
    assert got == {f["func"]: f[op] for f in exact.truth["funcs"] if f.get(op)}


def test_first_sample_type_is_the_writes(exact):
    rows = pprof_top(exact.dir / "maps.pb.gz", "-lines", "-sample_index=0")
    assert any(name.startswith("main.write") for flat, _, name in rows if flat)


def test_inlined_calls_are_whole(exact):
    """touch is inlined into update: the one has the count, the other is its caller."""
    rows = pprof_top(exact.dir / "maps.pb.gz", "-sample_index=assigns", "-functions")
    flat = {name.replace(" (inline)", ""): n for n, _, name in rows}
    cum = {name.replace(" (inline)", ""): n for _, n, name in rows}
    for kind in ("Uint32", "Uint64", "Pointer", "String", "Struct"):
        count = next(f["assigns"] for f in exact.truth["funcs"] if f["func"] == f"main.touch{kind}")
        assert flat[f"main.touch{kind}"] == count
        assert (flat[f"main.update{kind}"], cum[f"main.update{kind}"]) == (0, count)


def test_goroutine_entry_is_the_root(exact):
    rows = pprof_top(exact.dir / "maps.pb.gz", "-sample_index=assigns", "-functions")
    cum = {name: n for _, n, name in rows}
    assert cum["main.(*session).workAs"] == exact.truth["assigns"]
