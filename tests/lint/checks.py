# SPDX-License-Identifier: Apache-2.0
"""The checks besides layers.py. Each takes the Tree and returns a list of problems."""

import ast
import re
import shutil
import subprocess

from tree import is_c

MAX_FILE = 500
MAX_FUNCTION = 60
COLUMNS = 100


def is_source(path):
    return is_c(path) or path.endswith((".go", ".py"))


def sizes(tree):
    problems = []
    for path, text in tree.select(is_source):
        lines = text.splitlines()
        if len(lines) > MAX_FILE:
            problems.append(f"{path}: {len(lines)} lines")
        for start, length in functions(path, lines):
            if length > MAX_FUNCTION:
                problems.append(f"{path}:{start}: function of {length} lines")
    return problems


def functions(path, lines):
    """(first line, number of lines) of the functions of a C or Go file, by their brackets in the
    first column: the formatters put them there."""
    start = 0
    for number, line in enumerate(lines, 1):
        if is_c(path) and line == "{" or path.endswith(".go") and re.match(r"func .*\{$", line):
            start = number
        elif line.startswith("}") and start:
            yield start, number - start + 1
            start = 0


GPL = "GPL-2.0-only"
APACHE = "Apache-2.0"
DUAL = f"{GPL} OR {APACHE}"

# The first pattern that matches a path says which licences it may have.
LICENCES = [
    (r"bpf/(abi|cond)\.h$", {DUAL}),
    (r"bpf/[^/]*\.bpf\.[ch]$", {GPL}),
    (r"vmlinux/", {GPL, APACHE, DUAL}),
    (r"", {APACHE}),
]

# How the line is written, by file name. Other files cannot have a comment.
COMMENTS = [
    (r"\.h$", "/* {} */"),
    (r"\.(c|go|proto)$", "// {}"),
    (r"(\.(py|sh|yml|yaml)|(^|/)Makefile)$", "# {}"),
    (r"(^|/)[^./]+$", "# {}"),  # scripts have no suffix
]


def licences(tree):
    problems = []
    for path, text in tree.text.items():
        comment = next((c for pattern, c in COMMENTS if re.search(pattern, path)), None)
        if comment is None or path.endswith("LICENSE"):
            continue
        lines = text.split("\n")
        first = lines[1] if lines[0].startswith("#!") and len(lines) > 1 else lines[0]
        allowed = next(names for pattern, names in LICENCES if re.match(pattern, path))
        want = {comment.format(f"SPDX-License-Identifier: {name}") for name in allowed}
        if first not in want:
            problems.append(f"{path}: the first line is not {' or '.join(sorted(want))}")
    return problems


def run(command):
    """The output of a command as lines; it must exist."""
    if not shutil.which(command[0]):
        return [f"{command[0]} is not installed"]
    done = subprocess.run(command, capture_output=True, text=True)
    lines = (done.stdout + done.stderr).splitlines()
    if done.returncode and not lines:
        lines = [f"{command[0]}: status {done.returncode}"]
    return lines


def clang_format(tree):
    paths = [path for path, _ in tree.select(is_c)]
    lines = run(["clang-format", "--dry-run", "-Werror", *paths]) if paths else []
    places = {}
    for line in lines:
        if ": error: " in line:
            path, number = line.split(":")[:2]
            places.setdefault(path, []).append(int(number))
    bad = [f"{path}:{min(numbers)}: {len(numbers)} places: run make format"
           for path, numbers in places.items()]
    return bad + [line for line in lines if line.endswith("not installed")]


def gofmt(tree):
    paths = [path for path, _ in tree.select(lambda p: p.endswith(".go"))]
    return [f"{line}: not as gofmt has it" for line in run(["gofmt", "-l", *paths])]


def whitespace(tree):
    problems = []
    for path, number, line in tree.lines(lambda p: not p.endswith((".md", ".json", ".go"))):
        if line != line.rstrip():
            problems.append(f"{path}:{number}: blanks at the end")
        width = len(line.expandtabs(8))
        if width > COLUMNS and "http" not in line:
            problems.append(f"{path}:{number}: {width} columns")
    for path, text in tree.text.items():
        if text and not text.endswith("\n"):
            problems.append(f"{path}: no newline at the end")
    return problems


# Written so that they do not find themselves.
WORDS = [
    (re.compile(r"\b(?:TO[D]O|FIX[M]E)\b"), "unfinished"),
    (re.compile(r"(?<![\w.$}*-])/(?:work|root|home|Users)/"), "a path of somebody's machine"),
]


def words(tree):
    problems = []
    for path, number, line in tree.lines(lambda p: True):
        for pattern, what in WORDS:
            if pattern.search(line):
                problems.append(f"{path}:{number}: {what}: {line.strip()}")
    return problems


def python(tree):
    problems = []
    for path, text in tree.select(lambda p: p.endswith(".py") or
                                  tree.interpreter(p) == "python3"):
        try:
            module = ast.parse(text, path)
        except SyntaxError as e:
            problems.append(f"{path}:{e.lineno}: {e.msg}")
            continue
        problems += [f"{path}:{line}: {name} is imported but not used"
                     for name, line in unused_imports(module)]
    return problems


def unused_imports(module):
    imported = {}
    for node in ast.walk(module):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            for alias in node.names:
                imported[(alias.asname or alias.name).split(".")[0]] = node.lineno
    used = {node.id for node in ast.walk(module) if isinstance(node, ast.Name)}
    return sorted((name, line) for name, line in imported.items() if name not in used)


def shell(tree):
    problems = []
    for path, _ in tree.select(lambda p: tree.interpreter(p) in ("sh", "bash")):
        problems += run(["bash", "-n", path])
    return problems
