# SPDX-License-Identifier: Apache-2.0
"""Stacks are whole, or say where they stop; C that calls Go is in them as far as it can be had."""

import json
import re
from collections import Counter

import pytest
from harness import OK, TARGETS, VERSIONS, mapprobe, observe, pprof_top

FRAME_POINTERS = ["callback", "callback-nofp"]
STOPS = "(stack stops here: C code without frame pointers)"
MISSING = "(frames missing: C code without frame pointers)"


def names(stack):
    """The functions of a stack; without what gcc appends to a copy, and cgo's hash."""
    return [re.sub(r"^_cgo_\w+_(Cfunc_)", r"_\1", f["func"].split(".isra")[0]) for f in stack]


def between(found, first, last):
    return found[found.index(first):found.index(last) + 1]


@pytest.fixture(scope="module", params=[(v, n) for v in VERSIONS for n in FRAME_POINTERS],
                ids="-".join)
def callback(request, tmp_path_factory):
    version, name = request.param
    return observe(tmp_path_factory.mktemp("callback"), TARGETS / version / name)


def whole(session):
    """Every hit whose stack was taken has one, up to its root."""
    assert session.status == OK, session.stderr
    unwinding = dict(session.summary["unwinding"])
    assert unwinding.pop("complete") > 0
    assert not any(unwinding.values()), unwinding


def test_exact_is_whole(exact):
    whole(exact)


def test_locks_are_whole(locks):
    whole(locks)


def test_pauses_are_whole(pauses):
    whole(pauses)


def maps_of(session):
    return {m["addr"]: m for m in session.summary["maps"]["list"]}


def test_counts(callback):
    assert callback.status == OK, callback.stderr
    assert callback.target_status == 0
    assert callback.summary["loss"] == {"events": 0, "stacks": 0, "unmatched": 0}
    maps = maps_of(callback)
    for writer in callback.truth["threads"] + callback.truth["nested"]:
        m = maps[writer["map"]]
        assert m["assigns"]["hits"] == writer["assigns"] and m["assigns"]["exact"]
        assert m["goroutines"] == 1


def test_goroutines_and_threads(callback):
    writers = callback.truth["threads"] + callback.truth["nested"]
    assert len({w["goid"] for w in writers}) == len(writers) == 5
    assert len({w["tid"] for w in writers}) == 5
    maps = maps_of(callback)
    for writer in writers:
        seen = {(g["goid"], g["tid"]) for g in maps[writer["map"]]["growths"]}
        assert seen == {(writer["goid"], writer["tid"])}


def test_stacks_of_c_threads(callback):
    """One stack per thread; with frame pointers, all of C up to the thread's first function."""
    maps = maps_of(callback)
    for writer in callback.truth["threads"]:
        site, = [s for s in maps[writer["map"]]["sites"] if s["hits"]["assigns"]]
        found = names(site["stack"])
        assert found[:3] == ["main.(*writer).write", "main.writeThread", "main.goWriteThread"]
        c = between(found, "crosscall2", STOPS)
        if "nofp" in callback.name:
            assert c == ["crosscall2", "goWriteThread", STOPS]
        else:
            assert c[:-2] == ["crosscall2", "goWriteThread", "chain_inner",
                              "apply_hidden (libchain.so)", "chain_apply (libchain.so)",
                              "chain_outer", "chain_thread"]
            assert c[-2].startswith("libc.so.6+0x") or c[-2].endswith("(libc.so.6)")


def test_stacks_of_go_that_called_c(callback):
    """Whole up to goexit, whatever C is compiled with; both Go callers are told apart."""
    writer, = callback.truth["nested"]
    sites = [s for s in maps_of(callback)[writer["map"]]["sites"] if s["hits"]["assigns"]]
    count = Counter()
    for site in sites:
        found = names(site["stack"])
        caller, = {"main.callOne", "main.callOther"} & set(found)
        count[caller] += site["hits"]["assigns"]
        assert found[:3] == ["main.(*writer).write", "main.writeNested", "main.goWriteNested"]
        c = between(found, "crosscall2", "runtime.main")
        if "nofp" in callback.name:
            assert c[1:-5] == ["goWriteNested", MISSING]
        else:
            assert c[1:-5] == ["goWriteNested", "chain_step", "chain_nested",
                               "_Cfunc_chain_nested", "runtime.asmcgocall"]
        assert c[-5:] == ["runtime.cgocall", "main._Cfunc_chain_nested", caller, "main.main",
                          "runtime.main"]
    assert len(sites) == 2
    assert count["main.callOne"] == count["main.callOther"] == writer["assigns"] // 2


def test_ends_are_counted(callback):
    """By hit: C's threads stop in the C library, everything else is whole."""
    unwinding = callback.summary["unwinding"]
    from_threads = sum(w["assigns"] for w in callback.truth["threads"])
    grown = sum(len(m["growths"]) for a, m in maps_of(callback).items()
                if a in {w["map"] for w in callback.truth["threads"]})
    assert unwinding["c_code"] >= from_threads + grown
    assert unwinding["deeper"] == unwinding["unknown"] == 0
    nested, = callback.truth["nested"]
    assert unwinding["complete"] >= nested["assigns"]
    assert (unwinding["gaps"] >= nested["assigns"]) == ("nofp" in callback.name)


def test_profile_and_text(callback):
    cum = {name: cum for _, cum, name in pprof_top(callback.dir / "maps.pb.gz")}
    assert cum[STOPS] == sum(w["assigns"] for w in callback.truth["threads"])
    assert "that stops early" in callback.stdout


def test_replay(callback):
    done = mapprobe("report", callback.recording, "-f", "json")
    assert done.returncode == OK, done.stderr
    assert json.loads(done.stdout) == callback.summary
    assert done.stdout == (callback.dir / "summary.json").read_text()
