# SPDX-License-Identifier: Apache-2.0
"""Connections that become tunnels: WebSocket, other upgrades, CONNECT."""

import os
import struct
import threading

import pytest

from harness.http import build, get
from harness.servers import pattern

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="  # RFC 6455, 1.3
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


def frame(opcode, data, final=True):
    """A masked frame."""
    mask = os.urandom(4)
    first = (0x80 if final else 0) | opcode
    if len(data) < 126:
        head = struct.pack("!BB", first, 0x80 | len(data))
    elif len(data) < 65536:
        head = struct.pack("!BBH", first, 0x80 | 126, len(data))
    else:
        head = struct.pack("!BBQ", first, 0x80 | 127, len(data))
    repeated = (mask * (len(data) // 4 + 1))[: len(data)]
    body = (int.from_bytes(data, "big") ^ int.from_bytes(repeated, "big")).to_bytes(len(data), "big")
    return head + mask + body


def read_frame(raw):
    """(opcode, data) of the next frame from the server."""
    first, length = raw.read(2)
    if length == 126:
        (length,) = struct.unpack("!H", raw.read(2))
    elif length == 127:
        (length,) = struct.unpack("!Q", raw.read(8))
    return first & 15, raw.read(length)


def handshake(raw, target="/ws"):
    answer = raw.ask(get(target, "Connection: Upgrade", "Upgrade: websocket",
                         f"Sec-WebSocket-Key: {KEY}", "Sec-WebSocket-Version: 13"))
    assert answer.status == 101
    assert answer.get("Upgrade").lower() == "websocket"
    assert answer.get("Connection").lower() == "upgrade"
    assert answer.get("Sec-WebSocket-Accept") == ACCEPT
    return answer


@pytest.mark.smoke
def test_websocket(http, origin, connect):
    proxy = http([origin()])
    raw = connect(proxy.port)
    handshake(raw)
    for data in (b"hello", b"", os.urandom(300), os.urandom(200000)):
        assert read_frame(raw.send(frame(BINARY, data))) == (BINARY, data)
    assert read_frame(raw.send(frame(PING, b"p"))) == (PONG, b"p")
    assert read_frame(raw.send(frame(CLOSE, b"\x03\xe8"))) == (CLOSE, b"\x03\xe8")
    raw.expect_close()


def test_websocket_behind_other_requests(http, origin, connect):
    proxy = http([origin()])
    raw = connect(proxy.port)
    assert raw.ask(get("/?s=5")).body == pattern(5)
    handshake(raw)
    assert read_frame(raw.send(frame(TEXT, b"x"))) == (TEXT, b"x")


def test_frames_sent_with_the_handshake(http, origin, connect):
    proxy = http([origin()])
    raw = connect(proxy.port)
    raw.send(get("/ws", "Connection: Upgrade", "Upgrade: websocket", f"Sec-WebSocket-Key: {KEY}",
                 "Sec-WebSocket-Version: 13") + frame(TEXT, b"early"))
    assert raw.response().status == 101
    assert read_frame(raw) == (TEXT, b"early")


def test_large_traffic_both_ways(http, origin, connect):
    proxy = http([origin()])
    raw = connect(proxy.port)
    handshake(raw)
    data = os.urandom(8 << 20)
    sender = threading.Thread(target=raw.send, args=(frame(BINARY, data),))
    sender.start()
    assert read_frame(raw) == (BINARY, data)
    sender.join(5)


@pytest.mark.smoke
def test_an_upgrade_that_is_refused(http, origin, connect):
    """The server answers 200: the connection stays HTTP."""
    proxy = http([origin()])
    raw = connect(proxy.port)
    answer = raw.ask(get("/?s=5", "Connection: Upgrade", "Upgrade: websocket",
                         f"Sec-WebSocket-Key: {KEY}"))
    assert (answer.status, answer.body) == (200, pattern(5))
    assert raw.ask(get("/?s=3")).body == pattern(3)


@pytest.mark.smoke
def test_another_protocol(http, origin, connect):
    proxy = http([origin()])
    raw = connect(proxy.port)
    answer = raw.ask(get("/", "Connection: upgrade", "Upgrade: echo"))
    assert (answer.status, answer.get("Upgrade")) == (101, "echo")
    assert raw.send(b"GET / HTTP/1.1\r\n\r\n").read(18) == b"GET / HTTP/1.1\r\n\r\n"


def test_a_half_close_ends_a_tunnel_in_order(http, origin, connect):
    proxy = http([origin()])
    raw = connect(proxy.port)
    raw.ask(get("/", "Connection: upgrade", "Upgrade: echo"))
    raw.send(b"x" * 100000).half_close()
    assert raw.read_until_close() == b"x" * 100000


def test_an_unasked_101_is_refused(http, scripted, connect):
    def script(peer):
        peer.request()
        peer.send("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n")
        peer.sleep(1)

    proxy = http([scripted(script)])
    assert connect(proxy.port).ask(get("/")).status == 502


def test_upgrade_is_not_passed_without_connection(http, scripted, connect):
    """Upgrade without `Connection: upgrade` is no upgrade (RFC 9110, 7.8)."""
    server = scripted()
    proxy = http([server])
    assert connect(proxy.port).ask(get("/", "Upgrade: websocket")).status == 200


@pytest.mark.smoke
def test_connect(http, origin, connect):
    proxy = http([origin()])
    raw = connect(proxy.port)
    answer = raw.ask(build("CONNECT target.example:443 HTTP/1.1", "Host: target.example:443"),
                     "CONNECT")
    assert answer.status == 200
    assert raw.send(b"\x16\x03\x01 anything").read(12) == b"\x16\x03\x01 anything"


def test_connect_that_is_refused(http, scripted, connect):
    def script(peer):
        while peer.request():
            peer.send("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno")

    proxy = http([scripted(script)])
    raw = connect(proxy.port)
    answer = raw.ask(build("CONNECT a.example:443 HTTP/1.1", "Host: a.example:443"), "CONNECT")
    assert (answer.status, answer.body) == (403, b"no")


def test_http_2_upgrade_is_not_taken_up(http, origin, connect):
    """`Upgrade: h2c` goes nowhere dangerous: HTTP/1.1 goes on."""
    proxy = http([origin()])
    raw = connect(proxy.port)
    answer = raw.ask(get("/?s=5", "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c",
                         "HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA"))
    assert (answer.status, answer.body) == (200, pattern(5))


def test_tunnels_are_counted_and_closed(http, origin, connect):
    proxy = http([origin()])
    raws = [connect(proxy.port) for _ in range(20)]
    for raw in raws:
        handshake(raw)
    assert proxy.stat("be", "s1")["scur"] == "20"
    for raw in raws:
        raw.close()
    import time

    deadline = time.monotonic() + 3
    while proxy.stat("be", "s1")["scur"] != "0":
        assert time.monotonic() < deadline
        time.sleep(0.02)
