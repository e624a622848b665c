# SPDX-License-Identifier: Apache-2.0
"""docs/kernels.md: what `mapprobe check` said on each kernel of the last run, and on this one.

Without what differs from run to run: measured times, and the current kernel's exact release.
"""

import os
import re
import sys
from pathlib import Path

import vm
from harness import mapprobe

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "kernels.md"

HEAD = """\
# Kernels

Written by `make kernels` from its last run; not by hand. `mapprobe check` tries each feature on
mapprobe's own code, whatever the version says: distributions backport.

"""

GAP = """\

Kernels 6.6 to 6.9 have uprobe_multi, but it filters by thread there and misses the target's other
threads (fixed by commit 46ba0e49b642 of 6.10). No release of Debian has one of them, so none is run
here. `check` probes a function and calls it from a second thread: such a kernel gets "no" at
uprobe_multi, "attached, but a thread other than the first is not seen", and the sites are attached
by perf events, as they are on 5.10 and 6.1 here.

Without root, CAP_BPF, CAP_PERFMON and CAP_SYS_PTRACE are enough for uprobe_multi. For perf events
all kernels here want CAP_SYS_ADMIN (5.10 only while `kernel.perf_event_paranoid` is above 2, as it
is by default on Debian), and those before 5.11 charge BPF to the limit of locked memory
(`ulimit -l`), which only root and CAP_SYS_RESOURCE raise. mapprobe says which it is.
"""

ROW = re.compile(r"^  (yes|no|NO) +(\S+(?: \S+)*?)  +")


def features(text):
    """{name: "yes", "no" or "NO"} of what check printed."""
    return {m[2]: m[1] for m in map(ROW.match, text.splitlines()) if m}


def without_times(text):
    kept = [line for line in text.splitlines() if not line.startswith(("kernel ", "A hit costs"))]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip("\n")


def main():
    if os.geteuid() != 0:
        print(f"kernels: {DOCUMENT.name} is not written: only root gets this kernel's answers")
        return
    texts = {}
    for kernel in vm.KERNELS:
        package = (kernel.dir / "package").read_text().strip()
        texts[kernel.version] = (f"Debian {kernel.suite}: {package}",
                                 (kernel.out / "check" / "attach.out").read_text())
    version = ".".join(os.uname().release.split(".")[:2])
    texts[f"{version} (here)"] = ("the kernel that the other tests ran on",
                                  mapprobe("check").stdout)
    rows = {name: features(text) for name, (_, text) in texts.items()}
    names = list(dict.fromkeys(f for row in rows.values() for f in row))
    lines = ["| feature | " + " | ".join(rows) + " |", "|---" * (len(rows) + 1) + "|"]
    lines += [f"| {n} | " + " | ".join(row.get(n, "") for row in rows.values()) + " |"
              for n in names]
    blocks = [f"\n## {name}\n\n{what[0].upper()}{what[1:]}.\n\n```\n{without_times(text)}\n```\n"
              for name, (what, text) in texts.items()]
    DOCUMENT.write_text(HEAD + "\n".join(lines) + "\n" + GAP + "".join(blocks))


if __name__ == "__main__":
    sys.exit(main())
