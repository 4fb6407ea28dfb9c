# SPDX-License-Identifier: Apache-2.0
"""The same choices as HAProxy: both run with one configuration, servers go down and come back."""

import random
import re
import shutil
import signal
import socket
import subprocess

import pytest

from harness.client import Raw
from harness.http import Reader, get
from harness.proxy import DEFAULTS, binary

HAPROXY = shutil.which("haproxy", path="/usr/sbin:/usr/local/sbin")
KEYS = 150

pytestmark = pytest.mark.skipif(HAPROXY is None, reason="haproxy is not installed")

WEIGHTS = ["1 1 1", "10 3 7 100 1", "4 4 2 6b 6b"]
HASHES = [
    f"{method} {function}{modifier}"
    for method in ("map-based", "consistent")
    for function in ("sdbm", "djb2", "wt6", "crc32")
    for modifier in ("", " avalanche")
] + ["consistent"]


def is_before_3():
    """Since 3.0 HAProxy puts servers elsewhere on the ring; weir knows both ways."""
    first = subprocess.run([HAPROXY, "-v"], capture_output=True, text=True, check=True).stdout
    return int(re.search(r"version (\d+)", first)[1]) < 3


def server_lines(weights, address, program):
    old = " hash-key id-2" if program != HAPROXY and is_before_3() else ""
    lines = []
    for name, weight in zip("abcdefgh", weights.split()):
        backup = " backup" if weight.endswith("b") else ""
        lines.append(f"    server {name} {address} weight {weight.rstrip('b')}{backup}{old}")
    return "\n".join(lines)


class Pair:
    """HAProxy and the program under test with the same backends; `choices` compares them."""

    def __init__(self, weir, monkeypatch, ports, sections, address):
        self.proxies = []
        for program in (HAPROXY, binary()):
            monkeypatch.setenv("WEIR", program)
            self.ports = {}
            config = DEFAULTS
            for name, (lines, weights) in sections.items():
                port = self.ports[name] = ports.take()
                config += (f"listen {name}\n    bind 127.0.0.1:{port}\n"
                           "    http-response set-header X-Chosen %s\n"
                           + "".join(f"    {line}\n" for line in lines)
                           + server_lines(weights, address, program) + "\n")
            proxy = weir(config)
            proxy.ports = self.ports
            if program == HAPROXY:
                proxy.expected_codes = {0, -signal.SIGTERM}
            self.proxies.append(proxy)

    def command(self, text):
        for proxy in self.proxies:
            answer = proxy.cli(text).strip()
            assert answer == "", answer

    def connect(self, name):
        return [Raw(proxy.ports[name]) for proxy in self.proxies]


def choice(raw, request):
    response = raw.ask(request)
    return response.get("X-Chosen", "-") if response.status == 200 else "-"


def compare(pair, name, weights, requests, dynamic, seed=3):
    """Runs the requests through both; now and then a server's state changes."""
    chance = random.Random(seed)
    count = len(weights.split())
    first, second = pair.connect(name)
    for number, request in enumerate(requests):
        if number % 15 == 14:
            server = f"{name}/{'abcdefgh'[chance.randrange(count)]}"
            action = chance.choice(["disable server", "enable server", "enable server"])
            if dynamic and chance.random() < 0.3:
                action = "set weight"
                server += " 1"
            pair.command(f"{action} {server}")
        chosen = choice(first, request), choice(second, request)
        assert chosen[0] == chosen[1], f"{name}: request {number}"
        if chosen[0] == "-":  # 503 closes
            first, second = pair.connect(name)


@pytest.fixture
def pair(weir, monkeypatch, ports, origin):
    def start(sections):
        return Pair(weir, monkeypatch, ports, sections, origin("A").address)

    return start


@pytest.mark.parametrize("weights", WEIGHTS)
@pytest.mark.parametrize("algorithm, dynamic",
                         [("roundrobin", True), ("static-rr", False), ("leastconn", False)])
@pytest.mark.parametrize("option", ["", "option allbackups"])
def test_in_turn(pair, algorithm, dynamic, weights, option):
    if algorithm == "static-rr" and "b" in weights and not option:
        pytest.skip("HAProxy's map mixes in the other backups; weir keeps to the first")
    both = pair({"be": ([f"balance {algorithm}", option], weights)})
    compare(both, "be", weights, [get("/")] * KEYS, dynamic)


@pytest.mark.parametrize("weights", WEIGHTS[:2])
def test_hashes(pair, weights):
    """Every method, function and modifier, with bytes of all kinds in the key."""
    sections = {f"be{number}": (["balance hdr(X-Key)", f"hash-type {hash_type}"], weights)
                for number, hash_type in enumerate(HASHES)}
    both = pair(sections)
    chance = random.Random(7)
    letters = bytes(range(0x21, 0x7f)) + bytes(range(0xa0, 0x100))
    requests = []
    for _ in range(KEYS):
        key = bytes(chance.choice(letters) for _ in range(chance.randrange(1, 40)))
        requests.append(b"GET / HTTP/1.1\r\nHost: x\r\nX-Key: " + key + b"\r\n\r\n")
    for name in sections:
        compare(both, name, weights, requests, False)


def test_parts_of_the_target(pair):
    sections = {f"be{number}": ([f"balance {balance}"], "1 2 3")
                for number, balance in enumerate([
                    "uri", "uri whole", "uri depth 2", "uri len 5", "uri path-only",
                    "url_param id", "hdr(Host) use_domain_only", "hash path", "hash path,length",
                    "hash path,crc32", "hash method"])}
    both = pair(sections)
    # A field behind Host: for use_domain_only HAProxy 2.6 looks at the byte after the value too.
    requests = [get(f"/{number % 7}/d{number}/x?id={number}&a=b", "Accept: */*",
                    host=f"w{number}.d{number}.test") for number in range(KEYS)]
    for name in sections:
        compare(both, name, "1 2 3", requests, False)


@pytest.mark.parametrize("hash_type", ["map-based", "consistent"])
def test_source(pair, hash_type):
    sections = {"be": (["balance source", f"hash-type {hash_type}"], "1 2 3")}
    both = pair(sections)
    for number in range(1, 80):
        chosen = []
        for proxy in both.proxies:
            with socket.create_connection(("127.0.0.1", proxy.ports["be"]), timeout=5,
                                          source_address=(f"127.{number}.{number % 9}.7", 0)) as s:
                s.sendall(get("/"))
                chosen.append(Reader(lambda s=s: s.recv(4096)).response().get("X-Chosen"))
        assert chosen[0] == chosen[1], number
