# SPDX-License-Identifier: Apache-2.0
"""Who may include whom.

The table is the Makefile's: a room may use itself and the rooms of its USES_ line. On top of that,
bpf/abi.h belongs to the rooms on both sides of the event stream, libbpf to one room, and the kernel
side includes nothing of the user side.
"""

import re

ABI_ROOMS = {"plan", "trace", "record", "analyze"}
LIBBPF_ROOMS = {"trace"}

INCLUDE = re.compile(r'\s*#\s*include\s*(["<])([^">]+)[">]')


def uses(makefile):
    """{room: rooms it may use} from the Makefile."""
    rooms = re.search(r"^ROOMS\s*:=\s*(.*)$", makefile, re.M).group(1).split()
    table = {}
    for room in rooms:
        line = re.search(rf"^USES_{room}[ \t]*:=[ \t]*(.*)$", makefile, re.M)
        table[room] = {room} | set(line.group(1).split() if line else [])
    return table


def user_problem(table, room, header):
    if header == "bpf/abi.h":
        if room not in ABI_ROOMS:
            return f"only {', '.join(sorted(ABI_ROOMS))} may include bpf/abi.h"
        return None
    if header.startswith("bpf/") or header.endswith(".skel.h"):
        if room not in LIBBPF_ROOMS:
            return f"only {', '.join(sorted(LIBBPF_ROOMS))} may use libbpf and skeletons"
        return None
    other = header.split("/")[0] if "/" in header else room
    if other in table and other not in table[room]:
        allowed = " ".join(sorted(table[room] - {room}))
        return f"{room} may use {allowed or 'no other room'}"
    return None


def bpf_problem(table, header):
    if header.split("/")[0] in table:
        return "the kernel side may not include the user side"
    return None


def check(tree):
    table = uses(tree.text["Makefile"])
    problems = []
    for path, number, line in tree.lines(lambda p: p.endswith((".c", ".h"))):
        include = INCLUDE.match(line)
        if not include:
            continue
        header, parts = include.group(2), path.split("/")
        problem = None
        if parts[0] == "user":
            if parts[1] not in table:
                problem = f"{parts[1]} is no room of the Makefile"
            else:
                problem = user_problem(table, parts[1], header)
        elif parts[0] == "bpf":
            problem = bpf_problem(table, header)
        if problem:
            problems.append(f"{path}:{number}: {header}: {problem}")
    return problems
