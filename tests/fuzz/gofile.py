# SPDX-License-Identifier: Apache-2.0
"""Makes a program of a few KB that looks like Go: build info, pclntab with an inline tree,
moduledata, types, symbols. No Go tool is involved; the formats are described in user/gobin.

What the fuzzers start from (seeds), and what hostile ones are made of (test_hostile.py).
"""

import struct

DATA, TEXT, RODATA = 0x200000, 0x401000, 0x402000
NONE = 0xffffffff


class Format:
    """The pclntab and what hangs on it, as user/gobin/layout.c has it."""

    def __init__(self, minor):
        self.minor = minor
        self.wide = minor < 18
        self.magic = 0xfffffffa if minor < 18 else 0xfffffff0 if minor < 20 else 0xfffffff1
        self.word = "<Q" if self.wide else "<I"
        self.types = 0x118 if minor < 20 else 0x128
        self.etypes = self.types + (16 if minor >= 27 else 8)
        self.gofunc = 0x130 if minor < 20 else 0x158 if minor >= 27 else 0x140

    def func(self, entry, name, pcsp, pcfile, pcln, inltree, tree, tree_addr, start_line):
        """A runtime._func with pcdata 0 to 2 and funcdata 0 to 3."""
        head = struct.pack(self.word, entry)
        head += struct.pack("<IIIIII", name, 0, 0, pcsp, pcfile, pcln)
        head += struct.pack("<II", 3, 0)
        head += struct.pack("<I", start_line) if self.minor >= 20 else b""
        head += bytes((0, 0, 0, 4))
        head += struct.pack("<III", 0, 0, inltree)
        if self.wide:
            head += bytes(-len(head) % 8)
            return head + struct.pack("<QQQQ", 0, 0, 0, tree_addr if tree is not None else 0)
        return head + struct.pack("<IIII", NONE, NONE, NONE, NONE if tree is None else tree)

    def inlined(self, name, parent_pc, start_line):
        if self.minor < 20:
            return struct.pack("<hBxIIII", -1, 0, 0, start_line, name, parent_pc)
        return struct.pack("<BxxxIII", 0, name, parent_pc, start_line)


def varint(v):
    out = b""
    while v > 0x7f:
        out += bytes((v & 0x7f | 0x80,))
        v >>= 7
    return out + bytes((v,))


def pc_values(pairs):
    """A pc-value table of (value, bytes of code)."""
    out, previous = b"", -1
    for value, step in pairs:
        delta = value - previous
        out += varint(delta << 1 if delta >= 0 else ~(delta << 1)) + varint(step)
        previous = value
    return out + b"\0"


# A function with a stack check, a branch, two returns and a call; 48 bytes.
CODE = bytes.fromhex("493b6610" "7620" "55" "4889e5" "4883ec10" "4885c0" "7407" "4883c410" "5d" "c3"
                     "90" "e800000000" "90" "4883c410" "5d" "c3" "e800000000" "ebd3" "cccccc")
# How far its instructions have moved the stack pointer.
CODE_SP = [(0, 7), (8, 7), (24, 9), (8, 1), (0, 1), (24, 11), (8, 1), (0, 11)]
FUNCTIONS = ["main.main", "runtime.mapassign_fast64", "runtime.gcStart", "runtime.fatal"]
INLINED = "main.inner"


class Strings:
    def __init__(self):
        self.bytes = b"\0"

    def add(self, s):
        at = len(self.bytes)
        self.bytes += s.encode() + b"\0"
        return at


class Pclntab:
    """functions: (name, length of its code)."""

    def __init__(self, fmt, addr, tree_addr, functions, text=TEXT):
        names, self.fmt = Strings(), fmt
        offs = [names.add(name) for name, _ in functions]
        self.tree = fmt.inlined(names.add(INLINED), 4, 7) + fmt.inlined(names.add("main.in2"), 8, 9)
        pctab = b"\0"
        funcs, recs, entry = [], b"", 0
        table = (2 * len(functions) + 1) * struct.calcsize(fmt.word)
        table += -table % 8
        for (_, size), name in zip(functions, offs):
            at = []
            for pairs in (CODE_SP if size == len(CODE) else [(0, size)], [(0, size)],
                          [(10, 4), (14, size - 4)], [(-1, 4), (0, 4), (1, size - 8)]):
                at.append(len(pctab))
                pctab += pc_values(pairs)
            funcs.append((entry + (text if fmt.wide else 0), table + len(recs)))
            recs += fmt.func(funcs[-1][0], name, *at, 0, tree_addr, 10)
            recs += bytes(-len(recs) % 8)
            entry += size
        functab = b"".join(struct.pack(fmt.word, v) for f in funcs for v in f)
        functab += struct.pack(fmt.word, entry + (text if fmt.wide else 0))
        functab += bytes(-len(functab) % 8)
        parts = [names.bytes, struct.pack("<II", 0, 10), b"main.go\0\0\0map.go\0", pctab,
                 functab + recs]
        parts = [part + bytes(-len(part) % 8) for part in parts]
        header = struct.pack("<IBBBBQQ", fmt.magic, 0, 0, 1, 8, len(functions), 2)
        header += b"" if fmt.wide else struct.pack("<Q", text)
        off = len(header) + 40
        offsets = []
        for part in parts:
            offsets.append(off)
            off += len(part)
        self.offsets_at, self.offsets, self.addr = len(header), offsets, addr
        self.nfunc = len(functions)
        self.bytes = header + struct.pack("<5Q", *offsets) + b"".join(parts)


def moduledata(fmt, table, text, etext, types, etypes, gofunc):
    md = bytearray(0x180)

    def put(off, *values):
        struct.pack_into(f"<{len(values)}Q", md, off, *values)

    put(0, table.addr, table.addr + table.offsets[0], 0)
    put(0x68, table.addr + table.offsets[4], 0, 0)
    put(0x80, table.addr + table.offsets[4], table.nfunc + 1, table.nfunc + 1)
    put(0xb0, text, etext)
    put(fmt.types, types)
    put(fmt.etypes, etypes)
    if not fmt.wide:
        put(fmt.gofunc, gofunc)
    return bytes(md)


def types():
    """Three type descriptors from +8 on and their names: map[string]int, *main.T, main.T."""
    names = [b"\1" + varint(len(n)) + n for n in (b"map[string]int", b"*main.T")]
    at = 8 + 3 * 48
    where = [at, at + len(names[0]), at + len(names[0])]
    out = bytes(8)
    for i, (size, tflag, kind) in enumerate([(8, 0, 21), (8, 0, 22), (24, 2, 25)]):
        out += struct.pack("<QQIBBBBQQII", size, 8, i, tflag, 8, 8, kind, 0, 0, where[i], 0)
    return out + b"".join(names)


MODINFO = ("0" * 16 + "path\texample.com/tiny\nmod\texample.com\tv1.2.3\t\n"
           "build\tGOEXPERIMENT=noswissmap\nbuild\tGOOS=linux\n" + "1" * 16)


def build_info(minor, addr):
    """The blob and, up to 1.17, what its pointers lead to. addr is a multiple of 16."""
    version, modinfo = f"go1.{minor}.1".encode(), MODINFO.encode()
    head = b"\xff Go buildinf:\x08"
    if minor >= 18:
        return (head + b"\2" + bytes(16) + varint(len(version)) + version + varint(len(modinfo)) +
                modinfo)
    strings = addr + 32
    return (head + b"\0" + struct.pack("<QQ", strings, strings + 16) +
            struct.pack("<QQQQ", strings + 32, len(version), strings + 32 + len(version),
                        len(modinfo)) + version + modinfo)


def build_id_note():
    desc = b"abc/def"
    return struct.pack("<III", 4, len(desc), 4) + b"Go\0\0" + desc + b"\0"


def elf(segments, sections, pie=False):
    """segments: (vaddr, flags, bytes), sections: (name, type, addr, bytes, link); their bytes are
    found in a segment by their address, those without an address lie behind."""
    phnum = len(segments)
    out = bytearray(64 + 56 * phnum)
    where = []
    for vaddr, _, data in segments:
        out += bytes(-len(out) % 16)
        where.append(len(out))
        out += data
    for i, (vaddr, flags, data) in enumerate(segments):
        struct.pack_into("<IIQQQQQQ", out, 64 + 56 * i, 1, flags, where[i], vaddr, vaddr,
                         len(data), len(data), 16)
    shoff = shnum = 0
    if sections:
        names = Strings()
        rows = [bytes(64)]
        for name, kind, addr, data, link in [*sections, (".shstrtab", 3, 0, None, 0)]:
            name = names.add(name)
            if data is None:
                data = names.bytes
            if addr:
                off = next(w + addr - v for w, (v, _, d) in zip(where, segments)
                           if v <= addr < v + len(d))
            else:
                out += bytes(-len(out) % 8)
                off = len(out)
                out += data
            rows.append(struct.pack("<IIQQQQIIQQ", name, kind, 2, addr, off, len(data), link, 0, 8,
                                    24 if kind == 2 else 0))
        out += bytes(-len(out) % 8)
        shoff, shnum = len(out), len(rows)
        out += b"".join(rows)
    struct.pack_into("<4sBBB9xHHIQQQIHHHHHH", out, 0, b"\x7fELF", 2, 1, 1, 3 if pie else 2, 62, 1,
                     TEXT, 64, shoff, 0, 64, 56, phnum, 64, shnum, max(shnum - 1, 0))
    return bytes(out)


def align16(data):
    return data + bytes(-len(data) % 16)


def go_file(minor, functions=None, sections=True, pie=False, change=None):
    """A whole program. functions: {name: code}; change(table) may change the Pclntab, which is the
    last thing in the last segment."""
    functions = functions or {name: CODE for name in FUNCTIONS}
    fmt = Format(minor)
    text = b"".join(functions.values())
    rodata_addr = max(RODATA, TEXT + len(align16(text)))
    type_bytes = align16(types())
    # The tree's own size does not depend on where it is.
    sizes = [(name, len(code)) for name, code in functions.items()]
    tree_addr = rodata_addr + len(type_bytes)
    tree = align16(Pclntab(fmt, 0, tree_addr, sizes).tree)
    table = Pclntab(fmt, tree_addr + len(tree), tree_addr, sizes)
    if change:
        change(table)
    rodata = type_bytes + tree + table.bytes
    info = align16(build_info(minor, DATA))
    md_addr = DATA + len(info)
    md = moduledata(fmt, table, TEXT, TEXT + len(text), rodata_addr, tree_addr, tree_addr)
    strtab = Strings()
    symtab = bytes(24) + struct.pack("<IBBHQQ", strtab.add("runtime.gcController"), 1, 0, 1,
                                     DATA + 8, 8)
    rows = [
        (".text", 1, TEXT, text, 0),
        (".rodata", 1, rodata_addr, type_bytes, 0),
        (".gopclntab", 1, table.addr, table.bytes, 0),
        (".go.buildinfo", 1, DATA, info, 0),
        (".go.module", 1, md_addr, md, 0),
        (".note.go.buildid", 7, 0, build_id_note(), 0),
        (".strtab", 3, 0, strtab.bytes, 0),
        (".symtab", 2, 0, symtab, 7),
    ]
    return elf([(TEXT, 5, text), (DATA, 6, info + md), (rodata_addr, 4, rodata)],
               rows if sections else [], pie)
