# SPDX-License-Identifier: Apache-2.0
"""TCP mode through the kernel's pipes: what users see of it must not differ."""

import hashlib
import os
import time

import pytest

from harness.process import wait_until
from harness.servers import pattern

MIB = 1 << 20
BOTH = "option splice-request\noption splice-response"


def sending(size):
    def script(peer):
        peer.sock.settimeout(None)
        try:
            peer.send(pattern(size))
        except OSError:
            pass

    return script


def tcp(http, servers, **options):
    return http(servers, mode="tcp", top="global\n    maxconn 1000\n    maxpipes 8", **options)


@pytest.mark.parametrize("options", [
    pytest.param("option splice-auto", marks=pytest.mark.weir_only),  # HAProxy: fast readers only
    BOTH,
])
def test_pipes_are_used_and_given_back(http, scripted, connect, options):
    proxy = tcp(http, [scripted(sending(64 * MIB))], defaults=options)
    assert proxy.info()["Maxpipes"] == "8"
    raw = connect(proxy.port, receive_buffer=4096)
    wait_until(lambda: int(proxy.info()["PipesUsed"]) == 1, what="a pipe is full")
    digest = hashlib.sha1(raw.read_until_close()).digest()
    assert digest == hashlib.sha1(pattern(64 * MIB)).digest()
    wait_until(lambda: int(proxy.info()["PipesUsed"]) == 0, what="the pipe is given back")


@pytest.mark.parametrize("top, args", [("    nosplice", []), ("", ["-dS"])])
def test_splicing_can_be_switched_off(http, scripted, connect, top, args):
    proxy = http([scripted(sending(4 * MIB))], mode="tcp", defaults=BOTH, args=args,
                 top=f"global\n    maxconn 1000\n    maxpipes 8\n{top}")
    assert connect(proxy.port).read_until_close() == pattern(4 * MIB)
    assert proxy.info()["PipesUsed"] == "0" and proxy.info()["PipesFree"] == "0"


def test_more_streams_than_pipes(http, scripted, connect):
    proxy = http([scripted(sending(4 * MIB))], mode="tcp", defaults=BOTH,
                 top="global\n    maxconn 1000\n    maxpipes 2")
    many = [connect(proxy.port, receive_buffer=4096) for _ in range(6)]
    time.sleep(0.3)
    assert int(proxy.info()["PipesUsed"]) <= 2
    expected = pattern(4 * MIB)
    assert all(raw.read_until_close() == expected for raw in many)


@pytest.mark.parametrize("options", ["", BOTH])
def test_a_half_close_and_the_answer_after_it(http, scripted, connect, options):
    def script(peer):
        data = peer.reader.until_close()
        peer.send(hashlib.sha1(data).hexdigest())

    proxy = tcp(http, [scripted(script)], defaults=options)
    data = os.urandom(8 * MIB)
    raw = connect(proxy.port).send(data)
    raw.half_close()
    assert raw.read_until_close().decode() == hashlib.sha1(data).hexdigest()


@pytest.mark.parametrize("options", ["", BOTH])
def test_bytes_in_the_log_and_the_counters(http, scripted, syslog, connect, options):
    def script(peer):
        peer.reader.until(b"!")
        peer.send(pattern(3 * MIB))

    proxy = tcp(http, [scripted(script)], frontend=f"log {syslog.address} local0\noption tcplog",
                defaults=options)
    raw = connect(proxy.port).send(b"x" * 99999 + b"!")
    assert raw.read_until_close() == pattern(3 * MIB)
    raw.close()
    line = syslog.wait_for(" be/s1 .*").string
    assert f" {3 * MIB} -- " in line, line
    row = proxy.stat("be", "BACKEND")
    assert (row["bin"], row["bout"]) == ("100000", str(3 * MIB))


@pytest.mark.parametrize("options", ["", BOTH])
@pytest.mark.parametrize("who, state", [("client", "CD"), ("server", "SD")])
def test_a_reset_in_the_middle(http, scripted, syslog, connect, options, who, state):
    def script(peer):
        peer.sock.settimeout(5)
        peer.send(pattern(MIB))
        if who == "server":
            peer.reset()
        else:
            try:
                sending(64 * MIB)(peer)
            except OSError:
                pass

    proxy = tcp(http, [scripted(script)], frontend=f"log {syslog.address} local0\noption tcplog",
                defaults=options)
    raw = connect(proxy.port, receive_buffer=4096)
    raw.read(1000)
    time.sleep(0.3)
    if who == "client":
        raw.reset()
    else:
        try:
            while raw.sock.recv(65536):
                pass
        except ConnectionResetError:
            pass
    assert f" {state} " in syslog.wait_for(" be/s1 .*").string
    wait_until(lambda: int(proxy.info()["PipesUsed"]) == 0, what="no pipe is lost")


@pytest.mark.parametrize("options", ["", BOTH])
def test_a_client_that_does_not_read_times_out(http, scripted, syslog, connect, options):
    proxy = tcp(http, [scripted(sending(64 * MIB))],
                frontend=f"log {syslog.address} local0\noption tcplog",
                defaults=options + "\ntimeout client 500ms\ntimeout server 500ms")
    raw = connect(proxy.port, receive_buffer=4096)
    raw.read(1000)
    assert " cD " in syslog.wait_for(" be/s1 .*").string
