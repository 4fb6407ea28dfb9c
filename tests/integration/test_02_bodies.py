# SPDX-License-Identifier: Apache-2.0
"""Bodies of every framing and size, both ways, byte for byte."""

import hashlib
import os
import threading
import time

import pytest

from harness.client import Raw
from harness.http import Truncated, build, get
from harness.servers import pattern

MIB = 1 << 20


def sum_lines(data):
    return f"length={len(data)}\r\nsha256={hashlib.sha256(data).hexdigest()}\r\n"


@pytest.mark.smoke
@pytest.mark.parametrize("size", [0, 1, 16383, 16384, 16385, 65536, MIB, 10 * MIB])
def test_download(http, origin, connect, size):
    proxy = http([origin()])
    raw = connect(proxy.port)
    assert raw.ask(get(f"/?s={size}")).body == pattern(size)
    assert raw.ask(get("/?s=3")).body == pattern(3)


def test_download_of_100_mib(http, origin, curl):
    proxy = http([origin()])
    answer = curl(f"{proxy.url}/?s=100m")
    assert hashlib.sha256(answer.body).digest() == hashlib.sha256(pattern(100 * MIB)).digest()


@pytest.mark.smoke
@pytest.mark.parametrize("size", [1, 16384, MIB, 10 * MIB])
def test_upload(http, origin, connect, size):
    proxy = http([origin()])
    raw = connect(proxy.port)
    data = os.urandom(size)
    assert raw.ask(build("POST /sum HTTP/1.1", "Host: a", body=data)).text == sum_lines(data)
    assert raw.ask(get("/?s=3")).body == pattern(3)


@pytest.mark.parametrize("coding", ["length", "chunked"])
def test_upload_of_100_mib(http, origin, curl, write, coding):
    proxy = http([origin()])
    data = os.urandom(MIB) * 100
    path = write("big", data)
    fields = ["-H", "Transfer-Encoding: chunked"] if coding == "chunked" else []
    answer = curl(f"{proxy.url}/sum", "-T", path, *fields)
    assert answer.text == sum_lines(data)


@pytest.mark.smoke
@pytest.mark.parametrize("chunk", [1, 100, 16384, 20000])
def test_chunked_download(http, origin, connect, chunk):
    proxy = http([origin()])
    raw = connect(proxy.port)
    size = min(300000, chunk * 3000)
    answer = raw.ask(get(f"/?s={size}&k={chunk}"))
    assert (answer.framing, answer.body) == ("chunked", pattern(size))
    assert raw.ask(get("/?s=3")).body == pattern(3)


@pytest.mark.smoke
@pytest.mark.parametrize("chunk", [1, 100, 16384, 70000])
def test_chunked_upload(http, origin, connect, chunk):
    proxy = http([origin()])
    data = os.urandom(min(300000, chunk * 2000))
    chunks = [data[at : at + chunk] for at in range(0, len(data), chunk)]
    raw = connect(proxy.port)
    answer = raw.ask(build("POST /sum HTTP/1.1", "Host: a", chunks=chunks))
    assert answer.text == sum_lines(data)


def test_empty_chunked_bodies(http, origin, connect):
    proxy = http([origin()])
    raw = connect(proxy.port)
    assert raw.ask(build("POST /body HTTP/1.1", "Host: a", chunks=[])).body == b""
    assert raw.ask(get("/?s=0&k=5")).body == b""


def test_chunk_extensions_are_accepted(http, origin, connect):
    proxy = http([origin()])
    raw = connect(proxy.port)
    head = build("POST /body HTTP/1.1", "Host: a", "Transfer-Encoding: chunked")
    body = b'3;name=value\r\nabc\r\n2;quoted="a;b"\r\nde\r\n0;last\r\n\r\n'
    assert raw.ask(head + body).body == b"abcde"
    assert raw.ask(get("/?s=3")).body == pattern(3)


def test_large_chunk_sizes_with_zeros_and_capitals(http, origin, connect):
    proxy = http([origin()])
    head = build("POST /body HTTP/1.1", "Host: a", "Transfer-Encoding: chunked")
    body = b"0000000A\r\n0123456789\r\n0000\r\n\r\n"
    assert connect(proxy.port).ask(head + body).body == b"0123456789"


def test_trailers_to_the_client_do_not_break_the_connection(http, origin, connect):
    proxy = http([origin()])
    raw = connect(proxy.port)
    answer = raw.ask(get("/?s=100&trailers=3"))
    assert answer.body == pattern(100)
    assert answer.trailers in ([(f"x-trailer-{n}", str(n)) for n in (1, 2, 3)],
                               [(f"X-Trailer-{n}", str(n)) for n in (1, 2, 3)])
    assert raw.ask(get("/?s=3")).body == pattern(3)


def test_trailers_to_the_server(http, scripted, connect):
    server = scripted()
    proxy = http([server])
    raw = connect(proxy.port)
    raw.ask(build("POST / HTTP/1.1", "Host: a", "TE: trailers", chunks=[b"abc"],
                  trailers=["X-Sum: 1", "X-More: 2"]))
    arrived = server.requests[0]
    assert arrived.body == b"abc"
    assert [(name.lower(), value) for name, value in arrived.trailers] == [
        ("x-sum", "1"), ("x-more", "2")]


@pytest.mark.smoke
def test_expect_100_continue_is_passed(http, origin, connect):
    proxy = http([origin()])
    raw = connect(proxy.port)
    raw.send(build("POST /body HTTP/1.1", "Host: a", "Expect: 100-continue", "Content-Length: 5"))
    assert raw.reader.head()[1][0].startswith(b"HTTP/1.1 100")
    raw.send(b"hello")
    assert raw.response().body == b"hello"
    assert raw.ask(get("/?s=3")).body == pattern(3)


def test_expect_refused_by_the_server(http, origin, connect):
    proxy = http([origin()])
    raw = connect(proxy.port)
    raw.send(build("POST /?r=417&B=0&s=0 HTTP/1.1", "Host: a", "Expect: 100-continue",
                   "Content-Length: 5"))
    answer = raw.response()
    assert (answer.status, answer.interim) == (417, [])


def test_curl_waits_for_100_continue(http, origin, curl, write):
    proxy = http([origin()])
    data = os.urandom(2 * MIB)
    answer = curl(f"{proxy.url}/sum", "-T", write("up", data), "-H", "Expect: 100-continue",
                  "--expect100-timeout", "10")
    assert answer.text == sum_lines(data)
    assert answer.seconds < 5


def test_interim_responses_are_passed(http, origin, connect):
    proxy = http([origin()])
    raw = connect(proxy.port)
    answer = raw.ask(get("/?s=10&pre=103&pre=102"))
    assert [each.status for each in answer.interim] == [103, 102]
    assert answer.interim[0].get("link") == "</style.css>; rel=preload"
    assert answer.body == pattern(10)
    assert raw.ask(get("/?s=3")).body == pattern(3)


@pytest.mark.smoke
@pytest.mark.parametrize("status", [204, 304])
def test_statuses_without_a_body(http, origin, connect, status):
    proxy = http([origin()])
    raw = connect(proxy.port)
    answer = raw.ask(get(f"/?r={status}&s=10"))
    assert (answer.status, answer.body) == (status, b"")
    assert raw.ask(get("/?s=3")).body == pattern(3)


def test_head_of_a_chunked_answer(http, origin, connect):
    proxy = http([origin()])
    raw = connect(proxy.port)
    assert raw.ask(get("/?s=10&k=1", method="HEAD"), "HEAD").body == b""
    assert raw.ask(get("/?s=3")).body == pattern(3)


@pytest.mark.smoke
@pytest.mark.parametrize("size", [0, 5, MIB])
def test_a_body_until_close(http, origin, connect, size):
    proxy = http([origin()])
    raw = connect(proxy.port)
    answer = raw.ask(get(f"/?s={size}&b=0"))
    # Told by the end of the connection, or made into chunks.
    assert answer.framing in ("close", "chunked")
    assert answer.body == pattern(size)


@pytest.mark.smoke
def test_an_early_response_reaches_the_client(http, origin, connect):
    """The server answers before it has read the body, and closes."""
    proxy = http([origin()])
    raw = connect(proxy.port)
    raw.send(build("POST /?r=413&B=0&s=20&C=1 HTTP/1.1", "Host: a", f"Content-Length: {100 * MIB}"))
    raw.send(b"x" * 1000)
    answer = raw.response()
    assert (answer.status, answer.body) == (413, pattern(20))


def test_an_early_response_while_the_client_still_sends(http, origin, connect):
    proxy = http([origin()])
    raw = connect(proxy.port)
    data = b"x" * (4 * MIB)
    raw.send(build("POST /?r=200&B=10&s=20 HTTP/1.1", "Host: a", f"Content-Length: {len(data)}"))
    raw.send(data)
    assert raw.response().body == pattern(20)
    assert raw.ask(get("/?s=3")).body == pattern(3)


def test_both_directions_at_once(http, origin, connect):
    """The server echoes each piece while the client still sends."""
    proxy = http([origin()])
    raw = connect(proxy.port)
    pieces = [os.urandom(30000) for _ in range(100)]
    raw.send(build("POST /stream HTTP/1.1", "Host: a", "Transfer-Encoding: chunked"))

    def send():
        for piece in pieces:
            raw.send(b"%x\r\n%s\r\n" % (len(piece), piece))
        raw.send(b"0\r\n\r\n")

    sender = threading.Thread(target=send)
    sender.start()
    answer = raw.response()
    sender.join(5)
    assert answer.body == b"".join(pieces)


def test_pieces_are_not_held_back(http, origin, connect):
    """A chunk is passed on although the body goes on."""
    proxy = http([origin()])
    raw = connect(proxy.port)
    raw.send(build("POST /stream HTTP/1.1", "Host: a", "Transfer-Encoding: chunked"))
    raw.reader.head()
    for piece in (b"one", b"three", b"x"):
        raw.send(b"%x\r\n%s\r\n" % (len(piece), piece))
        got = b""
        while not got.endswith(piece + b"\r\n"):
            got += raw.sock.recv(100)
    raw.send(b"0\r\n\r\n")


def test_a_slow_body_in_small_pieces(http, origin, connect):
    proxy = http([origin()])
    started = time.monotonic()
    answer = connect(proxy.port).ask(get("/?s=3000&rate=6000"))
    assert answer.body == pattern(3000)
    assert time.monotonic() - started > 0.3


def test_the_server_dies_inside_a_body(http, origin, connect):
    for fault in ("cut", "abort"):
        proxy = http([origin(fault)], name=f"weir-{fault}")
        raw = connect(proxy.port)
        with pytest.raises((Truncated, ConnectionResetError)):
            raw.ask(get(f"/?s=100000&{fault}=50000"))


def test_the_server_dies_inside_a_chunked_body(http, origin, connect):
    proxy = http([origin()])
    raw = connect(proxy.port)
    with pytest.raises((Truncated, ConnectionResetError)):
        raw.ask(get("/?s=100000&k=1000&cut=50000"))


def test_the_client_leaves_inside_a_download(http, origin, connect):
    proxy = http([origin()])
    for _ in range(5):
        raw = connect(proxy.port, receive_buffer=4096)
        raw.send(get("/?s=50m"))
        raw.read(100000)
        raw.reset()
    assert connect(proxy.port).ask(get("/?s=3")).body == pattern(3)


def test_the_client_leaves_inside_an_upload(http, scripted, connect):
    ended = threading.Event()

    def script(peer):
        peer.reader.head()
        try:
            peer.reader.exactly(1000000)
        except (Truncated, OSError):
            ended.set()

    proxy = http([scripted(script)])
    raw = connect(proxy.port)
    raw.send(build("POST / HTTP/1.1", "Host: a", "Content-Length: 1000000") + b"x" * 1000)
    time.sleep(0.1)
    raw.reset()
    assert ended.wait(3), "the server was not told that the client left"


def test_a_reader_slower_than_the_server(http, origin, connect):
    """Nothing is lost when the client stops reading for a while."""
    proxy = http([origin()])
    raw = connect(proxy.port, receive_buffer=4096)
    raw.send(get("/?s=20m"))
    time.sleep(0.5)
    assert raw.response().body == pattern(20 * MIB)


def test_many_transfers_at_once(http, origin, connect):
    proxy = http([origin()])
    wrong = []

    def fetch(number):
        with Raw(proxy.port, seconds=20) as raw:
            size = MIB + number
            if raw.ask(get(f"/?s={size}")).body != pattern(size):
                wrong.append(number)

    threads = [threading.Thread(target=fetch, args=(number,)) for number in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not wrong


def test_large_heads_up_to_the_buffer(http, origin, connect):
    """tune.bufsize less tune.maxrewrite is what a head may have."""
    proxy = http([origin()])
    raw = connect(proxy.port)
    assert raw.ask(get("/?s=3", "X-Big: " + "a" * 14000)).body == pattern(3)
    answer = raw.ask(get("/?s=3&hn=7&hl=2000"))
    assert (answer.body, len(answer.get("x-fill-6"))) == (pattern(3), 2000)


def test_a_response_head_in_single_bytes(http, origin, connect):
    proxy = http([origin()])
    assert connect(proxy.port).ask(get("/?s=30&hp=1")).body == pattern(30)
