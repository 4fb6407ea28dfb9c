# SPDX-License-Identifier: Apache-2.0
"""Memory: limits kept, idle connections cheap, large buffers paid only when used."""

import re
import resource
import select
import socket
import threading
import time

import pytest

from harness.client import Raw
from harness.http import build, get
from harness.process import wait_until
from harness.proxy import DEFAULTS, is_haproxy, is_sanitized
from harness.servers import pattern

MIB = 1 << 20
KIB_IN_MIB = 1024
CACHED_MAX = 40  # free objects that a thread keeps count as used

#: A sanitizer's own memory is no part of the bargain.
plain_build = pytest.mark.skipif(is_sanitized(), reason="sanitizers take memory of their own")


@pytest.fixture(autouse=True)
def many_descriptors():
    """Lets this process hold as many sockets as the kernel allows."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


@pytest.fixture
def limited(weir, ports, origin):
    """`limited(mib, lines)` starts a proxy with -m."""

    def start(mib, top="", frontend="", backend="", args=()):
        port = ports.take()
        return weir(f"""
            global
                maxconn 18000
                {top}
            {DEFAULTS}
                timeout client 30s
                timeout http-keep-alive 30s
            frontend fe
                bind 127.0.0.1:{port}
                maxconn 18000
                {frontend}
                default_backend be
            backend be
                {backend}
                server s1 {origin().address}
        """, args=["-m", str(mib), *args], port=port)

    return start


class Crowd:
    """Many keep-alive clients in one thread."""

    def __init__(self, port):
        self.port = port
        self.socks = []

    def grow(self, count):
        for _ in range(count):
            sock = socket.socket()
            sock.setblocking(False)
            sock.connect_ex(("127.0.0.1", self.port))
            self.socks.append(sock)

    def ask(self, request, answer_bytes, seconds):
        """Sends to all, then waits; returns (answered, reset)."""
        answered, reset = set(), set()
        poll = select.epoll()
        by_fd = {sock.fileno(): sock for sock in self.socks}
        got = dict.fromkeys(by_fd, 0)
        for fd in by_fd:
            poll.register(fd, select.EPOLLOUT | select.EPOLLIN)
        deadline = time.monotonic() + seconds
        while len(answered) + len(reset) < len(by_fd) and time.monotonic() < deadline:
            for fd, events in poll.poll(0.2):
                if events & (select.EPOLLERR | select.EPOLLHUP):
                    reset.add(fd)
                    poll.unregister(fd)
                elif events & select.EPOLLIN:
                    piece = by_fd[fd].recv(65536)
                    got[fd] += len(piece)
                    if not piece:
                        reset.add(fd)
                        poll.unregister(fd)
                    elif got[fd] >= answer_bytes:
                        answered.add(fd)
                        poll.unregister(fd)
                elif events & select.EPOLLOUT:
                    by_fd[fd].send(request)
                    poll.modify(fd, select.EPOLLIN)
        poll.close()
        return answered, reset

    def close(self):
        for sock in self.socks:
            sock.close()


@pytest.fixture
def crowd():
    made = []

    def start(port):
        made.append(Crowd(port))
        return made[-1]

    yield start
    for each in made:
        each.close()


def pools(proxy):
    """{name: (allocated, used)} in objects."""
    return {
        name: (int(allocated), int(used))
        for name, allocated, used in re.findall(
            r"Pool (\S+) \(\d+ bytes\)(?: [^:]*)?: (\d+) allocated \(\d+ bytes\), (\d+) used",
            proxy.cli("show pools"))
    }


@pytest.mark.smoke
def test_pools_are_empty_again_after_traffic(http, origin, connect):
    proxy = http([origin()])
    for _ in range(3):
        raw = connect(proxy.port)
        for size in (1, 100000, MIB):
            raw.ask(get(f"/?s={size}"))
        raw.ask(build("POST /sum HTTP/1.1", "Host: a", body=b"x" * 300000))
        raw.close()
    time.sleep(0.2)
    before = {name: used for name, (_, used) in pools(proxy).items()}
    assert before
    for _ in range(100):
        raw = connect(proxy.port)
        raw.ask(get("/?s=50000"))
        raw.close()
    time.sleep(0.2)
    after = {name: used for name, (_, used) in pools(proxy).items()}
    grown = {name: (before.get(name, 0), used) for name, used in after.items()
             if used > before.get(name, 0) + CACHED_MAX}
    assert not grown


@plain_build
@pytest.mark.weir_only
def test_idle_connections_are_cheap(limited, crowd):
    """1.2 KiB an idle plain keep-alive connection."""
    proxy = limited(64)
    many = crowd(proxy.port)
    request = get("/?s=10")
    length = len(Raw(proxy.port).ask(request).head) + 10
    many.grow(500)
    many.ask(request, length, 10)
    time.sleep(0.5)
    start = proxy.resident_kib()
    count = min(6000, resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 2 - 600)
    many.grow(count)
    answered, reset = many.ask(request, length, 30)
    assert not reset
    time.sleep(6)  # what the wave of requests took goes back, half of it each second
    grown = proxy.resident_kib() - start
    assert grown / count <= 1.2, f"{grown / count:.2f} KiB a connection"


@plain_build
@pytest.mark.weir_only
def test_the_limit_is_kept_by_idle_clients(limited, crowd):
    proxy = limited(64)
    many = crowd(proxy.port)
    request = get("/?s=10")
    length = len(Raw(proxy.port).ask(request).head) + 10
    count = min(15000, resource.getrlimit(resource.RLIMIT_NOFILE)[0] - 500)
    peak, stop = [0], threading.Event()

    def watch():
        while not stop.is_set():
            peak[0] = max(peak[0], proxy.resident_kib())
            time.sleep(0.02)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        many.grow(count)
        answered, reset = many.ask(request, length, 40)
    finally:
        stop.set()
        thread.join()
    assert not reset, f"{len(reset)} clients were reset"
    assert peak[0] <= 64 * KIB_IN_MIB, f"{peak[0]} KiB"
    assert len(answered) >= 1000
    assert "Name:" in proxy.cli("show info", seconds=2)


@plain_build
@pytest.mark.weir_only
def test_the_limit_is_kept_by_slow_readers(limited, crowd):
    """Clients that ask for a MiB each and read nothing."""
    proxy = limited(32)
    many = crowd(proxy.port)
    many.grow(600)
    for sock in many.socks:
        sock.setblocking(True)
        sock.settimeout(5)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.send(get("/?s=8m"))
    peak = 0
    deadline = time.monotonic() + 4
    while time.monotonic() < deadline:
        peak = max(peak, proxy.resident_kib())
        time.sleep(0.05)
    assert peak <= 32 * KIB_IN_MIB, f"{peak} KiB"
    started = time.monotonic()
    proxy.cli("show info")
    assert time.monotonic() - started < 0.5
    many.close()
    many.socks.clear()
    with Raw(proxy.port, seconds=10) as raw:
        assert raw.ask(get("/?s=1m")).body == pattern(MIB)


@plain_build
@pytest.mark.weir_only
def test_the_limit_is_kept_by_uploads(limited, crowd, scripted):
    proxy = limited(32)
    many = crowd(proxy.port)
    many.grow(600)
    for sock in many.socks:
        sock.setblocking(True)
        sock.settimeout(0.5)
        try:
            sock.send(build("POST /?t=5000 HTTP/1.1", "Host: a", "Content-Length: 100000000")
                      + b"x" * 20000)
        except TimeoutError:
            pass
    time.sleep(1)
    assert proxy.resident_kib() <= 32 * KIB_IN_MIB
    assert proxy.alive()


@pytest.mark.smoke
def test_large_buffers(http, origin, connect):
    """tune.bufsize allows large heads."""
    proxy = http([origin()], top="global\n    tune.bufsize 262144")
    raw = connect(proxy.port)
    assert raw.ask(get("/?s=3", "X-Big: " + "a" * 200000)).body == pattern(3)
    assert raw.ask(get("/?s=3&hn=4&hl=50000")).body == pattern(3)


@plain_build
@pytest.mark.weir_only
def test_requests_that_wait_too_long_for_memory(limited, connect):
    """More at once than fit: what fits is answered, the others wait and are then told to come back."""
    proxy = limited(20, top="tune.bufsize 524288", backend="timeout queue 300")
    raws = [connect(proxy.port) for _ in range(20)]
    for raw in raws:
        raw.send(get("/?s=10&t=1500"))
    answers = [raw.response() for raw in raws]
    statuses = sorted(answer.status for answer in answers)
    assert set(statuses) == {200, 503}, statuses
    refused = [answer for answer in answers if answer.status == 503]
    assert all(answer.get("retry-after") == "1" for answer in refused)
    assert connect(proxy.port).ask(get("/?s=10")).status == 200


@plain_build
@pytest.mark.weir_only
def test_large_buffers_cost_nothing_while_idle(limited, crowd):
    proxy = limited(64, top="tune.bufsize 524288")
    many = crowd(proxy.port)
    request = get("/?s=10")
    length = len(Raw(proxy.port).ask(request).head) + 10
    many.grow(500)
    answered, reset = many.ask(request, length, 20)
    assert not reset and len(answered) == 500
    assert proxy.resident_kib() <= 64 * KIB_IN_MIB


@plain_build
@pytest.mark.weir_only
def test_memory_is_given_back(limited, crowd):
    """When the load is gone, so is most of what it took."""
    proxy = limited(128)
    many = crowd(proxy.port)
    start = proxy.resident_kib()
    many.grow(2000)
    request = get("/?s=10")
    length = len(Raw(proxy.port).ask(request).head) + 10
    many.ask(request, length, 20)
    many.close()
    many.socks.clear()
    wait_until(lambda: int(proxy.info()["CurrConns"]) <= 2, seconds=10)
    wait_until(lambda: proxy.resident_kib() < start + 4 * KIB_IN_MIB, seconds=15,
               what="memory is given back")


@pytest.mark.weir_only
def test_failing_allocations(http, origin):
    """-dMfail: now and then an allocation fails; clients see whole answers or clean ends."""
    proxy = http([origin()], top="global\n    tune.fail-alloc 5", args=["-dMfail"])
    good = 0
    for _ in range(200):
        try:
            with Raw(proxy.port, seconds=5) as raw:
                answer = raw.ask(get("/?s=20000", "Connection: close"))
                if answer.status == 200:
                    assert answer.body == pattern(20000)
                    good += 1
        except (OSError, AssertionError):
            continue
    assert proxy.alive()
    assert good > 20


@pytest.mark.weir_only
def test_the_sum_of_the_ledger(http, origin, connect):
    """show memory and the kernel agree."""
    proxy = http([origin()])
    for _ in range(20):
        connect(proxy.port).ask(get("/?s=100000"))
    text = proxy.cli("show memory")
    assert re.search(r"resident\D+\d+", text, re.I), text


@pytest.mark.skipif(not is_haproxy(), reason="only to compare")
def test_haproxy_for_comparison(http, origin, connect):
    """The harness's figures are plausible on the original."""
    proxy = http([origin()])
    before = proxy.resident_kib()
    raws = [connect(proxy.port) for _ in range(300)]
    for raw in raws:
        raw.ask(get("/?s=10"))
    assert 0.1 < (proxy.resident_kib() - before) / 300 < 100
