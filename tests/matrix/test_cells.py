# SPDX-License-Identifier: Apache-2.0
"""The cells of the matrix are what they say. test_exact.py, the other checks, is tests/system's."""

from harness import all_functions


def test_the_build_is_recognised(exact):
    target, mode = exact.summary["target"], exact.cell.mode
    assert (target["stripped"], target["pie"], target["map_kind"]) == (
        mode.stripped, mode.pie, exact.cell.map_kind)
    files = {frame["file"] for stack in exact.summary["stacks"] for frame in stack
             if frame["func"] == "main.writeString"}
    assert [file.startswith("/") for file in files] == [mode.name != "trimpath"]


def test_c_threads_are_seen_where_there_are_some(exact):
    assert ("main.ExactWorkAs" in all_functions(exact.summary)) == exact.cell.mode.cgo


def test_go_has_the_mode_or_says_that_it_has_not(by_env, record_property):
    refusal = by_env.refusal()
    assert (refusal is None) == by_env.there
    record_property("refusal", refusal)
