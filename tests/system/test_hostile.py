# SPDX-License-Identifier: Apache-2.0
"""Files made to look like Go programs and to mislead: whatever they claim, `plan -b` ends soon, in
little memory, with a plan or with an error that says what is wrong."""

import re
import resource
import struct
import subprocess
import sys

import pytest
from harness import FAILED, MAPPROBE, NOT_GO, OK, PATIENCE, ROOT, until

sys.path.insert(0, str(ROOT / "tests" / "fuzz"))
from gofile import CODE, DATA, TEXT, elf, go_file  # noqa: E402

MEMORY = 256 << 20  # of its own; the mapped file does not count
SECONDS = 20  # of CPU time, on any machine
MINOR = 26

# Every function that a point is looked for in.
POINTS = sorted(set(re.findall(r'"((?:runtime|internal/runtime|sync)[^" ]*\.[^" ]+)"',
                               (ROOT / "user/plan/catalogue.c").read_text())))


def limit():
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))


def plan(path):
    """A killed one has a negative status."""
    done = subprocess.run([MAPPROBE, "plan", "-b", path], capture_output=True, preexec_fn=limit,
                          stdin=subprocess.DEVNULL, timeout=PATIENCE)
    assert done.returncode in (OK, FAILED, NOT_GO), (done.returncode, done.stderr)
    if done.returncode != OK:
        assert str(path).encode() in done.stderr
    return done


def refused(path, text):
    done = plan(path)
    assert done.returncode != OK and text in done.stderr.decode(), done.stderr


def write(path, data, size=0):
    """The file, with a hole behind it up to size."""
    path.write_bytes(data)
    if size > len(data):
        with open(path, "r+b") as f:
            f.truncate(size)
    return path


def test_the_file_that_the_others_are_made_of(tmp_path):
    done = plan(write(tmp_path / "good", go_file(MINOR)))
    assert done.returncode == OK and b"push rbp" in done.stdout
    assert len(POINTS) > 30, POINTS


def claim(functions):
    """Has the pclntab say that it has so many; moduledata agrees."""
    def change(table):
        table.nfunc = functions
        table.bytes = table.bytes[:8] + struct.pack("<Q", functions) + table.bytes[16:]
    return change


def grow(data, size):
    """Has the file's last segment go on to the end of a file of that size."""
    out = bytearray(data)
    last = 64 + 56 * (struct.unpack_from("<H", out, 56)[0] - 1)
    offset, = struct.unpack_from("<Q", out, last + 8)
    struct.pack_into("<QQ", out, last + 32, size - offset, size - offset)
    return bytes(out)


@pytest.mark.parametrize("functions", [1 << 20, 1 << 23, 1 << 31, 1 << 60])
def test_functions_without_end(tmp_path, functions):
    """Without sections the pclntab goes on to the end of the file, which is a hole."""
    size = 512 << 20
    data = grow(go_file(MINOR, sections=False, change=claim(functions)), size)
    path = write(tmp_path / "hostile", data, size)
    if functions > 1 << 20:
        refused(path, "pclntab: not found")
        refused(write(path, go_file(MINOR, change=claim(functions))), "functab of")
    else:
        assert plan(path).returncode == OK


def test_a_million_functions_with_one_record(tmp_path):
    count = 1 << 20

    def change(table):
        claim(count)(table)
        funcs = table.offsets[4]
        record, = struct.unpack_from("<I", table.bytes, funcs + 4)
        functab = b"".join(struct.pack("<II", i, 8 * count + 8) for i in range(count))
        table.bytes = (table.bytes[:funcs] + functab + struct.pack("<II", count, 0) +
                       table.bytes[funcs + record:funcs + record + 64])

    assert plan(write(tmp_path / "hostile", go_file(MINOR, change=change))).returncode == OK


LONG = 1 << 16
CODES = {
    "branches to the next": b"\x74\x00" * (LONG // 2 - 1) + b"\xc3",
    "branches to the start": b"".join(b"\x0f\x84" + struct.pack("<i", -i - 6)
                                      for i in range(0, LONG - 12, 6)) + b"\xc3",
    "branches to the end": b"".join(b"\x0f\x84" + struct.pack("<i", LONG - 7 - i - 6)
                                    for i in range(0, LONG - 12, 6)).ljust(LONG - 7, b"\x90") +
                           b"\xc3",
    "jumps to the next": b"\xeb\x00" * (LONG // 2 - 1) + b"\xc3",
    "returns": b"\xc3" * LONG,
    "branches around returns": b"\x74\x01\xc3" * (LONG // 3),
    "few returns behind many blocks": b"\x74\x00\x50" * (LONG // 3 - 40) + b"\x74\x01\xc3" * 30,
    "returns that blocks run on into":
        b"\x74\x00" * 30000 + (b"".join(b"\x74" + bytes((2 * k,)) for k in range(16, 0, -1)) +
                               b"\x50" * 16 + b"\xc3") * 30,
    "nops": b"\x90" * (LONG - 1) + b"\xc3",
    "no instructions": b"\x06" * LONG,
    "prefixes": b"\x66" * LONG,
}


@pytest.mark.parametrize("name", CODES)
def test_long_functions(tmp_path, name):
    """Every function of the catalogue has this code, up to the limit of what is decoded."""
    code = CODES[name][:LONG]
    done = plan(write(tmp_path / "hostile", go_file(MINOR, {point: code for point in POINTS})))
    assert done.returncode == OK


def change_header(data, offset, fmt, *values):
    out = bytearray(data)
    struct.pack_into(fmt, out, offset, *values)
    return bytes(out)


def test_segments_that_overlap(tmp_path):
    size = 1 << 30
    data = elf([(TEXT + (i << 32), 6, b"") for i in range(32)], [])
    for i in range(32):
        data = change_header(data, 64 + 56 * i + 8, "<Q", 0)
        data = change_header(data, 64 + 56 * i + 32, "<QQ", size, size)
    refused(write(tmp_path / "hostile", data, size), "segments of")


def test_segments_larger_than_any_program(tmp_path):
    size = 3 << 30
    data = grow(go_file(MINOR, sections=False), size)
    refused(write(tmp_path / "hostile", data, size), "segments of")


def test_more_program_headers_than_any_program_has(tmp_path):
    data = change_header(go_file(MINOR), 56, "<H", 0xffff)
    refused(write(tmp_path / "hostile", data, 64 << 20), "program headers")


def test_a_file_larger_than_any_program(tmp_path):
    refused(write(tmp_path / "hostile", go_file(MINOR), 1 << 40), "larger than any program")


def with_sections(kind, count, body):
    """Sections of that kind that all consist of body, which is also where their names are."""
    data = go_file(MINOR, sections=False)
    at = len(data) + 1
    row = struct.pack("<IIQQQQIIQQ", 0, kind, 0, 0, at, len(body), 0, 0, 4, 0)
    head = change_header(data, 40, "<Q", at + len(body))
    head = change_header(head, 58, "<HHH", 64, count + 1, 1)
    return head + b"\0" + body + bytes(64) + row * count


def test_section_names_without_end(tmp_path):
    done = plan(write(tmp_path / "hostile", with_sections(1, 4095, b"a" * (100 << 20))))
    assert done.returncode == OK


def test_notes_without_end(tmp_path):
    """At odd offsets: libelf makes a copy of each."""
    done = plan(write(tmp_path / "hostile", with_sections(7, 4095, bytes(65536))))
    assert done.returncode == OK


def test_a_module_path_without_end(tmp_path):
    info = b"\xff Go buildinf:\x08\2" + bytes(16) + b"\x08go1.26.1"
    body = b"0" * 16 + b"mod\t" + b"a" * (100 << 20) + b"\n" + b"1" * 16
    length, n = b"", len(body)
    while n > 0x7f:
        length, n = length + bytes((n & 0x7f | 0x80,)), n >> 7
    info += length + bytes((n,)) + body
    data = elf([(TEXT, 5, CODE), (DATA, 6, info)], [])
    refused(write(tmp_path / "hostile", data), "pclntab")


def test_a_file_that_is_cut_short_meanwhile(tmp_path):
    """There is much to search for the pclntab."""
    size = 1000 << 20
    data = elf([(DATA, 6, b"\xff Go buildinf:\x08\2" + bytes(16) + b"\x08go1.26.1\0")], [])
    path = write(tmp_path / "hostile", grow(data, size), size)
    proc = subprocess.Popen([MAPPROBE, "plan", "-b", path], stdout=subprocess.DEVNULL,
                            stderr=subprocess.PIPE)
    maps = f"/proc/{proc.pid}/maps"
    until("mapped", lambda: str(path) in open(maps).read() or proc.poll() is not None)
    with open(path, "r+b") as f:
        f.truncate(4096)
    assert proc.wait(PATIENCE) == FAILED
    assert b"cut short" in proc.stderr.read()
