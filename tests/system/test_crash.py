# SPDX-License-Identifier: Apache-2.0
"""A process that the runtime ends: the message, who noticed, and exit status 6."""

import pytest
from harness import CRASHED, VERSIONS, functions, load_json, mapprobe


@pytest.mark.parametrize("overhead", ["1%", "none"])
@pytest.mark.parametrize("version", VERSIONS)
def test_concurrent_map_writes(target, attach, tmp_path, version, overhead):
    t = target(version, "race")
    a = attach(t.pid, "-o", tmp_path / "out", "--record", tmp_path / "recording",
               "--max-overhead", overhead).wait_armed()
    t.go()
    truth = t.truth()
    assert a.wait() == CRASHED, a.err
    # The process ended as it would have.
    assert t.wait() == 2
    assert "fatal error: concurrent map writes" in t.errors()

    summary = load_json(tmp_path / "out" / "summary.json")
    crash = summary["crash"]
    assert summary["ended"] == "target exited"
    assert (crash["kind"], crash["message"]) == ("fatal", truth["message"])
    noticed = next(w for w in truth["writers"] if w["goid"] == crash["goid"])
    assert noticed["func"] in functions(crash["stack"])
    assert {w["goid"] for w in crash["writers"]} <= {w["goid"] for w in truth["writers"]}
    assert truth["message"] in a.out

    replay = mapprobe("report", tmp_path / "recording", "-f", "json")
    assert replay.stdout == (tmp_path / "out" / "summary.json").read_text()
