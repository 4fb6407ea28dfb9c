#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The tidy test: structure and style of weir's C sources, as CONTRIBUTING.md tells them.

    tests/tidy/tidy.py [--root DIR] [--build DIR] [--only CHECK ...] [--list]

Prints `file:line: check: message` for each finding and exits 1 if there was one. --build names a
build folder with the static libraries; without it the check `global` is left out. What a check
must let pass is named, with its reason, in tests/tidy/exceptions.txt; an exception that lets
nothing pass is itself a finding.
"""

import argparse
import concurrent.futures
import os
import re
import subprocess
import sys
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from csource import CONDITIONALS, CSource, calls_in, matching  # noqa: E402

FUNCTION_LINES_MAX = 70
FUNCTION_LINES_MEDIAN_MAX = 15
FILE_LINES_MAX = 800
COLUMNS_MAX = 100
OPENING_TEXT_LINES = range(2, 13)

SPDX = "/* SPDX-License-Identifier: Apache-2.0 */"

BANNED_CALLS = frozenset(
    "strcpy stpcpy strcat sprintf vsprintf strtok strtok_r atoi atol atoll atof gets alloca".split()
)
MALLOC_CALLS = frozenset(
    "malloc calloc realloc reallocarray free strdup strndup asprintf vasprintf posix_memalign "
    "aligned_alloc memalign valloc".split()
)
# Taken as a value these are functions too; `free` is left out, as it names members and counts.
MALLOC_VALUES = frozenset("malloc calloc realloc strdup".split())
UNUSED_WORDS = frozenset("upstream downstream manager util utils misc".split())

WRITABLE_SECTION = re.compile(r"^(\.data|\.bss|\.tdata|\.tbss|\*COM\*)(?!\.rel\.ro)")


@dataclass(frozen=True, order=True)
class Finding:
    path: str
    line: int
    check: str
    message: str
    subject: str = ""  # what an exception names; empty: no exception is possible

    def __str__(self):
        return f"{self.path}:{self.line}: {self.check}: {self.message}"


class Tree:
    """The sources under a root, read once."""

    def __init__(self, root, build=None):
        self.root = Path(root)
        self.build = Path(build) if build else None
        self.layers = {}
        self.layer_errors = []
        self._read_layers()
        self.src = self._read("src")
        self.tests = self._read("tests") + self._read("bench")
        self.all = self.src + self.tests

    def _read(self, folder):
        paths = sorted((self.root / folder).rglob("*.[ch]"))
        return [
            CSource(path.relative_to(self.root).as_posix(), path.read_text(errors="replace"))
            for path in paths
        ]

    def _read_layers(self):
        text = (self.root / "src/LAYERS").read_text()
        for number, line in enumerate(text.splitlines(), 1):
            line = line.split("#")[0].strip()
            if not line:
                continue
            folder, _, allowed = line.partition(":")
            for name in allowed.split():
                if name not in self.layers:
                    self.layer_errors.append((number, f"'{name}' is not on an earlier line"))
            self.layers[folder.strip()] = frozenset(allowed.split())

    def headers(self):
        return [s for s in self.src if s.path.endswith(".h")]

    def sources(self):
        return [s for s in self.src if s.path.endswith(".c")]


def folder_of(path):
    """src/<folder>/x.c -> <folder>"""
    return path.split("/")[1]


# --- structure -----------------------------------------------------------------------------------


def check_layer(tree):
    """a folder includes only what src/LAYERS allows, by names written from src"""
    for number, message in tree.layer_errors:
        yield Finding("src/LAYERS", number, "layer", message)
    folders = {folder_of(s.path) for s in tree.src if s.path.count("/") > 1}
    for folder in sorted(folders - set(tree.layers)):
        yield Finding("src/LAYERS", 1, "layer", f"folder src/{folder} is not listed")
    for source in tree.src:
        folder = folder_of(source.path)
        if folder not in tree.layers:
            continue
        for line, name, quoted in source.includes():
            if not quoted:
                continue
            target = name.split("/")[0]
            if "/" not in name or target not in tree.layers:
                message = f'write "{name}" from src, as "folder/{os.path.basename(name)}"'
            elif not (tree.root / "src" / name).is_file():
                message = f'"{name}" does not exist'
            elif target != folder and target not in tree.layers[folder]:
                message = f"src/{folder} may not include src/{target} (src/LAYERS)"
            else:
                continue
            yield Finding(source.path, line, "layer", message)


def check_internal(tree):
    """a header *_internal.h is included only inside its folder"""
    for source in tree.src:
        for line, name, quoted in source.includes():
            if quoted and name.endswith("_internal.h"):
                if name.split("/")[0] != folder_of(source.path):
                    message = f'"{name}" belongs to its folder'
                    yield Finding(source.path, line, "internal", message)


def module_of(path):
    """src/x/y.c and src/x/y.h are one module, x/y"""
    return path.removeprefix("src/").rsplit(".", 1)[0]


def check_cycle(tree):
    """no cycle of modules (x.c with x.h) inside a folder; x_internal.h may include x.h"""
    edges = defaultdict(dict)
    for source in tree.src:
        module = module_of(source.path)
        for line, name, quoted in source.includes():
            target = name.rsplit(".", 1)[0]
            if quoted and module not in (target, target + "_internal"):
                edges[module].setdefault(target, (source.path, line))
    for cycle in cycles(edges):
        path, line = edges[cycle[0]][cycle[1]]
        yield Finding(path, line, "cycle", " -> ".join(cycle))


def cycles(edges):
    """One cycle [a, b, ..., a] for each strongly connected part of a graph of dicts or sets."""
    found = []
    state = {}  # node -> its place on the path, or None when done
    for root in sorted(edges):
        path, work = [], [(root, "enter")]
        while work:
            node, step = work.pop()
            if step == "leave":
                path.pop()
                state[node] = None
            elif node not in state:
                state[node] = len(path)
                path.append(node)
                work.append((node, "leave"))
                work.extend((target, "enter") for target in sorted(edges.get(node, ()))[::-1])
            elif state[node] is not None:
                found.append(path[state[node] :] + [node])
    parts = []
    for cycle in found:  # cycles that share a module are told once
        if not any(set(cycle) & set(other) for other in parts):
            parts.append(cycle)
    return parts


def check_unit_test(tree):
    """each src/X/y.c has a unit test tests/unit/X/test_y.c, which asserts something"""
    tests = {s.path: s for s in tree.tests}
    for source in tree.sources():
        _, folder, name = source.path.split("/", 2)
        test = f"tests/unit/{folder}/test_{name}"
        if test not in tests:
            yield Finding(source.path, 1, "unit-test", f"{test} is missing", source.path)
        elif not any("assert_" in w.text or w.text == "fail" for w in tests[test].words()):
            yield Finding(test, 1, "unit-test", "asserts nothing")


def check_fuzz_corpus(tree):
    """each tests/fuzz/fuzz_X.c has a corpus tests/fuzz/corpus/X that is not empty"""
    for source in tree.tests:
        match = re.fullmatch(r"tests/fuzz/fuzz_(\w+)\.c", source.path)
        if match:
            corpus = tree.root / "tests/fuzz/corpus" / match.group(1)
            if not corpus.is_dir() or not any(corpus.iterdir()):
                message = f"tests/fuzz/corpus/{match.group(1)} is empty"
                yield Finding(source.path, 1, "fuzz-corpus", message)


# --- headers and exports -------------------------------------------------------------------------


def check_undocumented(tree):
    """each function of a header has a comment just above it; one may serve adjacent lines"""
    for source in tree.headers():
        for function in source.declarations + source.definitions:
            line = function.first - 1
            while line > 0 and source.lines[line - 1] and source.comment_ending_at(line) is None:
                line -= 1
            if source.comment_ending_at(line) is None:
                message = f"{function.name} has no comment just above it"
                yield Finding(source.path, function.first, "undocumented", message)


def check_guard(tree):
    """a header has the guard WEIR_FOLDER_NAME_H"""
    for source in tree.headers():
        name = "WEIR_" + re.sub(r"[^A-Za-z0-9]", "_", source.path.removeprefix("src/")).upper()
        opened = [d for d in source.directives[:2] if name in (t.text for t in d.tokens)]
        if [d.name for d in opened] != ["ifndef", "define"]:
            yield Finding(source.path, 1, "guard", f"expected #ifndef and #define {name} first")


def check_header_alone(tree):
    """a header compiles alone"""
    command = ["gcc", "-std=c17", "-D_GNU_SOURCE", "-fsyntax-only", "-Wall", "-Wextra"]
    command += ["-Wconversion", "-Wshadow", "-Werror", "-Isrc", "-x", "c", "-"]

    def compile_header(source):
        name = source.path.removeprefix("src/")
        return source, subprocess.run(
            command,
            input=f'#include "{name}"\nextern int weir_tidy_compiles;\n',
            cwd=tree.root,
            capture_output=True,
            text=True,
            check=False,
        )

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for source, run in pool.map(compile_header, tree.headers()):
            if run.returncode != 0:
                errors = [m for m in run.stderr.splitlines() if "error" in m]
                message = "does not compile alone: " + (errors or ["gcc failed"])[0]
                yield Finding(source.path, 1, "header-alone", message)


def check_include_first(tree):
    """a source includes its own header first, or the internal one of its folder"""
    headers = {s.path.removeprefix("src/") for s in tree.headers()}
    for source in tree.sources():
        own = source.path.removeprefix("src/")[:-1] + "h"
        line, first, _ = next(source.includes(), (0, own, True))
        is_internal = first.startswith(own.split("/")[0] + "/") and first.endswith("_internal.h")
        if own in headers and first != own and not is_internal:
            message = f'the first include should be "{own}"'
            yield Finding(source.path, line, "include-first", message)


def words_used(tree):
    """name -> the files of src in which it is used otherwise than in a declaration"""
    used = defaultdict(set)
    for source in tree.src:
        counts = Counter(word.text for word in source.words())
        counts.subtract(f.name for f in source.declarations)
        counts.subtract(f.name for f in source.definitions)
        for name, count in counts.items():
            if count > 0:
                used[name].add(source.path)
    return used


def check_unused_export(tree):
    """a function that is not static is used by another file of src"""
    used = words_used(tree)
    for source in tree.src:
        is_header = source.path.endswith(".h")
        for function in source.definitions:
            if function.name == "main" or (function.is_static and not is_header):
                continue
            users = used[function.name] - (set() if is_header else {source.path})
            if not users:
                message = f"{function.name} is used by no other file of src"
                yield Finding(
                    source.path, function.first, "unused-export", message, function.name
                )


def check_undefined(tree):
    """a function that a header declares is defined"""
    defined = {f.name for source in tree.src for f in source.definitions}
    for source in tree.headers():
        for function in source.declarations:
            if function.name not in defined:
                message = f"{function.name} is declared but defined nowhere"
                yield Finding(source.path, function.first, "undefined", message, function.name)


# --- size ----------------------------------------------------------------------------------------


def check_function_length(tree):
    """a function has at most 70 lines, and half of those of src at most 15"""
    for source in tree.all:
        for function in source.definitions:
            lines = function.last - function.first + 1
            if lines > FUNCTION_LINES_MAX:
                message = f"{function.name} has {lines} lines, more than {FUNCTION_LINES_MAX}"
                yield Finding(source.path, function.first, "function-length", message)
    lengths = sorted(f.last - f.first + 1 for s in tree.src for f in s.definitions)
    if lengths and lengths[len(lengths) // 2] > FUNCTION_LINES_MEDIAN_MAX:
        message = f"the median function has {lengths[len(lengths) // 2]} lines"
        yield Finding("src", 1, "function-length", message)


def check_file_length(tree):
    """a file has at most 800 lines"""
    for source in tree.all:
        lines = source.text.count("\n")
        if lines > FILE_LINES_MAX:
            message = f"{lines} lines, more than {FILE_LINES_MAX}"
            yield Finding(source.path, lines, "file-length", message)


def check_line(tree):
    """lines: at most 100 columns, no tab, no blank at the end, a newline at the end of the file"""
    for source in tree.all:
        for number, line in enumerate(source.lines, 1):
            if len(line) > COLUMNS_MAX:
                yield Finding(source.path, number, "line", f"{len(line)} columns")
            if "\t" in line:
                yield Finding(source.path, number, "line", "tab")
            if line != line.rstrip():
                yield Finding(source.path, number, "line", "blank at the end")
        if source.text and not source.text.endswith("\n"):
            yield Finding(source.path, len(source.lines), "line", "no newline at the end")


# --- code ----------------------------------------------------------------------------------------


def check_banned(tree):
    """banned functions are not called"""
    for source in tree.all:
        for token in source.calls():
            if token.text in BANNED_CALLS:
                yield Finding(source.path, token.line, "banned", f"{token.text} is banned")


def check_malloc(tree):
    """malloc and its family are called only in src/memory"""
    for source in tree.src:
        if folder_of(source.path) == "memory":
            continue
        calls = [t for t in source.calls() if t.text in MALLOC_CALLS]
        values = [t for t in member_free_words(source) if t.text in MALLOC_VALUES]
        for line, name in sorted({(t.line, t.text) for t in calls + values}):
            message = f"{name}: take memory from a pool, an arena, chunks or memory/memory.h"
            yield Finding(source.path, line, "malloc", message)


def member_free_words(source):
    """The identifiers that are not a member behind `.` or `->`."""
    for before, token in zip([None] + source.tokens, source.tokens):
        if token.kind == "word" and (before is None or before.text not in (".", "->")):
            yield token


def check_recursion(tree):
    """no function calls itself, directly or through others of its file"""
    for source in tree.src:
        functions = {f.name: f for f in source.definitions}
        edges = {
            name: {t.text for t in calls_in(f.body)} & set(functions)
            for name, f in functions.items()
        }
        for cycle in cycles(edges):
            line = functions[cycle[0]].first
            yield Finding(source.path, line, "recursion", " -> ".join(cycle), cycle[0])


def check_typedef(tree):
    """no typedef of a struct or union"""
    for source in tree.all:
        tokens = source.tokens
        for i, token in enumerate(tokens):
            if token.text != "typedef" or i + 2 >= len(tokens):
                continue
            if tokens[i + 1].text not in ("struct", "union"):
                continue
            end = next((j for j in range(i, len(tokens)) if tokens[j].text in ";{("), i)
            if tokens[end].text != "(":  # else the typedef of a function that returns one
                yield Finding(source.path, token.line, "typedef", "typedef of a struct")


def check_conditional(tree):
    """no #if or #ifdef inside a function"""
    for source in tree.src:
        for directive in source.directives:
            if directive.name not in CONDITIONALS:
                continue
            if any(f.first < directive.line < f.last for f in source.definitions):
                message = f"#{directive.name} inside a function"
                yield Finding(source.path, directive.line, "conditional", message)


CODE_IN_COMMENT = re.compile(
    r"""^[\s*]*(
          (return|break|continue|goto)\b[^.]*;
        | [A-Za-z_][\w.\[\]>-]*\(.*\);
        | [\w.\[\]>*\s-]+\s[-+*/|&^%]?=\s.*;
        )\s*$""",
    re.VERBOSE,
)


def check_dead_code(tree):
    """no code in comments inside functions, no #if 0"""
    for source in tree.all:
        for directive in source.directives:
            if re.match(r"\s*#\s*if\s+0\b", directive.text):
                yield Finding(source.path, directive.line, "dead-code", "#if 0")
        for comment in source.comments:
            if not any(f.first < comment.first < f.last for f in source.definitions):
                continue
            text = re.sub(r"^(/\*|//)|\*/$", "", comment.text)
            for number, line in enumerate(text.split("\n")):
                if CODE_IN_COMMENT.match(line):
                    line_number = comment.first + number
                    yield Finding(source.path, line_number, "dead-code", "commented-out code")


def check_braces(tree):
    """braces always"""
    for source in tree.all:
        for function in source.definitions:
            yield from (
                Finding(source.path, token.line, "braces", f"no brace after {token.text}")
                for token in unbraced(function.body)
            )


def unbraced(tokens):
    """Each if, else, for, while, do and XXX_EACH whose body has no brace."""
    closing_while = set()  # the `while` of `do { } while`
    for i, token in enumerate(tokens):
        head_end = None
        if token.text in ("else", "do"):
            head_end = i
        elif token.text in ("if", "for") or re.search(r"_EACH(_|$)", token.text):
            if i + 1 < len(tokens) and tokens[i + 1].text == "(":
                head_end = matching(tokens, i + 1)
        elif token.text == "while" and i not in closing_while:
            head_end = matching(tokens, i + 1)
        if head_end is None or head_end + 1 >= len(tokens):
            continue
        following = tokens[head_end + 1].text
        if following != "{":
            if not (token.text == "else" and following == "if"):
                yield token
        elif token.text == "do":
            closing_while.add(matching(tokens, head_end + 1) + 1)


def check_global(tree):
    """no writable object outlives a call, but in src/process (read from the static libraries)"""
    if tree.build is None:
        return
    sources = {s.path: s for s in tree.src}
    folders = {folder_of(s.path) for s in tree.sources()}
    for folder in sorted(folders & set(tree.layers) - {"process"}):
        library = tree.build / f"libweir_{folder}.a"
        if not library.is_file():
            yield Finding(f"src/{folder}", 1, "global", f"{library} is not built")
            continue
        for name, symbol, section in writable_symbols(library):
            path = f"src/{folder}/{name}"
            line = line_of_word(sources.get(path), symbol)
            message = f"{symbol} is writable ({section}): pass it in, or let process own it"
            yield Finding(path, line, "global", message, symbol)


def writable_symbols(library):
    """(source name, symbol, section) of each writable object in a static library"""
    table = subprocess.run(
        ["objdump", "-t", str(library)], capture_output=True, text=True, check=True
    ).stdout
    name = ""
    for line in table.splitlines():
        match = re.match(r"(\S+\.c)\.o:\s+file format", line)
        if match:
            name = match.group(1)
            continue
        # value, flags (7 columns, "O" for an object), section, size, name
        match = re.match(r"^[0-9a-f]{8,16} (.{7}) (\S+)\t[0-9a-f]+ (?:\.\w+ )?(\S+)$", line)
        if match and WRITABLE_SECTION.match(match.group(2)) and "d" not in match.group(1):
            yield name, re.sub(r"\.\d+$", "", match.group(3)), match.group(2)


def line_of_word(source, name):
    """The first line of `source` with the identifier `name`, or 1."""
    if source is None:
        return 1
    return next((w.line for w in source.words() if w.text == name), 1)


# --- words ---------------------------------------------------------------------------------------


def check_opening(tree):
    """a file opens with the SPDX line and a comment; a source of src with 3 to 12 lines of it"""
    for source in tree.all:
        comments = source.comments
        if not comments or comments[0].text != SPDX or comments[0].first != 1:
            yield Finding(source.path, 1, "opening", f"the first line should be {SPDX}")
            continue
        first_code = min([t.line for t in source.tokens[:1]] + [d.line for d in source.directives])
        opening = [c for c in comments[1:] if c.first < first_code]
        if not opening:
            yield Finding(source.path, 1, "opening", "no comment behind the SPDX line")
        elif source.path.startswith("src/") and source.path.endswith(".c"):
            lines = opening[0].last - opening[0].first + 1
            text = re.sub(r"^/\*|\*/$", "", opening[0].text).split("\n")
            text = [line for line in text if line.strip(" *")]
            if lines < 3 or len(text) not in OPENING_TEXT_LINES:
                message = f"{len(text)} lines: say in 3 to 12 what it owns and what bounds it"
                yield Finding(source.path, opening[0].first, "opening", message)


def check_todo(tree):
    """TODO, FIXME and XXX name an issue: TODO #12"""
    for source in tree.all:
        for comment in source.comments:
            for match in re.finditer(r"\b(TODO|FIXME|XXX)\b(?!\s*[(:]?\s*#\d)", comment.text):
                line = comment.first + comment.text[: match.start()].count("\n")
                message = f"{match.group(1)} without an issue"
                yield Finding(source.path, line, "todo", message)


def check_word(tree):
    """one word a thing: not upstream, downstream, manager, util, misc"""
    for source in tree.src:
        parts = set(re.split(r"[/_.]", source.path))
        for word in sorted(parts & UNUSED_WORDS):
            yield Finding(source.path, 1, "word", f"'{word}' in a file's name")
        for token in source.words():
            for word in sorted(set(token.text.lower().split("_")) & UNUSED_WORDS):
                yield Finding(source.path, token.line, "word", f"'{word}' in {token.text}")


CHECKS = {
    name.removeprefix("check_").replace("_", "-"): function
    for name, function in list(globals().items())
    if name.startswith("check_")
}


# --- exceptions and main -------------------------------------------------------------------------


def read_exceptions(path, checks):
    """{(check, subject): line} of the exceptions file, and findings for lines that are wrong."""
    exceptions, wrong = {}, []
    if not path.is_file():
        return exceptions, wrong
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        fields = line.split(None, 2)
        shown = "tests/tidy/exceptions.txt"
        if len(fields) < 3:
            wrong.append(Finding(shown, number, "exceptions", "expected: check subject reason"))
        elif fields[0] not in checks:
            wrong.append(Finding(shown, number, "exceptions", f"no check '{fields[0]}'"))
        else:
            exceptions[fields[0], fields[1]] = number
    return exceptions, wrong


def run(tree, names):
    """The findings of the checks `names`, less the exceptions, plus the exceptions not needed."""
    exceptions, findings = read_exceptions(tree.root / "tests/tidy/exceptions.txt", CHECKS)
    needed = set()
    for name in names:
        for finding in CHECKS[name](tree):
            key = (finding.check, finding.subject)
            if finding.subject and key in exceptions:
                needed.add(key)
            else:
                findings.append(finding)
    for key in sorted(set(exceptions) - needed):
        ran = key[0] in names and not (key[0] == "global" and tree.build is None)
        if ran:
            message = f"{key[0]} {key[1]} is not needed any more"
            findings.append(
                Finding("tests/tidy/exceptions.txt", exceptions[key], "exceptions", message)
            )
    return sorted(set(findings))


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--root", default=Path(__file__).resolve().parents[2])
    parser.add_argument("--build", help="a build folder, for the check 'global'")
    parser.add_argument("--only", nargs="+", choices=sorted(CHECKS), metavar="CHECK")
    parser.add_argument("--list", action="store_true", help="list the checks")
    options = parser.parse_args(arguments)
    if options.list:
        for name, check in CHECKS.items():
            print(f"{name:16} {check.__doc__}")
        return 0
    tree = Tree(options.root, options.build)
    findings = run(tree, options.only or list(CHECKS))
    for finding in findings:
        print(finding)
    functions = sum(len(s.definitions) for s in tree.all)
    print(f"tidy: {len(tree.all)} files, {functions} functions, {len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
