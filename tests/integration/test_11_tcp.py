# SPDX-License-Identifier: Apache-2.0
"""TCP mode: bytes relayed untouched, half closes, resets, large transfers, splicing."""

import hashlib
import os
import socket
import threading
import time

import pytest

from harness.client import expect_refused
from harness.http import get
from harness.process import wait_until
from harness.proxy import DEFAULTS
from harness.servers import pattern

MIB = 1 << 20


def echo(peer):
    while piece := peer.sock.recv(65536):
        peer.sock.sendall(piece)


def reversed_at_end(peer):
    peer.send(peer.reader.until_close()[::-1])


@pytest.fixture
def relay(http, scripted):
    """`relay(script, **lines)` starts a TCP proxy before a scripted server."""

    def start(script, **options):
        proxy = http([scripted(script)], mode="tcp", **options)
        return proxy

    return start


@pytest.mark.smoke
def test_bytes_both_ways(relay, connect):
    raw = connect(relay(echo).port)
    for piece in (b"x", os.urandom(1000), os.urandom(100000), b"\0\r\n\xff"):
        assert raw.send(piece).read(len(piece)) == piece


@pytest.mark.smoke
def test_a_server_that_speaks_first(relay, connect):
    def script(peer):
        peer.send("220 hello\r\n")
        assert peer.reader.until(b"\r\n") == b"QUIT\r\n"
        peer.send("221 bye\r\n")

    raw = connect(relay(script).port)
    assert raw.reader.until(b"\n") == b"220 hello\r\n"
    assert raw.send("QUIT\r\n").reader.until(b"\n") == b"221 bye\r\n"
    raw.expect_close()


@pytest.mark.smoke
def test_a_half_close_is_passed_on(relay, connect):
    raw = connect(relay(reversed_at_end).port)
    raw.send(b"abcdef").half_close()
    assert raw.read_until_close() == b"fedcba"


def test_a_half_close_of_the_server_is_passed_on(relay, connect):
    got = []

    def script(peer):
        peer.send("done")
        peer.sock.shutdown(socket.SHUT_WR)
        got.append(peer.reader.until_close())

    raw = connect(relay(script).port)
    assert raw.read_until_close() == b"done"
    raw.send(b"still listening?").half_close()
    wait_until(lambda: got)
    assert got == [b"still listening?"]


def test_a_reset_of_the_client_reaches_the_server(relay, connect):
    ended = threading.Event()

    def script(peer):
        try:
            while peer.sock.recv(1000):
                pass
        except OSError:
            pass
        ended.set()

    raw = connect(relay(script).port).send(b"hello")
    time.sleep(0.1)
    raw.reset()
    assert ended.wait(3)


def test_a_reset_of_the_server_reaches_the_client(relay, connect):
    def script(peer):
        peer.reader.more()
        peer.reset()

    raw = connect(relay(script).port).send(b"hello")
    raw.expect_close()


@pytest.mark.smoke
@pytest.mark.parametrize("options", ["", "option splice-auto", "option splice-request\n"
                                                              "option splice-response"])
def test_large_transfers(http, origin, connect, curl, write, options):
    proxy = http([origin()], mode="tcp", defaults=options)
    answer = curl(f"{proxy.url}/?s=100m")
    assert hashlib.sha1(answer.body).digest() == hashlib.sha1(pattern(100 * MIB)).digest()
    data = os.urandom(MIB) * 50
    answer = curl(f"{proxy.url}/sum", "-T", write("up", data))
    assert answer.text.splitlines()[1] == f"sha256={hashlib.sha256(data).hexdigest()}"


def test_both_directions_at_once(relay, connect):
    raw = connect(relay(echo).port)
    data = os.urandom(8 * MIB)
    sender = threading.Thread(target=raw.send, args=(data,))
    sender.start()
    got = raw.read(len(data))
    sender.join(5)
    assert got == data


@pytest.mark.parametrize("options", ["", "option splice-auto"])
def test_a_slow_reader_holds_the_sender_back(http, scripted, connect, options):
    sent = [0]

    def script(peer):
        peer.sock.settimeout(None)
        piece = b"x" * 65536
        try:
            for _ in range(1600):  # 100 MiB
                peer.sock.sendall(piece)
                sent[0] += len(piece)
        except OSError:
            pass

    proxy = http([scripted(script)], mode="tcp", defaults=options)
    raw = connect(proxy.port, receive_buffer=4096)
    time.sleep(0.7)
    held = sent[0]
    assert held < 30 * MIB, "the proxy swallows what nobody reads"
    assert proxy.resident_kib() < 400 * 1024
    assert len(raw.read_until_close()) == 1600 * 65536


def test_a_refused_server_closes(http, ports):
    class Closed:
        address = f"127.0.0.1:{ports.closed()}"

    proxy = http([Closed], mode="tcp", backend="retries 0")
    expect_refused(proxy.port)


def test_a_listen_section_and_two_ports(weir, ports, scripted, connect):
    server = scripted(echo)
    one, two = ports.take(), ports.take()
    weir(f"""{DEFAULTS}
        listen tunnel
            mode tcp
            bind 127.0.0.1:{one}
            bind 127.0.0.1:{two}
            server s {server.address}
    """)
    for port in (one, two):
        assert connect(port).send(b"hi").read(2) == b"hi"


def test_the_servers_port_can_follow_the_clients(weir, ports, scripted, connect):
    """A server line without a port uses the port that the client asked for."""
    server = scripted(echo)
    port = ports.take()
    weir(f"""{DEFAULTS}
        listen tunnel
            mode tcp
            bind 127.0.0.1:{port}
            server s 127.0.0.1:+{server.port - port if server.port > port else 0}
    """) if server.port > port else pytest.skip("needs a higher port")
    assert connect(port).send(b"hi").read(2) == b"hi"


def test_rules_on_contents(relay, connect):
    proxy = relay(echo, frontend="""
        tcp-request inspect-delay 2s
        tcp-request content reject if { req.payload(0,4) -m str evil }
        tcp-request content accept if { req.len ge 4 }
    """)
    assert connect(proxy.port).send(b"good").read(4) == b"good"
    connect(proxy.port).send(b"evil").expect_close()


def test_rules_on_responses(relay, connect):
    def script(peer):
        peer.reader.more()
        peer.send("secret data")
        peer.sleep(1)

    proxy = relay(script, backend="""
        tcp-response inspect-delay 1s
        tcp-response content reject if { res.payload(0,6) -m str secret }
    """)
    connect(proxy.port).send(b"x").expect_close()


def test_rules_on_responses_let_good_ones_through(relay, connect):
    """The client's bytes go on while the server's are waited for."""
    proxy = relay(echo, backend="""
        tcp-response inspect-delay 2s
        tcp-response content accept if { res.payload(0,3) -m str two }
        tcp-response content reject if WAIT_END
    """)
    raw = connect(proxy.port)
    assert raw.send(b"t").send(b"wo").read(3) == b"two"
    data = os.urandom(300000)
    sender = threading.Thread(target=raw.send, args=(data,))
    sender.start()
    assert raw.read(len(data)) == data
    sender.join(5)
    started = time.monotonic()
    connect(proxy.port).send(b"xx").expect_close()
    assert time.monotonic() - started > 1.9


def test_rules_without_a_delay_wait_for_nothing(relay, connect):
    proxy = relay(echo, frontend="tcp-request content accept if { req.len gt 100 }",
                  backend="tcp-response content accept if { res.len gt 100 }")
    assert connect(proxy.port).send(b"hi").read(2) == b"hi"


def test_content_switching(weir, ports, scripted, connect):
    one = scripted(lambda peer: peer.send("one") and peer.reader.more())
    two = scripted(lambda peer: peer.send("two") and peer.reader.more())
    port = ports.take()
    weir(f"""{DEFAULTS}
        frontend fe
            mode tcp
            bind 127.0.0.1:{port}
            tcp-request inspect-delay 2s
            tcp-request content accept if {{ req.len gt 0 }}
            use_backend two if {{ req.payload(0,1) -m str 2 }}
            default_backend one
        backend one
            mode tcp
            server s {one.address}
        backend two
            mode tcp
            server s {two.address}
    """)
    assert connect(port).send(b"1").read(3) == b"one"
    assert connect(port).send(b"2").read(3) == b"two"


def test_http_through_tcp(http, origin, connect):
    proxy = http([origin()], mode="tcp")
    raw = connect(proxy.port)
    for size in (1, 100000):
        assert raw.ask(get(f"/?s={size}")).body == pattern(size)


def test_counters(relay, connect):
    proxy = relay(echo)
    connect(proxy.port).send(b"x" * 1000).read(1000)
    row = wait_until(lambda: (each := proxy.stat("fe", "FRONTEND"))["stot"] == "1" and each)
    assert row["scur"] == "1"


def test_many_connections(relay, connect):
    proxy = relay(echo)
    raws = [connect(proxy.port) for _ in range(150)]
    for number, raw in enumerate(raws):
        raw.send(b"%05d" % number)
    for number, raw in enumerate(raws):
        assert raw.read(5) == b"%05d" % number


def test_nothing_is_left_open(relay, connect):
    proxy = relay(echo)
    connect(proxy.port).send(b"x").read(1)
    before = proxy.descriptors()
    for _ in range(30):
        raw = connect(proxy.port)
        raw.send(b"x").read(1)
        raw.close()
    wait_until(lambda: proxy.descriptors() <= before + 2, what="descriptors are closed")


def test_keepalive_options_are_accepted(relay, connect):
    proxy = relay(echo, frontend="option clitcpka\noption tcp-smart-accept",
                  backend="option srvtcpka\noption tcp-smart-connect")
    assert connect(proxy.port).send(b"hi").read(2) == b"hi"
