# SPDX-License-Identifier: Apache-2.0
"""The plan on the bundled targets, checked against `go tool objdump`."""

import json
import re
import subprocess

import pytest
from harness import CLASSIC, GO, OK, TARGETS, VERSIONS, mapprobe

MAPS = "internal/runtime/maps."
WRITES = [f"runtime.{f}" for f in (
    "mapassign", "mapassign_fast32", "mapassign_fast64", "mapassign_fast64ptr",
    "mapassign_faststr", "mapdelete", "mapdelete_fast32", "mapdelete_fast64",
    "mapdelete_faststr", "mapclear")]
GROWTH = {
    True: ["runtime.hashGrow", *(f"runtime.evacuate{s}" for s in
                                 ("", "_fast32", "_fast64", "_faststr"))],
    False: [MAPS + "(*Map).growToSmall", MAPS + "(*Map).growToTable", MAPS + "(*table).grow",
            MAPS + "(*table).split"],
}


@pytest.fixture(scope="module", params=VERSIONS)
def plan(request):
    done = mapprobe("plan", "-b", TARGETS / request.param / "exact", "-f", "json")
    assert done.returncode == OK, done.stderr
    return request.param, json.loads(done.stdout)


def disassembly(version, function):
    """[(address, instruction)] of one function."""
    done = subprocess.run(
        [GO, "tool", "objdump", "-s", f"^{re.escape(function)}$", TARGETS / version / "exact"],
        capture_output=True, text=True, check=True)
    rows = re.findall(r"^\s+\S+:-?\d+\s+0x([0-9a-f]+)\s+[0-9a-f]+\s+(.*?)\s*$", done.stdout, re.M)
    return [(int(address, 16), insn) for address, insn in rows]


def test_every_map_function_at_an_emulated_site_past_the_stack_check(plan):
    version, p = plan
    sites = {s["function"]: s for s in p["sites"] if s["group"] == "map"}
    for function in WRITES + GROWTH[version in CLASSIC]:
        assert function in sites, (function, p["unavailable"])
        site = sites[function]
        assert site["class"] == "emulated", site
        code = disassembly(version, function)
        # The check of the stack is the first branch; a function without one has a small frame.
        if re.match(r"(CMPQ|LEAQ)", code[0][1]):
            check = next(address for address, insn in code if insn.startswith("JBE"))
            assert site["address"] > check, site


def test_sites_are_instructions(plan):
    """Never the middle of one, never a lock prefix, a ret only where it says what that costs."""
    version, p = plan
    for function in {s["function"] for s in p["sites"]}:
        code = dict(disassembly(version, function))
        for site in p["sites"]:
            if site["function"] != function:
                continue
            insn = code.get(site["address"])
            assert insn is not None, site
            assert not insn.startswith(("LOCK", "INT", "CALL runtime.morestack")), site
            if insn.startswith("RET"):
                assert site["class"] == "single-step" and site["group"] != "map", site


def test_every_choice_is_explained(plan):
    _, p = plan
    for site in p["sites"]:
        assert site["why"] and site["instruction"] and site["class"] in ("emulated", "single-step")
    for missing in p["unavailable"]:
        assert missing["what"] and missing["why"]
    assert len({s["address"] for s in p["sites"]}) == len(p["sites"])


def test_all_groups_have_sites(plan):
    _, p = plan
    assert {s["group"] for s in p["sites"]} == {"map", "gc", "lock", "crash"}


def test_map_kind(plan):
    version, p = plan
    assert p["map_kind"] == ("classic" if version in CLASSIC else "swiss")


def test_growth_the_map_kind_does_not_have_is_no_site(plan):
    version, p = plan
    other = set(GROWTH[version not in CLASSIC])
    assert not other & {s["function"] for s in p["sites"]}


def test_text_says_the_same(plan):
    version, p = plan
    done = mapprobe("plan", "-b", TARGETS / version / "exact")
    assert done.returncode == OK
    for site in p["sites"]:
        assert any(site["point"] in line and site["instruction"] in line and site["why"] in line
                   for line in done.stdout.splitlines()), site
    for missing in p["unavailable"]:
        assert missing["why"] in done.stdout


def test_groups_narrow_it(plan):
    version, _ = plan
    done = mapprobe("plan", "-b", TARGETS / version / "exact", "-f", "json", "-e", "gc,crash")
    assert {s["group"] for s in json.loads(done.stdout)["sites"]} == {"gc", "crash"}


@pytest.mark.parametrize("version", VERSIONS)
def test_pid_and_binary_agree(target, version):
    t = target(version, "exact")
    by_pid = mapprobe("plan", "-p", t.pid, "-f", "json")
    by_file = mapprobe("plan", "-b", t.path, "-f", "json")
    assert by_pid.returncode == by_file.returncode == OK
    a, b = json.loads(by_pid.stdout), json.loads(by_file.stdout)
    assert (a["sites"], a["unavailable"]) == (b["sites"], b["unavailable"])
