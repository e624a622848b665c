# SPDX-License-Identifier: Apache-2.0
"""Programs that none of us wrote, under load: Debian's caddy and prometheus (Go 1.19, classic maps,
stripped) and esbuild (Swiss maps), built from source and npm's, which is stripped of all it can be.
"""

import http.client
import os
import re
import subprocess
import threading
from types import SimpleNamespace

from harness import OK, all_functions, load_json, mapprobe, pprof_top, until
from real import debian, free_port, go_install, npm_esbuild, prometheus_command

CLIENTS = 4


class Load:
    """Some clients that ask for one page again and again, from when it has what is wanted until the
    `with` block ends."""

    def __init__(self, port, page, pause=0, wanted=b""):
        self.port, self.page, self.pause, self.wanted = port, page, pause, wanted
        self.done = threading.Event()
        self.served = 0
        self.threads = [threading.Thread(target=self._client) for _ in range(CLIENTS)]

    def _get(self, connection):
        connection.request("GET", self.page)
        response = connection.getresponse()
        return self.wanted in response.read() and response.status == 200

    def _client(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        while not self.done.wait(self.pause):
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


def observe(command, page, port, tmp_path, *args, **load):
    """mapprobe's summary of a server under load, and what else there is to check."""
    home = {**os.environ, "HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path),
            "XDG_CONFIG_HOME": str(tmp_path)}
    server = subprocess.Popen(list(map(str, command)), env=home, cwd=tmp_path,
                              stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL)
    try:
        with Load(port, page, **load) as load:
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


def test_caddy(tmp_path):
    caddy = debian("caddy")
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


def test_prometheus(tmp_path):
    """It begins to scrape seconds after its start. A request makes maps, each a sample in
    the profile: not too many requests."""
    port = free_port()
    seen = observe(prometheus_command(debian("prometheus"), tmp_path, port),
                   "/api/v1/query?query=up", port, tmp_path, "--max-overhead", "none", pause=0.05,
                   wanted=b'"value"')
    assert seen.summary["target"]["go_version"].startswith("go1.19")
    assert seen.summary["target"]["stripped"] and seen.summary["target"]["map_kind"] == "classic"
    writers = {frame["func"] for m in seen.summary["maps"]["list"] for site in m["sites"]
               for frame in site["stack"][:1]}
    ours = "github.com/prometheus/prometheus/"
    assert any(w.startswith(ours + "scrape.(*scrapeCache).") for w in writers), writers
    assert any(ours in name for _, _, name in pprof_top(seen.maps, "-functions"))
    assert any("scrape." in (m["type"] or "") or "labels." in (m["type"] or "")
               for m in seen.summary["maps"]["list"])


def observe_esbuild(binary, tmp_path):
    """It builds four times a second at most, whatever the load: few windows would see that."""
    port = free_port()
    for i in range(60):
        (tmp_path / f"m{i}.js").write_text(
            f"export const a{i} = {{ x: {i} }};\nexport function f{i}(y) {{ return y + {i} }}\n")
    (tmp_path / "app.js").write_text("".join(
        f"import {{ a{i}, f{i} }} from './m{i}.js'; console.log(f{i}(a{i}.x));\n"
        for i in range(60)))
    seen = observe([binary, "app.js", "--bundle", "--outdir=www", f"--serve=127.0.0.1:{port}"],
                   "/app.js", port, tmp_path, "--max-overhead", "none")
    assert seen.summary["target"]["map_kind"] == "swiss"
    assert seen.summary["maps"]["assigns"]["hits"] > 0
    ours = "github.com/evanw/esbuild/internal/"
    assert any(ours in name for name in all_functions(seen.summary))
    assert any(ours in name for _, _, name in pprof_top(seen.maps, "-functions"))
    assert any("github.com/evanw/esbuild" in (m["type"] or "") or "[" in (m["type"] or "")
               for m in seen.summary["maps"]["list"])
    assert re.search(r"\b(cache|js_parser|linker|renamer|resolver)\.\(\*", seen.text)
    return seen.summary["target"]


def test_esbuild(tmp_path):
    binary = go_install("github.com/evanw/esbuild/cmd/esbuild", "v0.25.0")
    target = observe_esbuild(binary, tmp_path)
    assert target["go_version"] == "go1.26.8"
    assert target["module"] == "github.com/evanw/esbuild"
    assert not target["stripped"]


def test_npm_esbuild(tmp_path):
    binary, _ = npm_esbuild()
    target = observe_esbuild(binary, tmp_path)
    assert target["go_version"].encode() in binary.read_bytes()
    assert target["stripped"]
