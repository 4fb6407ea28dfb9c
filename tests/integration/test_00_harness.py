# SPDX-License-Identifier: Apache-2.0
"""The tools of the tests themselves: the strict reader, weir-origin, the corpus reader."""

import hashlib
import subprocess
import time

import pytest

from harness.http import Malformed, Reader, Truncated, build, get
from harness.servers import origin_binary, pattern
from harness.smuggling import unescape


def reader_of(data):
    pieces = [data[at : at + 7] for at in range(0, len(data), 7)]
    return Reader(lambda: pieces.pop(0) if pieces else b"")


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 200 OK\nContent-Length: 0\n\n",
        b"HTTP/1.1 200 OK\r\nA B: 1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nA : 1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nA: 1\r\n b\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nA: \0\r\n\r\n",
        b"HTTP/1.1 20 OK\r\n\r\n",
        b"HTTP/2.0 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx",
        b"HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\nx",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0x1\r\nx\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nxy\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nshort\r\n",
        b"HTTP/1.1 200 OK\r\nA: b",
    ],
)
def test_the_reader_refuses(data):
    with pytest.raises(Malformed):
        reader_of(data).response()


def test_the_reader_reads_what_follows():
    reader = reader_of(
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n"
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\nT: 1\r\n\r\n"
        b"HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 200 OK\r\n\r\nto the end"
    )
    first = reader.response()
    assert [each.status for each in first.interim] == [100, 103]
    assert (first.body, first.trailers) == (b"abc", [("T", "1")])
    assert reader.response().status == 204
    assert reader.response().body == b"to the end"


def test_escapes_of_the_corpus():
    assert unescape(r"a\r\n\t\0\\\x7f\{3*b\r}c") == b"a\r\n\t\0\\\x7fb\rb\rb\rc"


# --- weir-origin


def test_objects(origin, connect):
    raw = connect(origin("A").port)
    answer = raw.ask(get("/?s=20k&h=X-A:%20b%3Bc&e=1&c=0&hn=2&hl=3"))
    assert answer.body == pattern(20480)
    assert (answer.get("X-A"), answer.get("X-Origin")) == ("b;c", "A")
    assert (answer.get("ETag"), answer.get("Cache-Control")) == ('"20480"', "no-cache")
    assert (answer.get("X-Fill-0"), answer.get("X-Fill-1")) == ("fff", "fff")
    assert raw.ask(get("/?s=3&K=1")).get("Connection") == "keep-alive"
    assert len(raw.ask(get("/?s=50r")).body) <= 50
    first, second = raw.ask(get("/?s=1000&R=1")).body, raw.ask(get("/?s=1000&R=1")).body
    assert first != second and len(first) == 1000


@pytest.mark.parametrize("parameters", ["p=100", "k=100", "S=0", "hp=5", "k=1&trailers=2", "rate=1m"])
def test_ways_to_send(origin, connect, parameters):
    raw = connect(origin().port)
    assert raw.ask(get(f"/?s=20000&{parameters}")).body == pattern(20000)
    assert raw.ask(get("/?s=3")).body == pattern(3)


def test_echo_and_sum(origin, connect):
    raw = connect(origin().port)
    request = build("POST /echo HTTP/1.1", "Host: a", chunks=[b"abc", b"d"], trailers=["T: 1"])
    assert raw.ask(request).body == request
    data = pattern(100000)
    answer = raw.ask(build("POST /sum HTTP/1.1", "Host: a", body=data))
    assert answer.text == f"length=100000\r\nsha256={hashlib.sha256(data).hexdigest()}\r\n"


def test_times(origin, connect):
    raw = connect(origin().port)
    started = time.monotonic()
    raw.ask(get("/?s=3&t=200"))
    raw.ask(get("/?s=100&rate=500"))
    assert 0.38 < time.monotonic() - started < 1.5
    raw.ask(get("/?s=3&w=100"))
    assert 0.05 < raw.expect_close() < 1


def test_faults(origin, connect):
    server = origin()
    for parameters in ("cut=5", "k=1&cut=5", "b=20"):
        with pytest.raises(Truncated):
            connect(server.port).ask(get(f"/?s=10&{parameters}"))
    for parameters in ("abort=5", "drop=rst"):
        with pytest.raises(ConnectionResetError):
            connect(server.port).ask(get(f"/?s=10&{parameters}"))
    for kind in ("status", "version", "name", "colon", "nul", "cl", "sign", "clte", "te", "fold",
                 "lf", "cr", "chunk"):
        with pytest.raises(Malformed):
            connect(server.port).ask(get(f"/?bad={kind}"))
    for parameters in ("never=1", "stall=0&b=0"):
        raw = connect(server.port).send(get(f"/?s=10&{parameters}"))
        if parameters.startswith("stall"):
            raw.reader.head()
        raw.expect_silence(0.1)


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"GET / HTTP/1.1\r\nA B: 1\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx",
        b"POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        b"GET / HTTP/1.1\r\nA: \x01\r\n\r\n",
        b"GET  / HTTP/1.1\r\n\r\n",
    ],
)
def test_the_origin_refuses_what_a_proxy_must_not_send(origin, connect, request_bytes):
    answer = connect(origin().port).ask(request_bytes)
    assert answer.status == 400 and answer.text.startswith("weir-origin: ")


def test_several_processes(origin, connect):
    server = origin("many", "-w", "2")
    numbers = {connect(server.port).ask(get("/?s=1")).get("X-Conn")[0] for _ in range(40)}
    assert numbers == {"0", "1"}


def test_help_names_every_option():
    done = subprocess.run([origin_binary(), "--help"], capture_output=True, text=True, timeout=5)
    assert done.returncode == 0
    for word in ("-l", "-u", "-n", "-w", "/echo", "/sum", "/ws", "abort=", "rate=", "bad="):
        assert word in done.stdout
    assert subprocess.run([origin_binary()], capture_output=True, timeout=5).returncode == 1
