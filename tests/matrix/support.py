# SPDX-License-Identifier: Apache-2.0
"""docs/support.md, from the outcome of the tests of every cell."""

import platform
import re

import cells
from harness import ROOT

FILE = ROOT / "docs" / "support.md"
HEAD = """\
# Go versions and build modes

Written by `make matrix` from its run, not by hand. It ran on Linux {kernel}, x86-64.

A cell is `targets/exact`, built by that Go in that mode, and one session of `mapprobe attach
--max-overhead none` on it. The target keeps count of what it does with its maps, and looks at their
headers to see them grow. A letter says that mapprobe told the same:

| | what was equal |
|---|---|
{letters}

The session also ended well, nothing was lost, goroutines were told apart, and mapprobe knew the Go
version, the kind of maps, and whether the binary is stripped and position-independent. With cgo and
in the C program half of the goroutines are calls from threads that C started.

"""
LETTERS = {  # tests of test_exact.py
    "V": ("test_every_variant", "how often each of the runtime's functions for writes was called"),
    "F": ("test_every_writer_function", "the operations of each function of the target"),
    "M": ("test_every_map", "each map: address, type, length, capacity, operations"),
    "G": ("test_every_growth", "each growth: kind, old and new capacity, order"),
}


class Support:
    """Collects outcomes; a pytest plugin."""

    def __init__(self):
        self.passed = {}  # names of tests, by cell
        self.refusals = {}  # what Go said, by cell
        self.whole = True  # all ran, and passed

    def pytest_deselected(self):
        self.whole = False

    def pytest_runtest_logreport(self, report):
        name, cell = re.fullmatch(r".*::(\w+)\[(.*)\]", report.nodeid).groups()
        if not report.passed:
            self.whole = False
        elif report.when == "call":
            self.passed.setdefault(cell, set()).add(name)
            self.refusals.update({cell: text for key, text in report.user_properties
                                  if key == "refusal" and text})

    def pytest_sessionfinish(self):
        checks = {name for name, _ in LETTERS.values()}
        if self.whole and all(checks <= self.passed.get(str(cell), set()) for cell in cells.THERE):
            FILE.write_text(self.render(), encoding="utf-8")

    def render(self):
        notes = {text: i for i, text in enumerate(dict.fromkeys(self.refusals.values()), 1)}
        head = HEAD.format(kernel=re.match(r"[\d.]+", platform.release())[0], letters="\n".join(
            f"| {letter} | {what} |" for letter, (_, what) in LETTERS.items()))
        rows = [["Go", *(mode.title for mode in cells.MODES)], ["---"] * (1 + len(cells.MODES))]
        for version in cells.VERSIONS:
            row = [str(cells.Cell(version, mode)) for mode in cells.MODES]
            rows.append([version, *(self.outcome(cell, notes) for cell in row)])
        lines = [f"| {' | '.join(row)} |" for row in rows]
        lines += ["", *(f"[^{i}]: Not in this Go: {text}." for text, i in notes.items())]
        return head + "\n".join(lines) + "\n"

    def outcome(self, cell, notes):
        if cell in self.refusals:
            return f"-[^{notes[self.refusals[cell]]}]"
        return " ".join(letter for letter, (name, _) in LETTERS.items()
                        if name in self.passed[cell])
