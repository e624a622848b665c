# SPDX-License-Identifier: Apache-2.0
"""`mapprobe ps`: right in every column, for programs that none of us wrote too; and whom it may not
look at."""

import os
import pty
import re
import signal
import struct
import subprocess
import sys
import urllib.request
from fcntl import ioctl
from pathlib import Path
from termios import TIOCSWINSZ

import pytest
from harness import (GO, MAPPROBE, NEWEST, NOBODY, OK, OWN_PID_NAMESPACE, TARGETS, Target, child_of,
                     mapprobe, ps, until)
from real import debian, free_port, go_install, npm_esbuild, prometheus_command

COLUMNS = ["PID", "GO", "MODULE", "VERSION", "MAPS", "STRIPPED", "MEMPROFILE", "CONTAINER",
           "AVAILABLE", "PROGRAM"]


def rows(text):
    """{pid: {column: cell}} of a table; cells stand below their titles."""
    lines = text.splitlines()
    title = next(i for i, line in enumerate(lines) if line.split()[:1] == ["PID"])
    starts = [lines[title].index(name) for name in COLUMNS]
    found = {}
    for line in lines[title + 1:]:
        if re.match(r"\s*\d+  ", line):
            cells = [line[a:b].strip() for a, b in zip([0, *starts[1:]], [*starts[1:], None])]
            found[int(cells[0])] = dict(zip(COLUMNS, cells))
    return found


# --- the truth, from others -----------------------------------------------------------------------

def build_info(binary):
    """go version -m: the Go version, the module and its version; None without."""
    done = subprocess.run([GO, "version", "-m", binary], capture_output=True, text=True)
    if done.returncode:
        return None, None, None
    go = done.stdout.splitlines()[0].split(": ", 1)[1]
    line = {f[0]: f[1:] for f in map(str.split, done.stdout.splitlines()[1:])}
    module = line.get("mod", line.get("path"))
    return go, module[0], line["mod"][1] if "mod" in line else None


def readelf(binary, option):
    return subprocess.run(["readelf", "-W", option, binary], capture_output=True, text=True,
                          check=True).stdout


def samples_heap(binary):
    """Whether it can ask for a heap profile: else the linker drops the function that writes one."""
    data = Path(binary).read_bytes()
    return any(b"\0" + name + b"\0" in data
               for name in (b"runtime.MemProfile", b"runtime.memProfileInternal"))


def limits(go):
    """What the runtime of this version does not tell (user/plan/catalogue.c says why)."""
    minor = int(re.match(r"go1\.(\d+)", go)[1])
    return {*(["stw.reason"] if minor < 21 else []), *(["lock.rwmutex"] if minor < 20 else [])}


def expect(binary, rate, go=None):
    """What ps should say of a process of this binary, whose start said what the rate is."""
    version, module, module_version = build_info(binary)
    version = version or go
    minor = int(re.match(r"go1\.(\d+)", version)[1])
    state = "linked out" if not samples_heap(binary) else "on" if rate else "off"
    return {
        "exe": str(binary), "go_version": version, "module": module,
        "module_version": module_version, "supported": True, "why": None, "container": None,
        "map_kind": "swiss" if minor >= 24 else "classic",
        "stripped": " .symtab " not in readelf(binary, "-S"),
        "pie": "Type:                              DYN" in readelf(binary, "-h"),
        "memory_profile": {"state": state, "rate": rate if state == "on" else None, "why": None},
        "unavailable": limits(version)}


def check(found, pid, want):
    got = dict(found[pid])
    assert got.pop("pid") == pid
    assert all(u["why"] for u in got["unavailable"])
    got["unavailable"] = {u["what"] for u in got["unavailable"]}
    assert got == want


def check_text(row, want):
    profile = want["memory_profile"]
    lost = want["unavailable"]
    assert row["GO"] == want["go_version"]
    assert row["MODULE"] == (want["module"] or "-")
    assert row["VERSION"] == (want["module_version"] or "-")
    assert row["MAPS"] == want["map_kind"]
    assert row["STRIPPED"] == ("yes" if want["stripped"] else "no")
    assert row["MEMPROFILE"] == (f"on {profile['rate']}" if profile["state"] == "on"
                                 else profile["state"])
    assert row["CONTAINER"] == (want["container"] or {"runtime": "-"})["runtime"]
    assert row["PROGRAM"] == want["exe"]
    if lost:
        assert row["AVAILABLE"].startswith("all but ")
        assert set(row["AVAILABLE"][len("all but "):].split(", ")) == lost
    else:
        assert row["AVAILABLE"] == "all"


# --- a host with real programs --------------------------------------------------------------------

class Host:
    """Programs that run until the end, and what is true of each."""

    def __init__(self, directory):
        self.directory, self.procs, self.truth = directory, [], {}

    def start(self, command, rate=524288, go=None, **env):
        home = {name: str(self.directory) for name in ("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME")}
        proc = subprocess.Popen(list(map(str, command)), cwd=self.directory, stdin=subprocess.PIPE,
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                env={**os.environ, **home, **env})
        self.procs.append(proc)
        self.truth[proc.pid] = expect(command[0], rate, go)
        return proc.pid

    def close(self):
        for proc in self.procs:
            proc.kill()
            proc.wait()
            proc.stdin.close()


def profile_rate(port):
    """What /debug/pprof says: "heap profile: ... @ heap/N", N twice the rate."""
    url = f"http://127.0.0.1:{port}/debug/pprof/heap?debug=1"

    def ask():
        try:
            with urllib.request.urlopen(url, timeout=10) as page:
                return page.readline().decode()
        except OSError:
            return None

    return int(until("it serves", ask).rsplit("heap/", 1)[1]) // 2


@pytest.fixture(scope="module")
def host(tmp_path_factory):
    host = Host(tmp_path_factory.mktemp("host"))
    try:
        (host.directory / "www").mkdir()
        host.start([debian("caddy"), "file-server", "--listen", f"127.0.0.1:{free_port()}",
                    "--root", host.directory / "www"])
        port = free_port()
        prometheus = host.start(prometheus_command(debian("prometheus"), host.directory, port))
        esbuild, package = npm_esbuild()
        assert package["version"] == subprocess.run(
            [esbuild, "--version"], capture_output=True, text=True, check=True).stdout.strip()
        go, = set(re.findall(rb"go1\.\d+\.\d+", esbuild.read_bytes()))
        for rate in (4096, 0):
            host.start([esbuild], rate, go.decode(), GODEBUG=f"memprofilerate={rate}")
        host.start([go_install("github.com/go-delve/delve/cmd/dlv", "v1.26.0"), "dap",
                    f"--listen=127.0.0.1:{free_port()}"])
        host.start([go_install("mvdan.cc/gofumpt", "v0.6.0", "1.23.12",
                               ["-buildmode=pie", "-ldflags=-s -w"])])
        assert profile_rate(port) == host.truth[prometheus]["memory_profile"]["rate"]
        yield host
    finally:
        host.close()


@pytest.fixture(scope="module")
def contained():
    t = Target(TARGETS / NEWEST / "store", prefix=OWN_PID_NAMESPACE)
    yield child_of(t.pid), {**expect(t.path, 524288),
                            "container": {"runtime": "namespace", "id": None, "pod": None}}
    t.close()


def test_every_column(host, contained):
    found, unseen = ps()
    truth = {**host.truth, contained[0]: contained[1]}
    assert len({t["exe"] for t in host.truth.values()}) == 5
    for pid, want in truth.items():
        check(found, pid, want)
    assert not unseen["hidden"]


def test_the_table_says_the_same(host, contained):
    done = mapprobe("ps")
    assert done.returncode == OK and not done.stderr
    found = rows(done.stdout)
    assert list(found) == sorted(found)
    for pid, want in {**host.truth, contained[0]: contained[1]}.items():
        check_text(found[pid], want)


def test_nothing_is_disturbed(host):
    """Who is looked at runs on, not stopped, not traced, and none of its code has changed."""
    mapprobe("ps")
    for pid in host.truth:
        status = Path(f"/proc/{pid}/status").read_text()
        assert re.search(r"^State:\s+[RS]", status, re.M) and "TracerPid:\t0" in status


# --- versions -------------------------------------------------------------------------------------

def claiming(directory, version):
    """The exact target with another version in it, of the same length, and without DWARF."""
    path = directory / version
    path.write_bytes((TARGETS / "go1.26" / "exact").read_bytes().replace(b"go1.26.8",
                                                                         version.encode()))
    path.chmod(0o755)
    subprocess.run(["strip", path], check=True)
    return path


@pytest.mark.parametrize("version", ["go1.16.9", "go1.99.1"])
def test_versions_that_are_not_supported_are_listed(tmp_path, version):
    t = Target(claiming(tmp_path, version))
    try:
        row = ps()[0][t.pid]
        assert (row["go_version"], row["module"], row["supported"]) == (
            version, "mapprobe.test/targets", False)
        assert version in row["why"] and "not supported" in row["why"]
        assert "/proc/" not in row["why"]
        assert row["map_kind"] is row["stripped"] is None
        line = rows(mapprobe("ps").stdout)[t.pid]
        assert line["GO"] == version and line["AVAILABLE"] == f"nothing: {row['why']}"
    finally:
        t.close()


@pytest.mark.parametrize("version", ["go1.23", "go1.26", "go1.27"])
def test_bundled_targets(target, version):
    t = target(version, "exact")
    check(ps()[0], t.pid, expect(t.path, 524288))


# --- who may not be looked at ---------------------------------------------------------------------

def in_a_world_of_its_own(script, *args):
    """Runs a shell script as process 1 of a PID namespace."""
    return subprocess.run([*OWN_PID_NAMESPACE, "sh", "-ec", script, *map(str, args)],
                          capture_output=True, text=True, timeout=60)


NOBODYS_PS = " ".join([*NOBODY, "$0", "ps"])
TWO_OF_ROOT = "sleep 100 & "  # and the shell


def test_processes_of_others_are_counted(public_dir):
    done = in_a_world_of_its_own(TWO_OF_ROOT + NOBODYS_PS, public_dir / "mapprobe")
    assert done.stdout.splitlines() == [
        "No Go process was found.",
        "2 processes of other users could not be looked at: CAP_SYS_PTRACE is needed "
        "(sudo setcap cap_sys_ptrace+ep)"]
    assert done.returncode == OK


def test_what_root_may_not_look_at_either(public_dir):
    done = in_a_world_of_its_own(TWO_OF_ROOT + "unshare --user --map-root-user $0 ps",
                                 public_dir / "mapprobe")
    assert done.stdout.splitlines() == [
        "No Go process was found.",
        "2 processes could not be looked at even with CAP_SYS_PTRACE: outside of this user "
        "namespace, or refused by a security module"]
    assert done.returncode == OK


def test_hidden_processes_are_mentioned(public_dir):
    done = in_a_world_of_its_own(
        "mount -t proc -o hidepid=2 none /proc; " + TWO_OF_ROOT + NOBODYS_PS,
        public_dir / "mapprobe")
    assert done.stdout.splitlines()[0] == "No Go process was found."
    assert "hidepid" in done.stdout and "CAP_SYS_PTRACE" in done.stdout
    assert done.returncode == OK


def test_refused_directories_are_counted(public_dir):
    done = in_a_world_of_its_own(
        "mount -t proc -o hidepid=1 none /proc; " + TWO_OF_ROOT + NOBODYS_PS,
        public_dir / "mapprobe")
    assert "2 processes of other users could not be looked at" in done.stdout
    assert "hidepid" not in done.stdout


def test_own_processes_need_no_privilege(public_dir):
    """And a kernel thread is nobody's process: the host has some, a namespace of its own none."""
    copy = public_dir / "exact"
    copy.write_bytes((TARGETS / NEWEST / "exact").read_bytes())
    copy.chmod(0o755)
    t = Target(copy, prefix=NOBODY)
    try:
        found, unseen = ps(prefix=NOBODY, binary=public_dir / "mapprobe")
        check(found, t.pid, expect(copy, 524288))
        users = [p for p in Path("/proc").glob("[0-9]*") if (p / "cmdline").exists()
                 and (p / "cmdline").read_bytes() and p.stat().st_uid != 65534]
        kernel = [p for p in Path("/proc").glob("[0-9]*")
                  if p.name != "2" and "\nPPid:\t2\n" in (p / "status").read_text()]
        # Others come and go; kernel threads do not.
        assert len(users) / 2 < unseen["refused"] < len(users) + max(len(kernel) / 2, 10)
    finally:
        t.close()


# --- odd processes --------------------------------------------------------------------------------

def test_names_that_a_terminal_would_obey(tmp_path):
    name = "e\x1b[2Jx\nact\t\xff"
    path = tmp_path / name
    path.write_bytes((TARGETS / NEWEST / "exact").read_bytes())
    path.chmod(0o755)
    t = Target(path)
    try:
        assert ps()[0][t.pid]["exe"] == str(path)
        out = mapprobe("ps").stdout
        assert "\x1b" not in out and "\t" not in out
        assert rows(out)[t.pid]["PROGRAM"].endswith("e\\x1b[2Jx\\nact\\t\xff")
    finally:
        t.close()


UNMAPS_ITS_START = """
package main

import (
	"fmt"
	"os"
	"regexp"
	"syscall"
)

func main() {
	var start uintptr
	maps, _ := os.ReadFile("/proc/self/maps")
	fmt.Sscanf(regexp.MustCompile(`.*/`).FindString(string(maps)), "%x-", &start)
	syscall.RawSyscall(syscall.SYS_MUNMAP, start, 4096, 0)
	fmt.Println("ready")
	os.Stdin.Read(make([]byte, 1))
}
"""


def test_reasons_with_names_that_a_terminal_would_obey(tmp_path):
    """It is not where its file says, so its variables are not found; the name is in the reason."""
    (tmp_path / "main.go").write_text(UNMAPS_ITS_START)
    subprocess.run([GO, "build", "-buildmode=pie", "-o", "odd", "main.go"], cwd=tmp_path,
                   check=True)
    path = tmp_path / "e\x1b[2J"
    (tmp_path / "odd").rename(path)
    with subprocess.Popen([path], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as proc:
        assert proc.stdout.readline() == b"ready\n"
        out = mapprobe("ps").stdout
        assert f"MEMPROFILE of {proc.pid} is unknown: " in out
        assert "e\\x1b[2J is not mapped" in out and "\x1b" not in out
        proc.kill()


def test_processes_that_come_and_go():
    """Some end while they are looked at: that is no failure, and none is listed wrongly."""
    short = TARGETS / NEWEST / "short"
    churn = subprocess.Popen(["sh", "-c", f"while :; do {short} </dev/null >/dev/null 2>&1; done"],
                             start_new_session=True)
    try:
        for _ in range(30):
            found, unseen = ps()
            assert unseen["unreadable"] == 0, unseen
            for row in found.values():
                if row["exe"] == str(short):
                    assert row["go_version"].startswith("go1.27") and row["supported"]
    finally:
        os.killpg(churn.pid, signal.SIGKILL)
        churn.wait()


def test_zombies_and_kernel_threads_are_silent():
    zombie = subprocess.Popen([GO, "version"], stdout=subprocess.DEVNULL)
    stat = Path(f"/proc/{zombie.pid}/stat")
    until("it is a zombie", lambda: stat.read_text().rsplit(")", 1)[1].split()[0] == "Z")
    found, _ = ps()
    assert zombie.pid not in found and 2 not in found
    zombie.wait()


def write_program(path, data_bytes):
    """A program that does nothing, by itself, with a data segment that is all hole."""
    code = bytes.fromhex("b822000000" "0f05" "ebf7")  # pause(), again and again
    header = b"\x7fELF\x02\x01\x01".ljust(16, b"\0") + struct.pack(
        "<HHIQQQIHHHHHH", 2, 62, 1, 0x401000, 64, 0, 0, 64, 56, 2, 64, 0, 0)
    text = struct.pack("<IIQQQQQQ", 1, 5, 0, 0x400000, 0x400000, 0x2000, 0x2000, 0x1000)
    data = struct.pack("<IIQQQQQQ", 1, 6, 0x2000, 0x800000, 0x800000, data_bytes, data_bytes,
                       0x1000)
    with open(path, "wb") as f:
        f.write((header + text + data).ljust(0x1000, b"\0") + code)
        f.truncate(0x2000 + data_bytes)
    path.chmod(0o755)


PEAK_MEMORY = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def peak_memory(*command):
    """In KiB. By a small process: a child's starts as that of the process that it was forked by."""
    done = subprocess.run([sys.executable, "-c", PEAK_MEMORY, *map(str, command)], check=True,
                          capture_output=True, text=True)
    return int(done.stdout)


def test_a_large_program_is_not_read_through(tmp_path):
    """Anybody may run a file full of holes: to look for Go in all of it takes a minute."""
    write_program(tmp_path / "hole", 1 << 30)
    hole = subprocess.Popen([tmp_path / "hole"])
    try:
        peak = peak_memory(MAPPROBE, "ps")
        assert hole.poll() is None
        assert peak < 200 << 10  # what is read counts
    finally:
        hole.kill()
        hole.wait()


def test_a_terminal_gets_lines_that_fit(target):
    t = target(NEWEST, "exact")
    for width in (104, 160):
        master, slave = pty.openpty()
        ioctl(slave, TIOCSWINSZ, struct.pack("HHHH", 50, width, 0, 0))
        proc = subprocess.Popen([MAPPROBE, "ps"], stdout=slave, stdin=subprocess.DEVNULL)
        os.close(slave)
        out = b""
        try:
            while data := os.read(master, 65536):
                out += data
        except OSError:  # how a terminal ends
            pass
        os.close(master)
        assert proc.wait() == OK
        lines = out.decode().splitlines()
        table = [line for line in lines if re.match(r"\s*(PID|\d+)  ", line)]
        assert any(line.split()[0] == str(t.pid) for line in table)
        assert all(len(line) <= width for line in table), table


def test_usage():
    assert mapprobe("ps", "-f", "yaml").returncode == 2
    assert mapprobe("ps", "all").returncode == 2
