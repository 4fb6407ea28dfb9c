# SPDX-License-Identifier: Apache-2.0
"""Each timeout of the manual, with short values. Times are asserted from both sides."""

import socket
import threading
import time

import pytest

from harness.http import build, get
from harness.servers import pattern

SLACK = 0.9  # seconds that a loaded machine may add


@pytest.fixture
def timed():
    """`with timed(low): ...` asserts that the block took between `low` and `low` + SLACK."""

    class Timed:
        def __init__(self, seconds):
            self.seconds = seconds

        def __enter__(self):
            self.started = time.monotonic()

        def __exit__(self, kind, *_):
            if kind is None:
                took = time.monotonic() - self.started
                assert self.seconds - 0.05 <= took <= self.seconds + SLACK, f"took {took:.2f} s"

    return Timed


@pytest.mark.smoke
def test_http_request_408(http, origin, connect, timed):
    proxy = http([origin()], frontend="timeout http-request 400ms")
    raw = connect(proxy.port)
    with timed(0.4):
        raw.send(b"GET / HTTP/1.1\r\nHost: a\r\n")
        answer = raw.response()
    assert (answer.status, answer.get("Connection")) == (408, "close")
    raw.expect_close()


def test_http_request_counts_from_the_start(http, origin, connect, timed):
    """Bytes that trickle in do not put it off."""
    proxy = http([origin()], frontend="timeout http-request 500ms")
    raw = connect(proxy.port)
    with timed(0.5):
        raw.send(b"GET / HTTP/1.1\r\n")
        for _ in range(4):
            time.sleep(0.1)
            raw.send(b"X-Slow: 1\r\n")
        assert raw.response().status == 408


def test_http_request_without_a_byte(http, origin, connect, timed):
    """Nothing sent at all: 408, or with http-ignore-probes silence."""
    proxy = http([origin()], frontend="timeout http-request 300ms\noption http-ignore-probes")
    raw = connect(proxy.port)
    with timed(0.3):
        raw.expect_close()


@pytest.mark.smoke
def test_http_keep_alive_closes_silently(http, origin, connect, timed):
    proxy = http([origin()], frontend="timeout http-keep-alive 400ms\ntimeout http-request 3s")
    raw = connect(proxy.port)
    assert raw.ask(get("/?s=3")).body == pattern(3)
    with timed(0.4):
        raw.expect_close()


def test_http_keep_alive_ends_when_a_request_begins(http, origin, connect):
    proxy = http([origin()], frontend="timeout http-keep-alive 300ms\ntimeout http-request 3s")
    raw = connect(proxy.port)
    raw.ask(get("/?s=3"))
    raw.send(b"GET /?s=4 HTTP/1.1\r\n")
    time.sleep(0.6)
    raw.send(b"Host: a\r\n\r\n")
    assert raw.response().body == pattern(4)


def test_http_request_stands_in_for_keep_alive(http, origin, connect, timed):
    proxy = http([origin()], frontend="timeout http-request 400ms")
    raw = connect(proxy.port)
    raw.ask(get("/?s=3"))
    with timed(0.4):
        raw.expect_close()


def test_client_stands_in_for_both(http, origin, connect, timed):
    proxy = http([origin()], frontend="timeout client 400ms")
    raw = connect(proxy.port)
    raw.ask(get("/?s=3"))
    with timed(0.4):
        raw.expect_close()


@pytest.mark.weir_only  # HAProxy 2.6 waits for the server's timeout and answers 504
def test_client_inside_a_request_body(http, origin, connect, timed):
    proxy = http([origin()], frontend="timeout client 400ms")
    raw = connect(proxy.port)
    raw.send(build("POST /sum HTTP/1.1", "Host: a", "Content-Length: 100") + b"x" * 50)
    with timed(0.4):
        assert raw.response().status == 408


def test_client_starts_anew_with_each_piece(http, origin, connect):
    proxy = http([origin()], frontend="timeout client 500ms")
    raw = connect(proxy.port)
    raw.send(build("POST /body HTTP/1.1", "Host: a", "Content-Length: 5"))
    for _ in range(5):
        time.sleep(0.2)
        raw.send(b"x")
    assert raw.response().body == b"xxxxx"


def test_client_that_does_not_read(http, origin, connect):
    proxy = http([origin()], frontend="timeout client 500ms")
    raw = connect(proxy.port, receive_buffer=4096)
    raw.send(get("/?s=100m"))
    time.sleep(1.5)
    with pytest.raises((ConnectionResetError, AssertionError)):
        raw.response()


@pytest.mark.smoke
def test_server_504(http, origin, connect, timed):
    proxy = http([origin()], backend="timeout server 400ms")
    raw = connect(proxy.port)
    with timed(0.4):
        answer = raw.ask(get("/?t=5000"))
    assert answer.status == 504


def test_server_that_never_answers(http, origin, connect, timed):
    proxy = http([origin()], backend="timeout server 400ms")
    with timed(0.4):
        assert connect(proxy.port).ask(get("/?never=1")).status == 504


def test_server_stalls_inside_a_body(http, origin, connect, timed):
    proxy = http([origin()], backend="timeout server 400ms")
    raw = connect(proxy.port)
    with timed(0.4):
        raw.send(get("/?s=1000&stall=500"))
        raw.reader.head()
        assert raw.read(500) == pattern(500)
        raw.expect_close()


def test_server_starts_anew_with_each_piece(http, origin, connect):
    proxy = http([origin()], backend="timeout server 400ms")
    assert connect(proxy.port).ask(get("/?s=1000&rate=1000")).body == pattern(1000)


def test_server_starts_when_the_request_is_complete(http, origin, connect):
    proxy = http([origin()], backend="timeout server 500ms")
    raw = connect(proxy.port)
    raw.send(build("POST /body HTTP/1.1", "Host: a", "Content-Length: 4"))
    for _ in range(4):
        time.sleep(0.3)
        raw.send(b"x")
    assert raw.response().body == b"xxxx"


@pytest.fixture
def full_backlog():
    """A listening address whose queue of connections is full: SYNs are dropped."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(0)
    fillers = []
    for _ in range(4):
        filler = socket.socket()
        filler.setblocking(False)
        filler.connect_ex(listener.getsockname())
        fillers.append(filler)
    time.sleep(0.1)

    class Address:
        address = f"127.0.0.1:{listener.getsockname()[1]}"

    yield Address
    for sock in [*fillers, listener]:
        sock.close()


@pytest.mark.smoke
def test_connect_503(http, full_backlog, connect, timed):
    proxy = http([full_backlog], backend="timeout connect 300ms\nretries 0")
    with timed(0.3):
        assert connect(proxy.port).ask(get("/")).status == 503


def test_connect_with_retries(http, full_backlog, connect, timed):
    """A timed out attempt is followed by others at once."""
    proxy = http([full_backlog], backend="timeout connect 200ms\nretries 2")
    with timed(0.6):
        assert connect(proxy.port).ask(get("/")).status == 503


@pytest.mark.smoke
def test_queue_503(http, origin, connect, timed):
    proxy = http([origin()], backend="timeout queue 400ms", server="maxconn 1")
    first, second = connect(proxy.port), connect(proxy.port)
    first.send(get("/?s=3&t=1200"))
    time.sleep(0.1)
    with timed(0.4):
        assert second.ask(get("/?s=3")).status == 503
    assert first.response().body == pattern(3)


def test_connect_stands_in_for_queue(http, origin, connect, timed):
    proxy = http([origin()], backend="timeout connect 400ms", server="maxconn 1")
    first, second = connect(proxy.port), connect(proxy.port)
    first.send(get("/?s=3&t=1200"))
    time.sleep(0.1)
    with timed(0.4):
        assert second.ask(get("/?s=3")).status == 503
    first.response()


def test_tarpit(http, origin, connect, timed):
    proxy = http([origin()], frontend="""
        timeout tarpit 400ms
        http-request tarpit if { path /bad }
        http-request tarpit deny_status 429 if { path /worse }
    """)
    raw = connect(proxy.port)
    with timed(0.4):
        assert raw.ask(get("/bad")).status == 500
    with timed(0.4):
        assert connect(proxy.port).ask(get("/worse")).status == 429
    assert connect(proxy.port).ask(get("/?s=3")).status == 200


def test_tunnel_replaces_client_and_server(http, origin, connect, timed):
    proxy = http([origin()], defaults="timeout tunnel 700ms\ntimeout client 300ms",
                 backend="timeout server 300ms")
    raw = connect(proxy.port)
    raw.send(get("/", "Connection: upgrade", "Upgrade: echo"))
    assert raw.reader.head()[1][0].startswith(b"HTTP/1.1 101")
    time.sleep(0.45)
    assert raw.send(b"ping").read(4) == b"ping"
    with timed(0.7):
        raw.expect_close()


def test_tunnel_in_tcp_mode(http, origin, connect, timed):
    proxy = http([origin()], mode="tcp", defaults="timeout tunnel 500ms\ntimeout client 5s",
                 backend="timeout server 5s")
    raw = connect(proxy.port)
    assert raw.ask(get("/?s=3")).body == pattern(3)
    with timed(0.5):
        raw.expect_close()


def test_client_in_tcp_mode(http, origin, connect, timed):
    proxy = http([origin()], mode="tcp", frontend="timeout client 400ms")
    raw = connect(proxy.port)
    raw.ask(get("/?s=3"))
    with timed(0.4):
        raw.expect_close()


def test_server_fin(http, scripted, connect, timed):
    """The client closed its side: the server gets `timeout server-fin` to end its own."""
    ended = threading.Event()

    def silent(peer):
        peer.reader.until_close()
        ended.set()
        peer.sleep(3)

    proxy = http([scripted(silent)], mode="tcp", backend="timeout server-fin 400ms")
    raw = connect(proxy.port).send(b"hello").half_close()
    with timed(0.4):
        raw.expect_close()
    assert ended.wait(1), "the half close was not passed on"


def test_client_fin(http, scripted, connect):
    """The server closed its side: the client gets `timeout client-fin` to end its own."""
    closed = threading.Event()

    def script(peer):
        peer.sock.shutdown(socket.SHUT_WR)
        peer.reader.until_close()
        closed.set()

    proxy = http([scripted(script)], mode="tcp", frontend="timeout client-fin 400ms",
                 backend="timeout server 5s")
    raw = connect(proxy.port)
    started = time.monotonic()
    assert raw.sock.recv(10) == b""
    assert closed.wait(3)
    assert 0.3 <= time.monotonic() - started <= 0.4 + SLACK


def test_check_timeout_takes_a_server_down(http, scripted, connect):
    def mute(peer):
        peer.reader.more()
        peer.sleep(5)

    proxy = http([scripted(mute)], backend="timeout check 200ms\noption httpchk GET /",
                 server="check inter 200ms fall 1")
    deadline = time.monotonic() + 4
    while proxy.stat("be", "s1")["status"] != "DOWN":
        assert time.monotonic() < deadline, proxy.stat("be", "s1")["status"]
        time.sleep(0.05)
    assert connect(proxy.port).ask(get("/")).status == 503


def test_inspect_delay(http, origin, connect, timed):
    proxy = http([origin()], mode="tcp", frontend="""
        tcp-request inspect-delay 400ms
        tcp-request content accept if { req.len gt 1000 }
        tcp-request content accept if WAIT_END
    """)
    raw = connect(proxy.port)
    with timed(0.4):
        assert raw.ask(get("/?s=3")).body == pattern(3)
