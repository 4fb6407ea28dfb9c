# SPDX-License-Identifier: Apache-2.0
"""A strict HTTP/1.1 reader: what it accepts has one meaning (RFC 9110, 9112)."""

import re
from dataclasses import dataclass, field

TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
STATUS_LINE = re.compile(rb"(HTTP/1\.[01]) ([1-9][0-9][0-9]) ([\t \x21-\x7e\x80-\xff]*)")
REQUEST_LINE = re.compile(rb"(" + TOKEN + rb") ([\x21-\x7e\x80-\xff]+) (HTTP/1\.[01])")
FIELD_LINE = re.compile(rb"(" + TOKEN + rb"):[\t ]*([\t \x21-\x7e\x80-\xff]*?)[\t ]*")
CHUNK_LINE = re.compile(rb"([0-9a-fA-F]{1,16})((?:[\t ]*;[\t \x21-\x7e\x80-\xff]*)?)")


class Malformed(AssertionError):
    """The peer sent what RFC 9112 does not allow, or ended too early."""


class Truncated(Malformed):
    """The connection ended inside a message."""


@dataclass
class Message:
    """A request or a response."""

    head: bytes
    fields: list = field(default_factory=list)  # [(name, value)]
    body: bytes = b""
    trailers: list = field(default_factory=list)
    framing: str = "none"  # none, length, chunked, close
    chunks: list = field(default_factory=list)  # sizes

    def all(self, name):
        """The values of every field `name`, in order."""
        return [value for key, value in self.fields if key.lower() == name.lower()]

    def get(self, name, default=None):
        """The value of the only field `name`."""
        values = self.all(name)
        assert len(values) <= 1, f"{name} is there {len(values)} times: {values}"
        return values[0] if values else default

    def __contains__(self, name):
        return bool(self.all(name))

    @property
    def text(self):
        return self.body.decode(errors="replace")


@dataclass
class Response(Message):
    version: str = ""
    status: int = 0
    reason: str = ""
    interim: list = field(default_factory=list)


@dataclass
class Request(Message):
    method: str = ""
    target: str = ""
    version: str = ""


class Reader:
    """Reads messages from `receive()`, which gives bytes, or b"" at the end."""

    def __init__(self, receive):
        self._receive = receive
        self.held = b""
        self.ended = False

    def more(self):
        """Gets more bytes; False at the end."""
        if self.ended:
            return False
        piece = self._receive()
        self.ended = not piece
        self.held += piece
        return bool(piece)

    def exactly(self, count):
        parts, missing = [], count
        while missing:
            if not self.held and not self.more():
                raise Truncated(f"{missing} of {count} bytes are missing")
            part, self.held = self.held[:missing], self.held[missing:]
            parts.append(part)
            missing -= len(part)
        return b"".join(parts)

    def until(self, mark):
        start = 0
        while (at := self.held.find(mark, start)) < 0:
            start = max(0, len(self.held) - len(mark))
            if not self.more():
                raise Truncated(f"ended before {mark!r}: {self.held[:200]!r}")
        at += len(mark)
        out, self.held = self.held[:at], self.held[at:]
        return out

    def until_close(self):
        parts = [self.held]
        self.held = b""
        while self.more():
            parts.append(self.held)
            self.held = b""
        return b"".join(parts)

    def head(self):
        """The lines of a message head, without their ends."""
        head = self.until(b"\r\n\r\n")
        lines = head[:-4].split(b"\r\n")
        for line in lines:
            if b"\n" in line or b"\r" in line or b"\0" in line:
                raise Malformed(f"a bare CR, LF or a NUL in {line!r}")
        return head, lines

    def chunked(self, message):
        parts = []
        while True:
            line = self.until(b"\r\n")[:-2]
            match = CHUNK_LINE.fullmatch(line)
            if not match:
                raise Malformed(f"bad chunk size line {line!r}")
            size = int(match.group(1), 16)
            if size == 0:
                break
            message.chunks.append(size)
            parts.append(self.exactly(size))
            if self.exactly(2) != b"\r\n":
                raise Malformed("no CRLF behind a chunk")
        message.body = b"".join(parts)
        while (line := self.until(b"\r\n")[:-2]) != b"":
            message.trailers.append(parse_field(line))

    def body(self, message, until_close):
        """Reads the body as the fields of `message` frame it."""
        codings = ",".join(message.all("transfer-encoding")).lower().replace(" ", "")
        lengths = message.all("content-length")
        if codings:
            if lengths:
                raise Malformed("both Content-Length and Transfer-Encoding")
            if codings != "chunked":
                raise Malformed(f"transfer coding {codings!r}")
            message.framing = "chunked"
            self.chunked(message)
        elif lengths:
            if len(lengths) > 1 or not re.fullmatch("[0-9]+", lengths[0]):
                raise Malformed(f"Content-Length {lengths}")
            message.framing = "length"
            message.body = self.exactly(int(lengths[0]))
        elif until_close:
            message.framing = "close"
            message.body = self.until_close()

    def response(self, method="GET"):
        """The next response; 1xx ones (but 101) are put into `.interim`."""
        interim = []
        while True:
            head, lines = self.head()
            match = STATUS_LINE.fullmatch(lines[0])
            if not match:
                raise Malformed(f"bad status line {lines[0]!r}")
            response = Response(head, [parse_field(line) for line in lines[1:]])
            response.version, response.reason = match.group(1).decode(), match.group(3).decode()
            response.status = int(match.group(2))
            if not 100 <= response.status < 200 or response.status == 101:
                break
            interim.append(response)
        response.interim = interim
        bodyless = method == "HEAD" or response.status in (101, 204, 304)
        if not bodyless and not (method == "CONNECT" and response.status == 200):
            self.body(response, until_close=True)
        return response

    def request(self):
        """The next request."""
        head, lines = self.head()
        match = REQUEST_LINE.fullmatch(lines[0])
        if not match:
            raise Malformed(f"bad request line {lines[0]!r}")
        request = Request(head, [parse_field(line) for line in lines[1:]])
        request.method, request.target, request.version = (
            part.decode("latin-1") for part in match.groups()
        )
        self.body(request, until_close=False)
        return request


def parse_field(line):
    """(name, value) of a field line."""
    match = FIELD_LINE.fullmatch(line)
    if not match:
        raise Malformed(f"bad field line {line!r}")
    return match.group(1).decode(), match.group(2).decode("latin-1")


def build(start_line, *fields, body=b"", chunks=None, trailers=()):
    """The bytes of a message. With `chunks`, a list of byte strings, the body is chunked."""
    lines = [start_line, *fields]
    if chunks is not None:
        lines.append("Transfer-Encoding: chunked")
        body = b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n"
        body += b"".join(line.encode() + b"\r\n" for line in trailers) + b"\r\n"
    elif body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def get(target="/", *fields, method="GET", host="test.example"):
    """The bytes of a request without a body."""
    return build(f"{method} {target} HTTP/1.1", f"Host: {host}", *fields)
