# SPDX-License-Identifier: Apache-2.0
"""Programs that none of us wrote, under load: Debian's caddy (Go 1.19, classic maps) and esbuild
(Swiss maps). They come from Debian's archive and the Go proxy into build/real/, once."""

import http.client
import os
import re
import shutil
import socket
import subprocess
import threading
from types import SimpleNamespace

import pytest
from harness import BUILD, OK, SOURCES, all_functions, load_json, mapprobe, pprof_top, until

REAL = BUILD / "real"
ESBUILD = "0.25.0"
CLIENTS = 4


def fetch(command, **kwargs):
    """Runs a command that needs the network; without one there is nothing to test."""
    REAL.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, **kwargs)
    if done.returncode:
        pytest.skip(f"{command[0]} {command[1]}: {done.stderr.strip().splitlines()[-1:]}")
    return done.stdout


@pytest.fixture(scope="module")
def caddy():
    binary = REAL / "caddy"
    if not binary.exists():
        fetch(["apt-get", "download", "caddy"], cwd=REAL)
        package = next(REAL.glob("caddy_*.deb"))
        fetch(["sh", "-c", f"dpkg --fsys-tarfile {package} | tar -xO ./usr/bin/caddy >caddy.new"],
              cwd=REAL)
        (REAL / "caddy.new").chmod(0o755)
        (REAL / "caddy.new").rename(binary)
    return binary


@pytest.fixture(scope="module")
def esbuild():
    binary = REAL / "esbuild"
    if not binary.exists():
        go = fetch([str(SOURCES / "toolchain"), "1.26.8"]).strip()
        fetch([go, "install", f"github.com/evanw/esbuild/cmd/esbuild@v{ESBUILD}"], cwd=REAL,
              env={**os.environ, "GOBIN": str(REAL), "GOFLAGS": "-mod=mod", "GOTOOLCHAIN": "local",
                   "CGO_ENABLED": "0"})
    return binary


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Load:
    """Some clients that ask for one page again and again, until the `with` block ends."""

    def __init__(self, port, page):
        self.port, self.page = port, page
        self.done = threading.Event()
        self.served = 0
        self.threads = [threading.Thread(target=self._client) for _ in range(CLIENTS)]

    def _get(self, connection):
        connection.request("GET", self.page)
        response = connection.getresponse()
        response.read()
        return response.status == 200

    def _client(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        while not self.done.is_set():
            try:
                self.served += self._get(connection)
            except (OSError, http.client.HTTPException):
                connection.close()
        connection.close()

    def _answers(self):
        try:
            return self._get(http.client.HTTPConnection("127.0.0.1", self.port, timeout=10))
        except OSError:
            return False

    def __enter__(self):
        until("the server answers", self._answers)
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.done.set()
        for thread in self.threads:
            thread.join()


def observe(command, page, port, tmp_path, *args):
    """mapprobe's summary of a server under load, and what else there is to check."""
    home = {**os.environ, "HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path),
            "XDG_CONFIG_HOME": str(tmp_path)}
    server = subprocess.Popen(list(map(str, command)), env=home, cwd=tmp_path,
                              stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL)
    try:
        with Load(port, page) as load:
            done = mapprobe("attach", "-p", server.pid, "-d", "5s", "-o", tmp_path / "out",
                            *args)
        assert server.poll() is None, "the server did not survive"
    finally:
        server.kill()
        server.wait()
    assert done.returncode == OK, done.stderr
    assert load.served > 0
    return SimpleNamespace(summary=load_json(tmp_path / "out" / "summary.json"), text=done.stdout,
                           maps=tmp_path / "out" / "maps.pb.gz")


def test_caddy(caddy, tmp_path):
    port = free_port()
    (tmp_path / "www").mkdir()
    (tmp_path / "www" / "page.html").write_text("<p>here</p>\n" * 20)
    seen = observe([caddy, "file-server", "--listen", f"127.0.0.1:{port}", "--root",
                    tmp_path / "www"], "/page.html", port, tmp_path)
    assert seen.summary["target"]["go_version"].startswith("go1.19")
    assert seen.summary["target"]["map_kind"] == "classic"
    assert seen.summary["maps"]["assigns"]["hits"] > 0
    names = all_functions(seen.summary)
    # Names of Go 1.19 may be partial, and then mapprobe says that they are.
    partial = [m for m in seen.summary["unavailable"] if "1.19" in m["why"]]
    assert any("caddyserver/caddy" in name for name in names) or partial
    assert any(name.startswith("net/http.") for name in names) or partial


def test_esbuild(esbuild, tmp_path):
    """It builds four times a second at most, whatever the load: few windows would see that."""
    port = free_port()
    for i in range(60):
        (tmp_path / f"m{i}.js").write_text(
            f"export const a{i} = {{ x: {i} }};\nexport function f{i}(y) {{ return y + {i} }}\n")
    (tmp_path / "app.js").write_text("".join(
        f"import {{ a{i}, f{i} }} from './m{i}.js'; console.log(f{i}(a{i}.x));\n"
        for i in range(60)))
    seen = observe([esbuild, "app.js", "--bundle", "--outdir=www", f"--serve=127.0.0.1:{port}"],
                   "/app.js", port, tmp_path, "--max-overhead", "none")
    assert seen.summary["target"]["go_version"] == "go1.26.8"
    assert seen.summary["target"]["map_kind"] == "swiss"
    assert seen.summary["target"]["module"] == "github.com/evanw/esbuild"
    assert seen.summary["maps"]["assigns"]["hits"] > 0
    ours = "github.com/evanw/esbuild/internal/"
    assert any(ours in name for name in all_functions(seen.summary))
    assert any(ours in name for _, _, name in pprof_top(seen.maps, "-functions"))
    assert any("github.com/evanw/esbuild" in (m["type"] or "") or "[" in (m["type"] or "")
               for m in seen.summary["maps"]["list"])
    assert re.search(r"\b(cache|js_parser|linker|renamer|resolver)\.\(\*", seen.text)


@pytest.fixture(scope="module", autouse=True)
def tools():
    for tool in ("apt-get", "dpkg", "go"):
        if not shutil.which(tool):
            pytest.skip(f"{tool} is not there")
