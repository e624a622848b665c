# SPDX-License-Identifier: Apache-2.0
"""What the benchmarks share."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build" / "bench"
MAPPROBE = ROOT / "build" / "mapprobe"
TARGETS = ROOT / "build" / "targets"
GO = subprocess.run([ROOT / "targets" / "toolchain", "local"], capture_output=True, text=True,
                    check=True).stdout.strip()


class Running:
    """A program that runs in the background for as long as the block."""

    def __init__(self, *command):
        self.command = list(map(str, command))

    def __enter__(self):
        self.proc = subprocess.Popen(self.command, stdin=subprocess.DEVNULL,
                                     stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return self.proc.pid

    def __exit__(self, *_):
        self.proc.kill()
        self.proc.wait()


def table(head, rows):
    lines = [head, ["---"] * len(head), *rows]
    return "".join("| " + " | ".join(map(str, line)) + " |\n" for line in lines)
