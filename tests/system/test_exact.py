# SPDX-License-Identifier: Apache-2.0
"""Exact means equal: mapprobe's counts are those that the target kept itself."""

from collections import Counter

from harness import OK, functions

POINTS = {  # of the sites, and the functions of targets/exact/kinds.go that pass there
    "map.assign_fast32": ["main.writeUint32", "main.touchUint32"],
    "map.assign_fast64": ["main.writeUint64", "main.touchUint64"],
    "map.assign_fast64ptr": ["main.writePointer", "main.touchPointer"],
    "map.assign_faststr": ["main.writeString", "main.touchString"],
    "map.assign": ["main.writeStruct", "main.touchStruct"],
    "map.delete_fast32": ["main.deleteUint32"],
    "map.delete_fast64": ["main.deleteUint64", "main.deletePointer"],
    "map.delete_faststr": ["main.deleteString"],
    "map.delete": ["main.deleteStruct"],
}
OPS = ("assigns", "deletes", "clears", "grows")


def test_session_ends_well(exact):
    assert exact.status == OK, exact.stderr
    assert exact.target_status == 0
    assert exact.summary["ended"] == "interrupt" and exact.summary["complete"]
    assert exact.summary["target"]["go_version"] == exact.truth["go"]


def test_nothing_is_lost(exact):
    assert exact.summary["loss"] == {"events": 0, "stacks": 0, "unmatched": 0}
    assert all(s["lost"] == 0 and s["stack_lost"] == 0 for s in exact.summary["overhead"]["sites"])


def test_totals(exact):
    maps = exact.summary["maps"]
    assert {op: maps[op]["hits"] for op in OPS} == {op: exact.truth[op] for op in OPS}
    assert all(maps[op]["exact"] and maps[op]["known"] for op in OPS)


def test_every_variant(exact):
    by_func = {f["func"]: f.get("assigns", 0) + f.get("deletes", 0) for f in exact.truth["funcs"]}
    hits = {s["point"]: s["hits"] for s in exact.summary["overhead"]["sites"]}
    assert {p: hits.get(p) for p in POINTS} == {p: sum(by_func[f] for f in funcs)
                                                for p, funcs in POINTS.items()}


def test_every_writer_function(exact):
    got = {op: Counter() for op in OPS}
    for m in exact.summary["maps"]["list"]:
        assert m["sites_total"] == len(m["sites"])
        for site in m["sites"]:
            for op in OPS:
                got[op][functions(site["stack"])[0]] += site["hits"][op]
    for op in OPS:
        want = {f["func"]: f[op] for f in exact.truth["funcs"] if f.get(op)}
        assert {func: n for func, n in got[op].items() if n} == want


def test_every_map(exact):
    want = {m["addr"]: m for m in exact.truth["maps"]}
    got = {m["addr"]: m for m in exact.summary["maps"]["list"]}
    assert got.keys() == want.keys()
    for addr, m in want.items():
        seen = {op: got[addr][op]["hits"] for op in OPS}
        assert seen == {"assigns": m["assigns"], "deletes": m["deletes"], "clears": m["clears"],
                        "grows": len(m["growths"])}
        assert got[addr]["type"] == m["type"]
        assert got[addr]["goroutines"] == 1
        assert got[addr]["live_state"]
        assert (got[addr]["length"], got[addr]["capacity"]) == (m["length"], m["capacity"])


def test_every_growth(exact):
    """Kind, old and new capacity, in the order in which they happened."""
    got = {m["addr"]: [(g["kind"], g["old_capacity"], g["new_capacity"]) for g in m["growths"]]
           for m in exact.summary["maps"]["list"]}
    want = {m["addr"]: [(g["kind"], g["old"], g["new"]) for g in m["growths"]]
            for m in exact.truth["maps"]}
    assert got == want


def test_goroutines_are_told_apart(exact):
    goids = {g["goid"] for m in exact.summary["maps"]["list"] for g in m["growths"]}
    assert len(goids) == exact.truth["goroutines"] and 0 not in goids


def test_text_has_the_totals(exact):
    digits = exact.stdout.replace(",", "").replace("\u202f", "").replace("'", "")
    for op in ("assigns", "deletes"):
        assert str(exact.truth[op]) in digits
