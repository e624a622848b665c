# SPDX-License-Identifier: Apache-2.0
"""strip(1) changes nothing in summary.json but .target.stripped."""

import difflib
import json
import shutil
import subprocess

import pytest
from harness import OK, TARGETS, VERSIONS, build_exact, observe

# No growth that depends on the seed of a map's hash, and one collection, at a known place.
ARGS = ["-n", 400, "-rotations", 0, "-gc"]
ENV = {"GOGC": "off"}

# What differs between any two sessions on one binary. Only the value is masked: where one session
# has null, the other must have it too. A name stands for itself everywhere, a path for one place.
MASKED = {
    # the clock and the CPU
    "start_unix_ns", "duration_ns", "at_ns", "start_ns", "end_ns", "mark_term_ns", "mark_ns",
    "stw_ns", "stopping_ns", "stopped_ns", "total_ns", "worker_ns", "worker_idle_ns", "sum_ns",
    "min_ns", "max_ns", "p50_ns", "p90_ns", "p99_ns", "p999_ns", "buckets", "cost_ns",
    "overhead_ns", "own_cpu_ns", "target_cpu_ns", "overhead.measured",
    "overhead.ns_per_hit.emulated", "overhead.ns_per_hit.single_step",
    # the process and its heap
    "target.pid", "tid", "goid", "maps.list[].addr", "heap_start_bytes", "heap_end_bytes",
    "gctrace",
    # how the GC's work is spread over its workers
    "gc.cycles[].workers", *(f"overhead.sites[gc.{point}].hits" for point in (
        "drain", "drain_end", "mark_done")),
    # how many writes it takes to evacuate a classic map: by the seed of its hash
    "maps.evacuations.hits", "maps.list[].evacuations",
    *(f"overhead.sites[map.evacuate{kind}].hits" for kind in ("", "_fast32", "_fast64",
                                                              "_faststr")),
}
MASKED_IF_PIE = {"pc", "overhead.sites[].addr"}  # where it was loaded
LEFT_OUT = {"maps.list[].read"}  # may be null: mapprobe reads when it has the time
# Equal elements are ranked by an address or by which came first.
UNORDERED = {"maps.list", "maps.list[].sites", "stacks"}


def masked(summary, masks):
    """A summary as any other session's would be; stacks are where the numbers of them were."""
    def walk(value, path):
        name = path.rsplit(".", 1)[-1]
        if name == "stack_index" and value is not None:
            return walk(summary["stacks"][value], "stacks[]")
        if value is not None and masks & {path, name}:
            return "masked"
        if isinstance(value, list):
            elements = [walk(v, f"{path}[]") for v in value]
            return sorted(elements, key=json.dumps) if path in UNORDERED else elements
        if isinstance(value, dict):
            members = {k: walk(v, f"{path}.{k}".lstrip(".")) for k, v in value.items()
                       if f"{path}.{k}" not in LEFT_OUT}
            if f"overhead.sites[{value.get('point')}].hits" in masks:
                members["hits"] = "masked"
            return members
        return value

    return walk(summary, "")


def session(directory, binary, pie):
    directory.mkdir()
    done = observe(directory, binary, args=ARGS, env=ENV)
    assert done.status == OK, done.stderr
    return masked(done.summary, MASKED | MASKED_IF_PIE if pie else MASKED)


def difference(a, b):
    lines = [json.dumps(s, indent=1).splitlines() for s in (a, b)]
    return "\n".join(difflib.unified_diff(*lines, n=3, lineterm=""))


@pytest.mark.parametrize("version, pie", [*((version, False) for version in VERSIONS),
                                          ("1.26.8", True)])
def test_stripping_changes_nothing(tmp_path, version, pie):
    binary = tmp_path / "exact"
    if pie:
        build_exact(version, binary, "-buildmode=pie")
    else:
        shutil.copy(TARGETS / version / "exact", binary)
    first = session(tmp_path / "first", binary, pie)
    assert difference(first, session(tmp_path / "again", binary, pie)) == ""
    subprocess.run(["strip", binary], check=True)
    stripped = session(tmp_path / "stripped", binary, pie)
    assert (first["target"].pop("stripped"), stripped["target"].pop("stripped")) == (False, True)
    assert difference(first, stripped) == ""
