# SPDX-License-Identifier: Apache-2.0
"""What an older kernel does otherwise, and what it must not: warn, keep a probe, lose a target."""

import re

from document import features
from harness import OK, UNAVAILABLE


def test_check(kernel, ran):
    check = ran("check")
    assert check.status == OK, check.stderr
    assert check.stdout.startswith(f"kernel {kernel.version}.")
    got = {name: answer == "yes" for name, answer in features(check.stdout).items()}
    assert got == {"privilege": True, "ringbuf": True, "cookie": kernel.cookie, "uprobe": True,
                   "uprobe_multi": kernel.uprobe_multi, "process": True, "user stack": True,
                   "direct caller": kernel.direct_caller}


def test_locked_memory(kernel):
    """All that ran as root ran with the old default, which BPF before 5.11 is charged to."""
    assert (kernel.out / "memlock").read_text().strip() == "64"


def test_windows(windows):
    """The default mode runs and owns to what it is. How near an estimate is cannot be judged here:
    whether an emulated processor runs at all in a window of 2 ms is up to the host."""
    assert windows.status == OK, windows.stderr
    assert windows.target_status == 0, windows.target_errors
    summary = windows.summary
    assert summary["loss"]["events"] == 0
    assert summary["overhead"]["windows"] > 0
    assert any(s["windowed"] for s in summary["overhead"]["sites"])
    assert summary["gc"]["cycles"]  # from sites that are not windowed
    assigns = summary["maps"]["assigns"]
    assert assigns["known"] and not assigns["exact"]
    estimate = assigns["estimated"]
    assert assigns["hits"] <= estimate["lo"] <= estimate["value"]
    assert estimate["lower_bound"] or estimate["value"] <= estimate["hi"]
    assert assigns["hits"] < windows.truth["assigns"]


def test_probes_are_seen_in_the_code(code):
    """What the next two tests rely on: with everything armed, the code differs."""
    armed = [int(changed) for _, overhead, changed in code("armed") if overhead == "none"]
    assert len(armed) == 2 and all(n > 10 for n in armed)


def test_attach_again_and_again(kernel, code):
    assert code("rounds") == [["0", "0"]] * 20
    assert (kernel.out / "rounds" / "target.status").read_text().strip() == "0"


def test_kill(kernel, code):
    assert code("kills") == [["0", "0"]] * 6
    assert (kernel.out / "kills" / "target.status").read_text().strip() == "0"


def test_kernel_does_not_complain(kernel):
    bad = re.compile(r"\b(WARNING|BUG|Oops)\b|leaking|uprobe")
    log = (kernel.out / "dmesg").read_text().splitlines()
    assert any("Linux version" in line for line in log)  # from its beginning
    assert not [line for line in log if bad.search(line)]


def test_no_privilege(ran):
    check, attach = ran("no-privilege-check"), ran("no-privilege")
    assert (check.status, attach.status) == (UNAVAILABLE, UNAVAILABLE)
    assert "CAP_BPF is missing" in check.stdout
    assert features(check.stdout)["cookie"] == "no"  # what was not tried is not promised
    assert "CAP_SYS_PTRACE" in attach.stderr


def test_three_capabilities(kernel, ran):
    """They are enough for uprobe_multi. For perf events these kernels want CAP_SYS_ADMIN, and
    before 5.11 the limit of locked memory is in the way even earlier: each is said."""
    limited, unlimited = ran("capabilities"), ran("capabilities-memory")
    if kernel.uprobe_multi:
        assert (limited.status, unlimited.status) == (OK, OK), limited.stderr + unlimited.stderr
        return
    assert (limited.status, unlimited.status) == (UNAVAILABLE, UNAVAILABLE)
    assert "CAP_SYS_ADMIN" in unlimited.stderr
    said = "limit of locked memory, 64 KiB" if kernel.locked_memory else "CAP_SYS_ADMIN"
    assert said in limited.stderr
