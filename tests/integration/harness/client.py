# SPDX-License-Identifier: Apache-2.0
"""Clients: raw sockets, and curl."""

import json
import select
import socket
import ssl
import struct
import subprocess
import time
from dataclasses import dataclass

from harness.http import Reader, parse_field
from harness.process import die_with_parent


class Raw:
    """A socket with a time limit on everything."""

    def __init__(self, address, seconds=5.0, tls=None, server_name=None, receive_buffer=None):
        """`address`: a port of 127.0.0.1, (host, port), or the path of a Unix socket."""
        if isinstance(address, int):
            address = ("127.0.0.1", address)
        if isinstance(address, str):
            self.sock = socket.socket(socket.AF_UNIX)
        else:
            family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
            self.sock = socket.socket(family)
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if receive_buffer:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.sock.settimeout(seconds)
        self.sock.connect(address)
        if tls is not None:
            self.sock = tls.wrap_socket(self.sock, server_hostname=server_name)
        self.reader = Reader(lambda: self.sock.recv(65536))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def send(self, data):
        self.sock.sendall(data.encode("latin-1") if isinstance(data, str) else data)
        return self

    def response(self, method="GET"):
        """Reads one response, strictly."""
        return self.reader.response(method)

    def ask(self, data, method="GET"):
        """Sends and reads one response."""
        return self.send(data).response(method)

    def read(self, count):
        """Reads exactly `count` bytes."""
        return self.reader.exactly(count)

    def read_until_close(self):
        """Reads to the peer's FIN."""
        return self.reader.until_close()

    def expect_close(self, seconds=5.0):
        """Asserts that the peer closes (FIN or RST) without a further byte; returns after how
        many seconds."""
        started = time.monotonic()
        self.sock.settimeout(seconds)
        try:
            rest = self.reader.held or self.sock.recv(4096)
        except (ConnectionResetError, BrokenPipeError):
            rest = b""
        assert rest == b"", f"expected the end, got {rest!r}"
        return time.monotonic() - started

    def expect_silence(self, seconds=0.3):
        """Asserts that nothing comes, no end either."""
        assert not self.reader.held, f"expected nothing, got {self.reader.held!r}"
        readable, _, _ = select.select([self.sock], [], [], seconds)
        if readable:
            raise AssertionError(f"expected nothing, got {self.sock.recv(4096)!r}")

    def half_close(self):
        self.sock.shutdown(socket.SHUT_WR)
        return self

    def reset(self):
        """Closes with a RST."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def close(self):
        self.sock.close()


def expect_refused(address, seconds=5.0):
    """Asserts that a new connection ends without a byte, however early."""
    try:
        with Raw(address, seconds=seconds) as raw:
            raw.expect_close(seconds)
    except (ConnectionResetError, ConnectionRefusedError, BrokenPipeError):
        pass


def tls_context(ca=None, alpn=None, minimum=None, maximum=None, certificate=None):
    """A client's TLS context; without `ca` nothing is verified."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if ca:
        context.load_verify_locations(ca)
    else:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if alpn:
        context.set_alpn_protocols(alpn)
    if minimum:
        context.minimum_version = minimum
    if maximum:
        context.maximum_version = maximum
    if certificate:
        context.load_cert_chain(certificate)
    return context


@dataclass
class CurlResult:
    code: int  # curl's exit code
    status: int
    fields: list
    body: bytes
    seconds: float
    error: str
    info: dict

    def all(self, name):
        return [value for key, value in self.fields if key.lower() == name.lower()]

    def get(self, name, default=None):
        values = self.all(name)
        assert len(values) <= 1, f"{name} is there {len(values)} times: {values}"
        return values[0] if values else default

    @property
    def text(self):
        return self.body.decode(errors="replace")


def curl(folder, url, *arguments, seconds=20, check=True):
    """Runs curl; with `check` its exit code must be 0."""
    body, head = folder / "curl.body", folder / "curl.head"
    for path in (body, head):
        path.unlink(missing_ok=True)
    command = ["curl", "-sS", "-m", str(seconds), "-o", str(body), "-D", str(head)]
    command += ["-w", "%{json}", "--noproxy", "*", *map(str, arguments), url]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=seconds + 5, preexec_fn=die_with_parent
    )
    if check:
        assert done.returncode == 0, f"curl: {done.stderr} ({' '.join(command)})"
    info = json.loads(done.stdout)
    blocks = head.read_bytes().split(b"\r\n\r\n") if head.exists() else []
    last = [block for block in blocks if block.startswith(b"HTTP/")]
    fields = [parse_field(line) for line in last[-1].split(b"\r\n")[1:]] if last else []
    return CurlResult(
        code=done.returncode,
        status=info["response_code"],
        fields=fields,
        body=body.read_bytes() if body.exists() else b"",
        seconds=info["time_total"],
        error=done.stderr,
        info=info,
    )
