# SPDX-License-Identifier: Apache-2.0
"""Reads the corpus of smuggling/*.txt; its format is told in smuggling/README.md."""

import re
from dataclasses import dataclass, field
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1] / "smuggling"
KEYS = {"side", "expect", "status", "count", "body", "head", "not-head", "weir-only"}
SIDES = {"request", "response"}
EXPECTATIONS = {"refuse", "forward", "either"}

ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|\{(\d+)\*((?:\\.|[^}\\])*)\}|(.))", re.S)
SIMPLE = {"r": b"\r", "n": b"\n", "t": b"\t", "0": b"\0", "\\": b"\\"}


def unescape(text):
    """The bytes that `text` stands for."""
    out, at = [], 0
    for match in ESCAPE.finditer(text):
        out.append(text[at : match.start()].encode())
        at = match.end()
        digits, count, repeated, simple = match.groups()
        if digits:
            out.append(bytes([int(digits, 16)]))
        elif count:
            out.append(unescape(repeated) * int(count))
        else:
            out.append(SIMPLE[simple])
    out.append(text[at:].encode())
    return b"".join(out)


@dataclass
class Case:
    name: str
    place: str  # file:line
    data: bytes = b""
    keys: dict = field(default_factory=dict)

    @property
    def side(self):
        return self.keys.get("side", "request")

    @property
    def expect(self):
        return self.keys.get("expect", "either")

    @property
    def status(self):
        return int(self.keys["status"]) if "status" in self.keys else None

    @property
    def count(self):
        """Messages that arrive whole."""
        return int(self.keys.get("count", 0 if self.expect == "refuse" else 1))

    def check(self):
        unknown = set(self.keys) - KEYS
        assert not unknown, f"{self.place}: unknown keys {unknown}"
        assert self.side in SIDES and self.expect in EXPECTATIONS, self.place
        assert self.data, f"{self.place}: no bytes"
        return self


def read_file(path):
    cases, case, body = [], None, False
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if line.startswith("== "):
            case = Case(line[3:].strip(), f"{path.name}:{number}")
            cases.append(case)
            body = False
        elif body:
            case.data += unescape(line)
        elif line.strip() == "--":
            body = True
        elif line.strip() and not line.startswith("#"):
            key, _, value = line.partition(":")
            case.keys[key.strip()] = value.strip()
    return [case.check() for case in cases]


def corpus():
    """All cases, in the order of the files' names."""
    cases = [case for path in sorted(FOLDER.glob("*.txt")) for case in read_file(path)]
    names = [case.name for case in cases]
    twice = {name for name in names if names.count(name) > 1}
    assert not twice, f"names used twice: {twice}"
    return cases
