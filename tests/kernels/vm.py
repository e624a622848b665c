# SPDX-License-Identifier: Apache-2.0
"""The virtual machines: which kernels, what is in them, how they are started.

A machine has no disk and no network: a kernel and an initramfs with busybox, mapprobe and its
shared libraries, and the targets. Its first serial port is the console, the second one takes the
results (a tar archive) out; tests/kernels/init is its process 1.
"""

import os
import re
import shutil
import subprocess
import sys
import tarfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "system"))

from harness import BUILD, MAPPROBE, TARGETS, VERSIONS  # noqa: E402

DIR = BUILD / "kernels"
INITRAMFS = DIR / "initramfs"
IN_TARGETS = ["exact", "locks", "pauses", "churn"]
STEPS = ["check", "users", "exact", "others", "windows", "rounds", "kills"]  # of init
# On a busy host the kernel would find that the timer does not work, and that processors hang.
COMMAND_LINE = "console=ttyS0 panic=-1 loglevel=4 log_buf_len=4M no_timer_check nowatchdog"
BOOT_SECONDS = 900  # a machine that takes longer hangs
TRIAL_SECONDS = 10

# Emulated, a processor with cmpxchg16b spoils the flags around that instruction in QEMU 7.2: a
# probe on a conditional jump then sees wrong ones.
ACCELERATORS = {"kvm": ["-accel", "kvm", "-cpu", "host"],
                "tcg": ["-accel", "tcg,thread=multi", "-cpu", "max,-cx16"]}


@dataclass(frozen=True)
class Kernel:
    """A kernel, and what `mapprobe check` has to find there."""
    version: str
    suite: str  # of Debian
    locked_memory: bool  # BPF's memory is charged to that limit: before 5.11
    cookie: bool  # 5.15 (commit 7adfc6c9b315)
    uprobe_multi: bool  # 6.6, the whole process from 6.10 on (commit 46ba0e49b642)
    direct_caller: bool  # 6.12 (commit cfa7f3d2c526), and in Debian's 6.1 from the stable series

    @property
    def dir(self):
        return DIR / self.version

    @property
    def out(self):
        return self.dir / "out"


KERNELS = [
    Kernel("5.10", "bullseye", locked_memory=True, cookie=False, uprobe_multi=False,
           direct_caller=False),
    Kernel("6.1", "bookworm", locked_memory=False, cookie=True, uprobe_multi=False,
           direct_caller=True),
    Kernel("6.12", "trixie", locked_memory=False, cookie=True, uprobe_multi=True,
           direct_caller=True),
]


def libraries(program):
    """The shared libraries of a program, with the loader."""
    done = subprocess.run(["ldd", program], capture_output=True, text=True, check=True)
    return re.findall(r"(/\S+)", done.stdout)


def make_initramfs():
    root = DIR / "root"
    shutil.rmtree(root, ignore_errors=True)
    for name in ("bin", "opt/bin", "proc", "sys", "dev", "tmp", "targets"):
        (root / name).mkdir(parents=True)
    shutil.copy(HERE / "init", root / "init")
    busybox = shutil.which("busybox")
    shutil.copy(busybox, root / "bin")
    applets = subprocess.run([busybox, "--list"], capture_output=True, text=True, check=True)
    for name in applets.stdout.split():
        if name != "busybox":
            (root / "bin" / name).symlink_to("busybox")
    for program in (MAPPROBE, shutil.which("setpriv"), shutil.which("nice")):
        shutil.copy(program, root / "opt/bin")
        for library in libraries(program):
            (root / library[1:]).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(library, root / library[1:])
    for version in VERSIONS:
        (root / "targets" / version).mkdir()
        for name in IN_TARGETS:
            shutil.copy(TARGETS / version / name, root / "targets" / version)
    with open(INITRAMFS, "wb") as f:
        subprocess.run("find . | cpio --quiet -o -H newc -R 0:0", shell=True, cwd=root, stdout=f,
                       check=True)
    shutil.rmtree(root)


def qemu(accelerator, kernel, steps, console, results, seconds):
    """One life of a machine; whether it switched itself off in time."""
    command = ["qemu-system-x86_64", *ACCELERATORS[accelerator], "-m", "2G", "-smp", "2",
               "-kernel", kernel.dir / "vmlinuz", "-initrd", INITRAMFS,
               "-append", f"{COMMAND_LINE} -- {' '.join(steps)}",
               "-display", "none", "-monitor", "none", "-nic", "none", "-no-reboot",
               "-serial", f"file:{console}", "-serial", f"file:{results}"]
    with open(kernel.dir / "qemu.log", "w") as log:
        try:
            done = subprocess.run(list(map(str, command)), stdin=subprocess.DEVNULL, stdout=log,
                                  stderr=log, timeout=seconds)
        except subprocess.TimeoutExpired:
            return False
    return done.returncode == 0


def choose_accelerator():
    """KVM where a machine comes up with it."""
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        return "tcg", "no access to /dev/kvm"
    if qemu("kvm", KERNELS[-1], [], "/dev/null", "/dev/null", TRIAL_SECONDS):
        return "kvm", "a trial machine came up"
    return "tcg", f"with kvm a trial machine did not come up in {TRIAL_SECONDS} s"


def run(kernel, accelerator):
    """Runs everything on a kernel; what came of it is in kernel.out."""
    start = time.monotonic()
    results = kernel.dir / "results.tar.gz"
    shutil.rmtree(kernel.out, ignore_errors=True)
    ended = qemu(accelerator, kernel, STEPS, kernel.dir / "console", results, BOOT_SECONDS)
    if ended and results.stat().st_size:
        with tarfile.open(results) as tar:
            tar.extractall(kernel.out)
    return f"{kernel.version}: {'' if ended else 'did not end: '}{time.monotonic() - start:.0f} s"


def main():
    DIR.mkdir(exist_ok=True)
    for kernel in KERNELS:
        if subprocess.run([HERE / "fetch", kernel.suite, kernel.dir]).returncode:
            return f"kernels: {kernel.version} is not there"  # fetch has said why
    make_initramfs()
    accelerator, why = choose_accelerator()
    print(f"kernels: accelerated by {accelerator}: {why}", flush=True)
    with ThreadPoolExecutor(2) as pool:
        for line in pool.map(lambda k: run(k, accelerator), KERNELS):
            print(f"kernels: {line}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
