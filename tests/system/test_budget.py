# SPDX-License-Identifier: Apache-2.0
"""Windows instead of everything: what comes out is called an estimate, and is near the truth."""

import re

import pytest
from harness import OK, VERSIONS, load_json

# How far an estimate may be off: one session of a few seconds is a small sample, and the target's
# rate is not quite steady.
FACTOR = 2


@pytest.mark.parametrize("version", VERSIONS)
def test_estimates(target, attach, tmp_path, version):
    t = target(version, "store", "-d", "10m")
    t.go()
    a = attach(t.pid, "-d", "6s", "-o", tmp_path / "out")
    assert a.wait() == OK, a.err
    truth, status = t.terminate()
    assert status == 0
    summary = load_json(tmp_path / "out" / "summary.json")
    assigns = summary["maps"]["assigns"]
    assert assigns["known"] and not assigns["exact"] and assigns["hits"] > 0
    estimate = assigns["estimated"]
    assert not estimate["lower_bound"]
    assert estimate["lo"] <= estimate["value"] <= estimate["hi"]
    seconds = summary["duration_ns"] / 1e9
    rate = truth["assigns"] / (truth["duration_ns"] / 1e9)
    assert 1 / FACTOR < estimate["value"] / (rate * seconds) < FACTOR
    assert summary["overhead"]["windows"] > 0
    assert summary["overhead"]["budget"] == 0.01
    assert any(s["windowed"] for s in summary["overhead"]["sites"])
    assert re.search(r"map\[string\]\*main\.Order", a.out)
    assert summary["loss"]["events"] == 0
