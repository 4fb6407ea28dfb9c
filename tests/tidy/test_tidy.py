# SPDX-License-Identifier: Apache-2.0
"""The tidy test's own tests: every check fires on a bad sample, and not on what only looks bad."""

import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))
import tidy  # noqa: E402
from csource import CSource  # noqa: E402

LAYERS = "base:\nmemory: base\nhttp: base memory\nprocess: base memory http\n"

OPENING = """/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Points: what a point is.
 * Nothing is allocated.
 * Bounded by its two numbers.
 */
"""

POINT_H = """/* SPDX-License-Identifier: Apache-2.0 */
/* Points. */
#ifndef WEIR_BASE_POINT_H
#define WEIR_BASE_POINT_H

struct point {
    int x;
    int (*measure)(const struct point *);
};

/* The sum of both. */
int point_sum(const struct point *point);

#endif
"""

POINT_C = (
    OPENING
    + """#include "base/point.h"

static const int table[] = {1, 2};

static int twice(int x)
{
    return 2 * x;
}

int point_sum(const struct point *point)
{
    return twice(point->x) + table[0];
}
"""
)

USER_C = (
    OPENING
    + """#include "base/point.h"

int main(void)
{
    struct point point = {1, 0};
    return point_sum(&point);
}
"""
)

TEST_C = """/* SPDX-License-Identifier: Apache-2.0 */
/* Points. */
#include "base/point.h"

static void test_sum(void **state)
{
    assert_int_equal(point_sum(*state), 4);
}
"""

EXCEPTIONS = "unit-test src/process/main.c the integration tests run it\n"


class Project:
    """A small tree that is in order, to be spoiled by a test."""

    def __init__(self, root):
        self.root = root
        self.write("src/LAYERS", LAYERS)
        self.write("src/base/point.h", POINT_H)
        self.write("src/base/point.c", POINT_C)
        self.write("src/process/main.c", USER_C)
        self.write("tests/unit/base/test_point.c", TEST_C)
        self.write("tests/tidy/exceptions.txt", EXCEPTIONS)

    def write(self, path, text):
        path = self.root / path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def edit(self, path, old, new):
        text = (self.root / path).read_text()
        assert old in text
        self.write(path, text.replace(old, new))

    def append(self, path, text):
        self.write(path, (self.root / path).read_text() + text)

    def source(self, path, body, includes=""):
        """A source in order but for `body`."""
        self.write(path, OPENING + includes + "\n" + body)

    def findings(self, *names, build=None):
        return tidy.run(tidy.Tree(self.root, build), names or list(tidy.CHECKS))

    def lines(self, *names):
        return [(f.path, f.line) for f in self.findings(*names)]

    def messages(self, *names, build=None):
        return [f.message for f in self.findings(*names, build=build)]


@pytest.fixture(name="project")
def make_project(tmp_path):
    return Project(tmp_path)


def test_good_tree_has_no_findings(project):
    assert project.findings() == []


def test_main_prints_and_fails(project, capsys):
    assert tidy.main(["--root", str(project.root)]) == 0
    project.append("src/base/point.c", "\t\n")
    assert tidy.main(["--root", str(project.root)]) == 1
    assert "src/base/point.c:20: line: tab" in capsys.readouterr().out


def test_every_check_is_listed(capsys):
    assert tidy.main(["--list"]) == 0
    out = capsys.readouterr().out
    for name, check in tidy.CHECKS.items():
        assert check.__doc__, name
        assert name in out


# --- structure ---


def test_layer_upwards(project):
    project.source("src/memory/m.c", "", '#include "http/h.h"\n#include <http/h.h>\n')
    project.write("src/http/h.h", "")
    found = project.findings("layer")
    assert [(f.path, f.line) for f in found] == [("src/memory/m.c", 7)]
    assert "may not include src/http" in found[0].message


def test_layer_relative_missing_and_unlisted(project):
    includes = '#include "point.h"\n#include "base/none.h"\n#include "extra/e.h"\n'
    project.source("src/http/m.c", "", includes)
    assert project.lines("layer") == [("src/http/m.c", n) for n in (7, 8, 9)]
    project.write("src/extra/e.h", "")
    assert ("src/LAYERS", 1) in project.lines("layer")


def test_layer_table_must_be_ordered(project):
    project.write("src/LAYERS", "base: memory\nmemory: base\nprocess: base\n")
    assert project.lines("layer") == [("src/LAYERS", 1)]


def test_internal_header(project):
    project.write("src/base/point_internal.h", "")
    project.append("src/base/point.c", '#include "base/point_internal.h"\n')
    assert project.findings("internal") == []
    project.append("src/process/main.c", '#include "base/point_internal.h"\n')
    assert [path for path, _ in project.lines("internal")] == ["src/process/main.c"]


def test_cycle_of_modules(project):
    project.source("src/base/a.c", "", '#include "base/a.h"\n#include "base/b.h"\n')
    project.write("src/base/a.h", "")
    project.write("src/base/b.h", "")
    assert project.findings("cycle") == []
    project.write("src/base/b.h", '#include "base/c.h"\n')
    project.source("src/base/c.c", "", '#include "base/a.h"\n')
    assert project.messages("cycle") == ["base/a -> base/b -> base/c -> base/a"]


def test_cycle_with_an_internal_header(project):
    project.write("src/base/a.h", "")
    project.write("src/base/a_internal.h", '#include "base/a.h"\n')
    project.source("src/base/a.c", "", '#include "base/a.h"\n#include "base/a_internal.h"\n')
    project.source("src/base/b.c", "", '#include "base/a_internal.h"\n')
    assert project.findings("cycle") == []
    project.write("src/base/b.h", "")
    project.append("src/base/a_internal.h", '#include "base/b.h"\n')
    assert len(project.findings("cycle")) == 1


def test_cycles_of_a_graph():
    assert tidy.cycles({"a": {"b"}, "b": {"c"}, "c": set(), "d": {"a", "c"}}) == []
    assert tidy.cycles({"a": {"a"}}) == [["a", "a"]]
    assert tidy.cycles({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == [["b", "c", "b"]]
    two = tidy.cycles({"a": {"b"}, "b": {"a"}, "c": {"d"}, "d": {"c"}})
    assert two == [["a", "b", "a"], ["c", "d", "c"]]


def test_unit_test_missing(project):
    project.source("src/memory/pool.c", "")
    assert project.messages("unit-test") == ["tests/unit/memory/test_pool.c is missing"]


def test_unit_test_without_assertion(project):
    project.edit("tests/unit/base/test_point.c", "assert_int_equal", "check")
    assert project.messages("unit-test") == ["asserts nothing"]


def test_fuzz_corpus(project):
    project.write("tests/fuzz/fuzz_uri.c", "")
    assert project.lines("fuzz-corpus") == [("tests/fuzz/fuzz_uri.c", 1)]
    project.write("tests/fuzz/corpus/uri/one", "/")
    assert project.findings("fuzz-corpus") == []


# --- headers and exports ---


def test_undocumented(project):
    added = """int point_a(void);
extern int table[];
int point_b(void);

int point_c(void);
static inline int point_d(void)
{
    return 1; /* not a comment above */
}

/* A comment that stands apart. */

int point_e(void);

struct line {
    int x; /* not a comment above */
};
int point_f(void);
"""
    project.edit("src/base/point.h", "point *point);\n", "point *point);\n" + added)
    names = [message.split()[0] for message in project.messages("undocumented")]
    assert names == ["point_c", "point_d", "point_e", "point_f"]
    project.edit("src/base/point.h", "int point_c", "/* C and D. */\nint point_c")
    project.edit("src/base/point.h", "apart. */\n\n", "apart. */\n")
    project.edit("src/base/point.h", "struct line", "/* Lines. */\nstruct line")
    assert project.findings("undocumented") == []


def test_undocumented_sees_through_attributes(project):
    added = "\n__attribute__((format(printf, 1, 2))) void point_a(const char *f, ...);\n"
    added += "\nvoid point_b(const char *f, ...) PRINTF_LIKE(1, 2);\n"
    added += "\nstruct point **point_c(int a[2],\n                       int (*f)(int, int));\n"
    added += "\nextern int (*point_variable)(int);\n"
    added += "\ntypedef void (*point_callback)(int);\n"
    added += '\n_Static_assert(sizeof(int) == 4, "int");\n'
    added += "\n#define POINT_MACRO(x) point_sum(x)\n"
    project.edit("src/base/point.h", "point *point);\n", "point *point);\n" + added)
    names = [message.split()[0] for message in project.messages("undocumented")]
    assert names == ["point_a", "point_b", "point_c"]


def test_guard(project):
    project.edit("src/base/point.h", "#define WEIR_BASE_POINT_H", "#define WEIR_BASE_POINT")
    assert project.lines("guard") == [("src/base/point.h", 1)]


def test_header_alone(project):
    project.edit("src/base/point.h", "int x;", "size_t x;")
    found = project.findings("header-alone")
    assert [f.path for f in found] == ["src/base/point.h"]
    assert "size_t" in found[0].message
    project.edit("src/base/point.h", "struct point {", "#include <stddef.h>\n\nstruct point {")
    assert project.findings("header-alone") == []


def test_include_first(project):
    project.edit("src/base/point.c", '#include "base', '#include <stdio.h>\n#include "base')
    assert project.lines("include-first") == [("src/base/point.c", 7)]
    project.edit("src/base/point.c", "<stdio.h>", '"http/x_internal.h"')
    assert project.lines("include-first") == [("src/base/point.c", 7)]
    project.edit("src/base/point.c", "http/x_internal.h", "base/x_internal.h")
    assert project.findings("include-first") == []


def test_unused_export(project):
    project.edit("src/process/main.c", "return point_sum(&point)", "return point.x")
    assert project.messages("unused-export") == ["point_sum is used by no other file of src"]
    # in a comment, a string, a second declaration: not a use
    project.append("src/process/main.c", '/* point_sum */ const char *s = "point_sum";\n')
    project.append("src/process/main.c", "int point_sum(const struct point *point);\n")
    assert len(project.findings("unused-export")) == 1
    # a test is not a use either, but a pointer to it and a macro's body are
    project.append("src/process/main.c", "int (*f)(const struct point *) = point_sum;\n")
    assert project.findings("unused-export") == []


def test_unused_export_used_by_a_macro(project):
    project.edit("src/process/main.c", "return point_sum(&point)", "return point.x")
    project.edit("src/base/point.h", "#endif", "#define SUM(p) point_sum(p)\n\n#endif")
    assert project.findings("unused-export") == []


def test_unused_export_inline(project):
    inline = "/* One. */\nstatic inline int point_one(void)\n{\n    return 1;\n}\n\n#endif"
    project.edit("src/base/point.h", "#endif", inline)
    assert project.messages("unused-export") == ["point_one is used by no other file of src"]


def test_undefined(project):
    project.edit("src/base/point.h", "#endif", "/* Two. */\nint point_two(void);\n\n#endif")
    assert project.messages("undefined") == ["point_two is declared but defined nowhere"]


# --- size ---


def function_of(lines):
    return "int f(void)\n{\n" + "    f();\n" * (lines - 3) + "}\n"


def test_function_length(project):
    project.source("tests/unit/base/test_a.c", function_of(70) + function_of(71))
    found = project.findings("function-length")
    assert [(f.line, f.message) for f in found] == [(78, "f has 71 lines, more than 70")]


def test_function_length_median(project):
    project.source("src/http/a.c", function_of(16) * 6)
    assert project.messages("function-length") == ["the median function has 16 lines"]


def test_function_length_of_several_lines_of_parameters(project):
    text = "static struct a *f(int a,\n                   int b)\n{\n" + "    a();\n" * 67 + "}\n"
    project.source("tests/unit/base/test_a.c", text)
    assert project.messages("function-length") == ["f has 71 lines, more than 70"]


def test_file_length(project):
    project.write("src/base/point.c", "\n" * 800)
    assert project.findings("file-length") == []
    project.write("src/base/point.c", "\n" * 801)
    assert project.lines("file-length") == [("src/base/point.c", 801)]


def test_line(project):
    project.append("src/base/point.c", "é" * 100 + "\n" + "x" * 101 + "\n\tx\nx \nend")
    assert [m for m in project.messages("line")] == [
        "101 columns",
        "tab",
        "blank at the end",
        "no newline at the end",
    ]


# --- code ---


@pytest.mark.parametrize("name", sorted(tidy.BANNED_CALLS))
def test_banned(project, name):
    project.source("tests/unit/base/test_a.c", f"void f(void)\n{{\n    {name}(a);\n}}\n")
    assert project.lines("banned") == [("tests/unit/base/test_a.c", 10)]


def test_banned_is_precise(project):
    body = 'void f(void)\n{\n    a->gets(b);\n    my_atoi(1);\n    log("sprintf(x)"); /* atoi(x) */\n'
    project.source("src/http/a.c", body + "    int atoi = 0;\n}\n")
    assert project.findings("banned") == []
    project.append("src/http/a.c", "#define N(x) \\\n    atoi(x)\n")
    assert len(project.findings("banned")) == 1


def test_malloc(project):
    body = "void *f(void)\n{\n    free(a);\n    return malloc(1);\n}\n"
    project.source("src/memory/m.c", body)
    assert project.findings("malloc") == []
    project.source("src/http/m.c", body)
    assert project.lines("malloc") == [("src/http/m.c", 10), ("src/http/m.c", 11)]


def test_malloc_as_a_value(project):
    project.source("src/http/m.c", "void f(void)\n{\n    use(malloc, 1);\n}\n")
    assert project.lines("malloc") == [("src/http/m.c", 10)]


def test_malloc_is_precise(project):
    body = "struct ops {\n    void (*free)(void *);\n};\nvoid f(void)\n{\n    o->free(a);\n"
    body += "    pool.malloc = 1;\n    size_t free = 2;\n    gnutls_free(a);\n}\n"
    project.source("src/http/m.c", body)
    assert project.findings("malloc") == []


def test_recursion(project):
    project.source("src/http/r.c", "int f(int a)\n{\n    return g(a);\n}\n" + function_of(4))
    assert project.messages("recursion") == ["f -> f"]
    body = "int f(int a)\n{\n    return g(a);\n}\nint g(int a)\n{\n    return f(a);\n}\n"
    project.source("src/http/r.c", body)
    assert project.messages("recursion") == ["f -> g -> f"]
    project.source("src/http/r.c", "int f(int a)\n{\n    return a->f(g) + h(f);\n}\n")
    assert project.findings("recursion") == []


def test_typedef(project):
    good = "typedef int (*f)(struct a);\ntypedef struct slice (*g)(struct a *a);\n"
    project.source("src/http/t.c", good)
    assert project.findings("typedef") == []
    bad = "typedef struct { int a; } a;\ntypedef struct b c;\ntypedef union d { int a; } e;\n"
    project.source("src/http/t.c", bad)
    assert len(project.findings("typedef")) == 3


def test_conditional(project):
    good = "#ifdef A\nint f(void)\n{\n    return 1;\n}\n#endif\n"
    project.source("src/http/c.c", good)
    assert project.findings("conditional") == []
    bad = "int f(void)\n{\n#ifdef A\n    return 1;\n#endif\n}\n"
    project.source("src/http/c.c", bad)
    assert project.lines("conditional") == [("src/http/c.c", 10), ("src/http/c.c", 12)]


def test_dead_code(project):
    good = """/* use: f(1); */
int f(int a)
{
    /* returns at once; see RFC 9110 5.6.7; the length is a + b; */
    /* The peer calls f(x) first; */
    return a; /* a = 1 is the last */
}
"""
    project.source("src/http/d.c", good)
    assert project.findings("dead-code") == []
    bad = """int f(int a)
{
    /* a = g(a); */
    // g(a, b)->c = 1;
    /*
     * log_write("x");
     * return 1;
     */
    return a;
}
#if 0
#endif
"""
    project.source("src/http/d.c", bad)
    assert [line for _, line in project.lines("dead-code")] == [10, 13, 14, 18]


def test_braces(project):
    good = """void f(void)
{
    if (a) {
    } else if (b) {
    } else {
    }
    do {
    } while (a);
    for (;;) {
    }
    while (x(1)) {
    }
    LIST_EACH(link, head) {
    }
}
"""
    project.source("src/http/b.c", good)
    assert project.findings("braces") == []
    bad = """void f(void)
{
    if (a)
        b();
    else
        c();
    for (;;)
        b();
    while (x(1))
        b();
    do
        b();
    while (a);
    LIST_EACH(link, head)
        b();
}
"""
    project.source("src/http/b.c", bad)
    lines = [line for _, line in project.lines("braces")]
    assert lines == [10, 12, 14, 16, 18, 20, 21]


def test_global(project, tmp_path):
    body = """extern int elsewhere;
int counter;
static long started = 1;
static _Thread_local int per_thread;
static const char *const names[] = {"a", "b"};
static const int numbers[] = {1, 2};
static const char *current = "a";

int f(int i)
{
    static int calls;
    return counter + (int)started + per_thread + names[i][0] + numbers[i] + current[0] + ++calls;
}

void g(int i)
{
    started = i;
    per_thread = i;
    current = names[i];
}
"""
    project.source("src/base/state.c", body)
    build = tmp_path / "build"
    build.mkdir()
    for name in ("point", "state"):
        command = ["gcc", "-O2", "-g", "-fPIE", "-Isrc", "-c", f"src/base/{name}.c"]
        subprocess.run(command + ["-o", str(build / f"{name}.c.o")], cwd=project.root, check=True)
    objects = [str(build / "point.c.o"), str(build / "state.c.o")]
    subprocess.run(["ar", "rcs", str(build / "libweir_base.a")] + objects, check=True)
    found = project.findings("global", build=build)
    assert [f.path for f in found] == ["src/base/state.c"] * 5
    names = [f.subject for f in found]
    assert names == ["counter", "started", "per_thread", "current", "calls"]
    assert [f.line for f in found] == [9, 10, 11, 14, 18]


def test_global_needs_the_library(project, tmp_path):
    assert project.findings("global") == []
    assert "is not built" in project.messages("global", build=tmp_path)[0]


# --- words ---


def test_opening(project):
    project.write("src/http/o.c", "int a;\n")
    assert project.lines("opening") == [("src/http/o.c", 1)]
    project.write("src/http/o.c", tidy.SPDX + "\nint a; /* a */\n")
    assert project.messages("opening") == ["no comment behind the SPDX line"]
    project.write("src/http/o.c", tidy.SPDX + "\n/*\n * Short.\n */\nint a;\n")
    assert project.lines("opening") == [("src/http/o.c", 2)]
    project.write("src/http/o.c", tidy.SPDX + "\n/*\n" + " * Long.\n" * 13 + " */\nint a;\n")
    assert project.lines("opening") == [("src/http/o.c", 2)]
    project.write("src/http/o.c", tidy.SPDX + "\n/*\n" + " * Right.\n" * 12 + " */\nint a;\n")
    assert project.findings("opening") == []


def test_todo(project):
    project.source("src/http/t.c", "/* TODO #12, FIXME(#3): x */\nchar a[] = \"TODO XXXXXX\";\n")
    assert project.findings("todo") == []
    project.source("src/http/t.c", "/* a\n * TODO: x */\n/* FIXME */\n")
    assert project.lines("todo") == [("src/http/t.c", 9), ("src/http/t.c", 10)]


def test_word(project):
    project.source("src/http/w.c", 'int upstream_count;\n/* upstream */ char a[] = "manager";\n')
    assert project.lines("word") == [("src/http/w.c", 8)]
    project.source("src/http/http_util.c", "")
    assert ("src/http/http_util.c", 1) in project.lines("word")


# --- exceptions ---


def test_exception_without_reason_or_check(project):
    project.write("tests/tidy/exceptions.txt", "# note\nunit-test src/process/main.c\nnone a b\n")
    lines = [f.line for f in project.findings("unit-test") if f.check == "exceptions"]
    assert lines == [2, 3]


def test_exception_not_needed(project):
    project.append("tests/tidy/exceptions.txt", "unused-export point_sum kept for later\n")
    found = project.findings("unused-export")
    assert [(f.check, f.line) for f in found] == [("exceptions", 2)]
    assert project.findings("unit-test") == []


# --- reading C ---


def test_comments_strings_and_continued_directives():
    source = CSource(
        "a.c",
        '#define A(x) \\\n    do_it(x) /* } */\nchar *s = "{ /* \\" ";\n'
        "char c = '{';\nint f(void)\n{ // }\n    return 1;\n}\n",
    )
    assert [(f.name, f.first, f.last) for f in source.definitions] == [("f", 5, 8)]
    assert [d.name for d in source.directives] == ["define"]


def test_macro_invocations_do_not_hide_functions():
    source = CSource("a.c", "#define ROW(a) a,\nROWS(ROW)\n#undef ROW\nstatic int f(void)\n{\n}\n")
    assert [(f.name, f.first, f.is_static) for f in source.definitions] == [("f", 4, True)]


def test_aggregates_are_no_functions():
    source = CSource(
        "a.c",
        "enum e { A = (1), B };\nstruct s { int (*f)(void); };\n"
        "static const struct s t[] = {{f}, {g}};\nint (*h[])(void) = {f, g};\n",
    )
    assert source.definitions == []
    assert source.declarations == []
