# SPDX-License-Identifier: Apache-2.0
"""Programs that none of us wrote: from Debian's archive, npm and the Go proxy, by their ordinary
clients, into build/real/, once. Where one cannot be had there is nothing to test."""

import json
import os
import shutil
import socket
import subprocess

import pytest
from harness import BUILD, SOURCES

REAL = BUILD / "real"


def fetch(command, **kwargs):
    """Runs a command that needs the network. One that is not there skips the test, one that fails
    fails it."""
    REAL.mkdir(parents=True, exist_ok=True)
    if not shutil.which(command[0]):
        pytest.skip(f"{command[0]} is not there")
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, **kwargs)
    if done.returncode:
        pytest.fail(f"{command[0]} {command[1]}: {done.stderr.strip().splitlines()[-1:]}")
    return done.stdout


def debian(package):
    """/usr/bin/PACKAGE of Debian's package of that name."""
    binary = REAL / package
    if not binary.exists():
        fetch(["apt-get", "download", package], cwd=REAL)
        deb = next(REAL.glob(f"{package}_*.deb"))
        fetch(["sh", "-c", f"dpkg --fsys-tarfile {deb} | tar -xO ./usr/bin/{package} "
               f">{package}.new"], cwd=REAL)
        (REAL / f"{package}.new").chmod(0o755)
        (REAL / f"{package}.new").rename(binary)
    return binary


def go_install(package, version, go="1.26.8", flags=(), name=None):
    name = name or package.rsplit("/", 1)[-1]
    if not (REAL / name).exists():
        go = fetch([str(SOURCES / "toolchain"), go]).strip()
        fetch([go, "install", *flags, f"{package}@{version}"], cwd=REAL,
              env={**os.environ, "GOBIN": str(REAL), "GOFLAGS": "-mod=mod", "GOTOOLCHAIN": "local",
                   "CGO_ENABLED": "0"})
    return REAL / name


def npm_esbuild():
    """npm's esbuild, stripped and without build info, and its package.json."""
    directory = REAL / "npm-esbuild"
    if not directory.exists():
        tar = json.loads(fetch(["npm", "pack", "--json", "@esbuild/linux-x64@0.28.2"], cwd=REAL))
        fetch(["tar", "-xzf", tar[0]["filename"]], cwd=REAL)
        (REAL / "package").rename(directory)
    return directory / "bin" / "esbuild", json.loads((directory / "package.json").read_text())


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def prometheus_command(binary, directory, port):
    """Prometheus that watches itself every second; on a busy machine that takes a while."""
    (directory / "prometheus.yml").write_text(
        "global: {scrape_interval: 1s, scrape_timeout: 1s}\n"
        "scrape_configs:\n"
        f"- {{job_name: self, static_configs: [{{targets: ['127.0.0.1:{port}']}}]}}\n")
    return [binary, f"--config.file={directory / 'prometheus.yml'}",
            f"--storage.tsdb.path={directory / 'data'}", f"--web.listen-address=127.0.0.1:{port}"]
