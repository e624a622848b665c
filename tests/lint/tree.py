# SPDX-License-Identifier: Apache-2.0
"""The source files: those that git knows or would take, but for what the fuzzers start from."""

import os
import subprocess


def is_c(path):
    return path.endswith((".c", ".h"))


class Tree:
    def __init__(self):
        ls = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "-z"],
                            capture_output=True)
        if ls.returncode == 0:
            paths = os.fsdecode(ls.stdout).split("\0")
        else:  # an unpacked tarball
            paths = [os.path.relpath(os.path.join(top, name)) for top, _, names in os.walk(".")
                     for name in names if not top.startswith(("./build", "./.git"))]
        self.text = {}
        for path in sorted(set(paths)):
            if not os.path.isfile(path) or os.path.islink(path) or "/fuzz/corpus/" in path:
                continue
            with open(path, "rb") as f:
                data = f.read()
            if b"\0" not in data:
                self.text[path] = data.decode("utf-8", "replace")

    def select(self, want):
        """(path, text) of the files whose path or interpreter the function wants."""
        return [(path, text) for path, text in self.text.items() if want(path)]

    def interpreter(self, path):
        """"bash", "python3", "" of a script's first line."""
        first = self.text[path].split("\n", 1)[0]
        return os.path.basename(first.split()[-1]) if first.startswith("#!") else ""

    def lines(self, want):
        """(path, number, line) of the files."""
        for path, text in self.select(want):
            for number, line in enumerate(text.splitlines(), 1):
                yield path, number, line
