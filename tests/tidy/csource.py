# SPDX-License-Identifier: Apache-2.0
"""A C file as the tidy test sees it: tokens, comments, directives, functions.

Not a C parser: it knows what is a comment, a string, a directive and a brace, and finds function
definitions and declarations at the top level. That is enough for the checks of tidy.py, and it
needs no compiler. What a macro expands to is not seen; a macro's own body is.
"""

import bisect
import re
from dataclasses import dataclass, field

TOKEN = re.compile(
    r"""
      (?P<comment>/\*.*?\*/|//[^\n]*)
    | (?P<string>(?:u8|[uUL])?"(?:\\.|[^"\\\n])*")
    | (?P<char>[uUL]?'(?:\\.|[^'\\\n])*')
    | (?P<word>[A-Za-z_][A-Za-z_0-9]*)
    | (?P<number>\.?[0-9](?:[eEpP][+-]|[A-Za-z_0-9.])*)
    | (?P<splice>\\\n)
    | (?P<newline>\n)
    | (?P<space>[ \t\r\f\v]+)
    | (?P<mark>->|\#\#|\.\.\.|[-+*/%&|^<>=!]=|&&|\|\||<<|>>|\+\+|--|.)
    """,
    re.VERBOSE | re.DOTALL,
)

KEYWORDS = frozenset(
    "auto break case char const continue default do double else enum extern float for goto if "
    "inline int long register restrict return short signed sizeof static struct switch typedef "
    "union unsigned void volatile while _Alignas _Alignof _Atomic _Bool _Generic _Noreturn "
    "_Static_assert _Thread_local __attribute__ __extension__ asm __asm__ typeof __typeof__".split()
)

CONDITIONALS = frozenset("if ifdef ifndef elif else endif".split())


@dataclass
class Token:
    kind: str  # word, string, char, number, mark
    text: str
    line: int


@dataclass
class Comment:
    text: str
    first: int  # line
    last: int


@dataclass
class Directive:
    """A preprocessor line, with its continuation lines."""

    name: str  # include, define, if ...
    tokens: list
    line: int
    text: str
    depth: int = 0  # braces open where it stands


@dataclass
class Function:
    name: str
    first: int  # line of its first token
    last: int
    is_static: bool
    body: list = field(default_factory=list)  # tokens between the outer braces


class CSource:
    """One C file, read. `path` is the name shown; `text` its content."""

    def __init__(self, path, text):
        self.path = path
        self.text = text
        self.lines = text.split("\n")
        self.tokens = []  # outside directives
        self.directives = []
        self.comments = []
        self.definitions = []
        self.declarations = []
        self._lex()
        self._find_functions()

    # --- reading ---

    def _lex(self):
        starts = [0] + [m.end() for m in re.finditer("\n", self.text)]
        directive = None
        line_is_empty = True
        depth = 0
        for match in TOKEN.finditer(self.text):
            kind, text = match.lastgroup, match.group()
            if kind in ("space", "splice"):
                continue
            if kind == "newline":
                directive = None
                line_is_empty = True
                continue
            line = bisect.bisect_right(starts, match.start())
            if kind == "comment":
                self.comments.append(Comment(text, line, line + text.count("\n")))
                continue
            token = Token(kind, text, line)
            if directive is not None:
                directive.tokens.append(token)
            elif text == "#" and line_is_empty:
                directive = Directive("", [], line, self.lines[line - 1], depth)
                self.directives.append(directive)
            else:
                depth += {"{": 1, "}": -1}.get(text, 0)
                self.tokens.append(token)
            line_is_empty = False
        for directive in self.directives:
            if directive.tokens:
                directive.name = directive.tokens[0].text

    def _find_functions(self):
        directive_lines = sorted(d.line for d in self.directives)
        statement = []
        tokens = self.tokens
        i = 0
        while i < len(tokens):
            token = tokens[i]
            if self._is_invocation_before(statement, token, directive_lines):
                statement = []
            if token.text == "{":
                end = matching(tokens, i)
                name = function_name(statement)
                if name is not None:
                    self.definitions.append(
                        Function(
                            name,
                            statement[0].line,
                            tokens[end].line,
                            any(t.text == "static" for t in statement),
                            tokens[i + 1 : end],
                        )
                    )
                    statement = []
                i = end + 1
                continue
            if token.text == ";":
                name = function_name(statement)
                if name is not None:
                    is_static = any(t.text == "static" for t in statement)
                    self.declarations.append(
                        Function(name, statement[0].line, token.line, is_static)
                    )
                statement = []
            else:
                statement.append(token)
            i += 1

    @staticmethod
    def _is_invocation_before(statement, token, directive_lines):
        """Whether `statement` is a macro invocation without semicolon: ended by a directive."""
        if not statement or statement[-1].text != ")":
            return False
        i = bisect.bisect_right(directive_lines, statement[-1].line)
        return i < len(directive_lines) and directive_lines[i] < token.line

    # --- asking ---

    def includes(self):
        """(line, name, is_quoted) of each #include, in order."""
        for directive in self.directives:
            if directive.name != "include":
                continue
            match = re.match(r'\s*#\s*include\s*(["<])([^">]+)[">]', directive.text)
            if match:
                yield directive.line, match.group(2), match.group(1) == '"'

    def words(self):
        """Every identifier token, those of directives included."""
        for token in self.tokens:
            if token.kind == "word":
                yield token
        for directive in self.directives:
            for token in directive.tokens[1:]:
                if token.kind == "word":
                    yield token

    def calls(self):
        """Every `name (` that can be a call: not a member, not a keyword."""
        runs = [self.tokens] + [d.tokens[1:] for d in self.directives if d.name == "define"]
        for run in runs:
            yield from calls_in(run)

    def comment_ending_at(self, line):
        """The comment whose last line is `line` and that has no code beside it, or None."""
        for comment in self.comments:
            if comment.last == line and self.lines[comment.first - 1].lstrip().startswith("/"):
                return comment
        return None


def calls_in(tokens):
    """Every `name (` in `tokens` that can be a call."""
    for i, token in enumerate(tokens[:-1]):
        if token.kind != "word" or token.text in KEYWORDS or tokens[i + 1].text != "(":
            continue
        if i > 0 and tokens[i - 1].text in (".", "->"):
            continue
        yield token


def matching(tokens, start):
    """Index of the bracket that closes the one at `start`; the last index when there is none."""
    opening = tokens[start].text
    closing = {"(": ")", "{": "}", "[": "]"}[opening]
    depth = 0
    for i in range(start, len(tokens)):
        if tokens[i].text == opening:
            depth += 1
        elif tokens[i].text == closing:
            depth -= 1
            if depth == 0:
                return i
    return len(tokens) - 1


def matching_back(tokens, end):
    """Index of the `(` that the `)` at `end` closes, or -1."""
    depth = 0
    for i in range(end, -1, -1):
        if tokens[i].text == ")":
            depth += 1
        elif tokens[i].text == "(":
            depth -= 1
            if depth == 0:
                return i
    return -1


def without_attributes(tokens):
    """`tokens` less __attribute__((...)) wherever it stands."""
    kept = []
    i = 0
    while i < len(tokens):
        if tokens[i].text == "__attribute__" and i + 1 < len(tokens):
            i = matching(tokens, i + 1) + 1
        else:
            kept.append(tokens[i])
            i += 1
    return kept


def function_name(statement):
    """The name of the function that these tokens (up to `{` or `;`) declare, or None."""
    tokens = without_attributes(statement)
    if not tokens or tokens[0].text == "typedef":
        return None
    depth = 0
    for token in tokens:
        depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(token.text, 0)
        if token.text == "=" and depth == 0:
            return None
    while tokens and tokens[-1].text == ")":
        start = matching_back(tokens, len(tokens) - 1)
        if start < 1:
            return None
        before = tokens[start - 1]
        # int f(void) ATTRIBUTE(1, 2): the attribute macro follows the parameters.
        if before.text.isupper() and start >= 2 and tokens[start - 2].text == ")":
            tokens = tokens[: start - 1]
            continue
        if before.kind != "word" or before.text in KEYWORDS or start < 2:
            return None
        return before.text
    # int f(void) MUST_USE
    if len(tokens) > 1 and tokens[-1].text.isupper() and tokens[-2].text == ")":
        return function_name(tokens[:-1])
    return None
