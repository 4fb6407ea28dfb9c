# SPDX-License-Identifier: Apache-2.0
"""Limits a second: connections wait in the backlog, and as many go through as are allowed."""

import time

import pytest

from harness.client import tls_context
from harness.http import get

LIMIT = 20
CLIENTS = 50  # the last of them wait for about (50 - 20) / 20 s


def seconds_for(connect, port, count, **options):
    """How long it takes until `count` clients at once have their answers."""
    started = time.monotonic()
    raws = [connect(port, **options) for _ in range(count)] if not options else None
    if raws is None:
        for _ in range(count):
            connect(port, **options).ask(get("/?s=1"))
        return time.monotonic() - started
    for raw in raws:
        raw.send(get("/?s=1"))
    for raw in raws:
        assert raw.response().status == 200
    return time.monotonic() - started


@pytest.mark.parametrize("keyword", ["maxconnrate", "maxsessrate"])
def test_limits_of_the_process(http, origin, connect, keyword):
    proxy = http([origin()], top=f"global\n    {keyword} {LIMIT}")
    time.sleep(1)  # what asked whether it has started is forgotten
    assert 0.8 < seconds_for(connect, proxy.port, CLIENTS) < 4.5
    info = proxy.info()
    assert info["ConnRateLimit" if keyword == "maxconnrate" else "SessRateLimit"] == str(LIMIT)


def test_a_limit_of_a_frontend(http, origin, connect):
    proxy = http([origin()], frontend=f"rate-limit sessions {LIMIT}")
    time.sleep(1)
    assert 0.8 < seconds_for(connect, proxy.port, CLIENTS) < 4.5


def test_a_limit_of_handshakes(http, origin, connect, certificates, ports):
    plain = ports.take()
    proxy = http([origin()], top=f"global\n    maxsslrate {LIMIT}",
                 bind=f"ssl crt {certificates.pem('a.example')}",
                 frontend=f"bind 127.0.0.1:{plain}")
    time.sleep(1)
    assert seconds_for(connect, plain, CLIENTS) < 0.8, "plain listeners are not held"
    assert 0.8 < seconds_for(connect, proxy.port, CLIENTS, tls=tls_context()) < 5.5
    assert proxy.info()["SslRateLimit"] == str(LIMIT)


@pytest.mark.parametrize("value", ["-1", "1", "100"])
def test_connections_in_a_row(http, origin, connect, value):
    proxy = http([origin()], top=f"global\n    tune.maxaccept {value}")
    assert seconds_for(connect, proxy.port, CLIENTS) < 2
