# SPDX-License-Identifier: Apache-2.0
"""The matrix: Go versions and build modes, and how a cell's binary is built."""

import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "system"))

from harness import BUILD, SOURCES, build_exact, go_env, toolchain  # noqa: E402

VERSIONS = ["1.17.13", "1.18.10", "1.19.13", "1.20.14", "1.21.13", "1.22.12", "1.23.12", "1.24.4",
            "1.25.5", "1.26.8", "1.27.3"]
OLDEST, SWISS, NEWEST = 17, 24, 27  # minor versions; the one that brought Swiss maps


def strip(built, binary):
    subprocess.run(["strip", "-o", binary, built], check=True)


def link_with_c(archive, binary):
    """gcc as it comes: Debian's makes position-independent programs."""
    subprocess.run(["gcc", f"-I{archive.parent}", "-o", binary, SOURCES / "exact/archive/main.c",
                    archive, "-lpthread"], check=True)


@dataclass(frozen=True)
class Mode:
    name: str
    title: str
    flags: tuple = ()  # of go build
    env: dict = field(default_factory=dict)
    output: str = "exact"  # of go build
    finish: callable = None  # makes the binary of another output
    since: int = OLDEST
    until: int = NEWEST
    stripped: bool = False
    pie: bool = False
    classic_maps: bool = False

    @property
    def cgo(self):
        return "CGO_ENABLED" in self.env

    @property
    def by_env(self):
        """A mode that is a variable of the go command, which not every version has."""
        return bool(self.env) and not self.cgo


MODES = [
    Mode("default", "default"),
    Mode("ldflags", '`-ldflags "-s -w"`', ("-ldflags=-s -w",), stripped=True),
    Mode("strip", "strip(1)", output="unstripped", finish=strip, stripped=True),
    Mode("trimpath", "`-trimpath`", ("-trimpath",)),
    Mode("pie", "`-buildmode=pie`", ("-buildmode=pie",), pie=True),
    Mode("v3", "`GOAMD64=v3`", env={"GOAMD64": "v3"}, since=18),
    Mode("noswissmap", "`GOEXPERIMENT=noswissmap`", env={"GOEXPERIMENT": "noswissmap"},
         since=SWISS, until=25, classic_maps=True),
    Mode("cgo", "cgo, linked externally", ("-ldflags=-linkmode=external",),
         {"CGO_ENABLED": "1"}),
    Mode("c-archive", "`-buildmode=c-archive` in a C program", ("-buildmode=c-archive",),
         {"CGO_ENABLED": "1"}, output="exact.a", finish=link_with_c, pie=True),
]


@dataclass(frozen=True)
class Cell:
    version: str
    mode: Mode

    def __str__(self):
        return f"{self.version} {self.mode.name}"

    @property
    def minor(self):
        return int(self.version.split(".")[1])

    @property
    def there(self):
        """Whether that Go can be told to build in that mode."""
        return self.mode.since <= self.minor <= self.mode.until

    @property
    def map_kind(self):
        return "classic" if self.minor < SWISS or self.mode.classic_maps else "swiss"

    def build(self):
        """The binary; quick when it is there already and nothing has changed."""
        directory = BUILD / "matrix" / f"go{self.version}" / self.mode.name
        directory.mkdir(parents=True, exist_ok=True)
        built, binary = directory / self.mode.output, directory / "exact"
        build_exact(self.version, built, *self.mode.flags, **self.mode.env)
        if self.mode.finish:
            self.mode.finish(built, binary)
        return binary

    def refusal(self):
        """What the go command itself says when it does not know what the mode asks for, or None."""
        name, value = next(iter(self.mode.env.items()))
        done = subprocess.run([toolchain(self.version), "env", name], env=go_env(**self.mode.env),
                              cwd="/", capture_output=True, text=True)
        if done.returncode:
            return f"`{done.stderr.strip()}`"
        return None if done.stdout.strip() == value else f"`go env {name}` is empty"


ALL = [Cell(version, mode) for version in VERSIONS for mode in MODES]
THERE = [cell for cell in ALL if cell.there]


def cross_section():
    """Every version once and every mode once or twice: a diagonal, begun where it hits cells that
    are there."""
    cells = [Cell(version, MODES[(i - 2) % len(MODES)]) for i, version in enumerate(VERSIONS)]
    assert {c.mode.name for c in cells} == {m.name for m in MODES} and all(c.there for c in cells)
    return cells
