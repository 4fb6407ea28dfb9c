# SPDX-License-Identifier: Apache-2.0
"""Which server is chosen: algorithms, weights, backups, queues, retries, reuse of connections."""

import threading
import time

import pytest

from harness.client import Raw, curl as run_curl
from harness.http import build, get
from harness.process import wait_until
from harness.proxy import DEFAULTS, is_haproxy
from harness.servers import pattern


@pytest.fixture
def four(origin):
    return [origin(name) for name in "ABCD"]


@pytest.fixture
def three(origin):
    return [origin(name) for name in "ABC"]


def chosen(raw, count, target="/?s=1", *fields):
    """The names of the servers that answered `count` requests."""
    return "".join(raw.ask(get(target, *fields)).get("X-Origin") for _ in range(count))


class Closed:
    def __init__(self, ports):
        self.address = f"127.0.0.1:{ports.closed()}"


# --- algorithms


@pytest.mark.smoke
@pytest.mark.parametrize("algorithm", ["roundrobin", "static-rr"])
def test_roundrobin(http, three, connect, algorithm):
    proxy = http(three, backend=f"balance {algorithm}")
    names = chosen(connect(proxy.port), 9)
    assert sorted(names) == sorted("AAABBBCCC")
    assert len(set(names[:3])) == 3 and names[:3] * 3 == names


@pytest.mark.parametrize("algorithm", ["roundrobin", "static-rr"])
def test_weights(http, three, connect, algorithm):
    backend = f"balance {algorithm}\n" + "\n".join(
        f"server s{n} {each.address} weight {weight}"
        for n, (each, weight) in enumerate(zip(three, (5, 3, 2)), 1))
    names = chosen(connect(http([], backend=backend).port), 40)
    assert [names.count(each) for each in "ABC"] == [20, 12, 8]
    assert "AAAAA" not in names, "weights come in bursts"


def test_a_weight_of_zero(http, three, connect):
    proxy = http(three[:2], backend=f"balance roundrobin\nserver z {three[2].address} weight 0")
    assert set(chosen(connect(proxy.port), 6)) == {"A", "B"}


@pytest.mark.smoke
def test_leastconn(http, three, connect):
    proxy = http(three, backend="balance leastconn")
    waiting = [connect(proxy.port).send(get("/?s=1&t=1500")) for _ in range(2)]
    time.sleep(0.15)
    busy = [row["scur"] for row in (proxy.stat("be", f"s{n}") for n in (1, 2, 3))]
    assert sorted(busy) == ["0", "1", "1"]
    idle = "ABC"[busy.index("0")]
    assert set(chosen(connect(proxy.port), 4)) == {idle}
    for raw in waiting:
        raw.response()


def test_first_fills_one_server(http, three, connect):
    proxy = http(three, backend="balance first", server="maxconn 2")
    waiting = [connect(proxy.port).send(get("/?s=1&t=700")) for _ in range(3)]
    time.sleep(0.2)
    assert [proxy.stat("be", f"s{n}")["scur"] for n in (1, 2, 3)] == ["2", "1", "0"]
    for raw in waiting:
        raw.response()
    assert chosen(connect(proxy.port), 3) == "AAA"


def test_source(http, four, curl):
    proxy = http(four, backend="balance source")

    def server_for(address):
        return curl(proxy.url + "/", "--interface", address).get("X-Origin")

    addresses = [f"127.0.0.{number}" for number in range(1, 30)]
    first = {address: server_for(address) for address in addresses}
    assert {address: server_for(address) for address in addresses} == first
    assert len(set(first.values())) >= 3


@pytest.mark.smoke
@pytest.mark.parametrize(
    "algorithm, same, different",
    [
        ("uri", ["/a?1", "/a?2"], "/{}"),
        ("uri whole", ["/a?1", "/a?1"], "/a?{}"),
        ("uri depth 1", ["/a/b/c", "/a/d"], "/{}/x"),
        ("uri len 3", ["/ab1", "/ab2"], "/{}z"),
        ("url_param id", ["/x?id=7&a=1", "/y?b=2&id=7"], "/?id={}"),
        ("hash path", ["/a?1", "/a?2"], "/{}"),
    ],
)
def test_hash_of_the_target(http, four, connect, algorithm, same, different):
    proxy = http(four, backend=f"balance {algorithm}")
    raw = connect(proxy.port)
    assert len({chosen(raw, 1, target) for target in same * 2}) == 1
    assert len({chosen(raw, 1, different.format(number)) for number in range(30, 70)}) >= 3


def test_hash_of_a_field(http, four, connect):
    proxy = http(four, backend="balance hdr(X-User)")
    raw = connect(proxy.port)
    names = [chosen(raw, 1, "/", f"X-User: u{number}") for number in range(30)]
    assert names == [chosen(raw, 1, "/", f"X-User: u{number}") for number in range(30)]
    assert len(set(names)) >= 3


def test_random(http, four, connect):
    proxy = http(four, backend="balance random")
    names = chosen(connect(proxy.port), 60)
    assert set(names) == set("ABCD")


# The server that HAProxy 2.6 chooses for /k0 ... /k19, by hash type.
HAPROXY_CHOICES = {
    "map-based sdbm": "ABCDABCDABDABCDABCDA",
    "map-based djb2": "DABCDABCDAABCDABCDAB",
    "map-based wt6": "BDBDBDBDBDBBBBCCCCCC",
    "map-based crc32": "DBDBCACABDDBDBCACABD",
    "map-based sdbm avalanche": "CDDCBDCBDBBCAACCBDBD",
    "consistent sdbm": "DDDDDDDDDDDDDDDDDDDD",
    "consistent djb2 avalanche": "BCBADADBDBDABACDBBDA",
    "consistent crc32": "CDADCDCDACBDCDBDBADC",
    "consistent wt6": "CCCCCCCCCCCDDDDBDDDA",
}


@pytest.mark.parametrize("hash_type", HAPROXY_CHOICES)
def test_the_same_choice_as_haproxy(http, four, connect, hash_type):
    """A fleet of both sends a key to one server."""
    places = "" if is_haproxy() else "hash-key id-2"  # as before HAProxy 3.0
    backend = f"balance uri\nhash-type {hash_type}\n" + "\n".join(
        f"server s{n} {each.address} id {n} {places}" for n, each in enumerate(four, 1))
    raw = connect(http([], backend=backend).port)
    names = "".join(chosen(raw, 1, f"/k{number}") for number in range(20))
    assert names == HAPROXY_CHOICES[hash_type]


# --- servers that are not there


@pytest.mark.smoke
def test_backup(http, three, connect):
    backend = "\n".join(["balance roundrobin", f"server s1 {three[0].address}",
                         f"server b1 {three[1].address} backup",
                         f"server b2 {three[2].address} backup"])
    proxy = http([], backend=backend)
    raw = connect(proxy.port)
    assert chosen(raw, 4) == "AAAA"
    proxy.cli("set server be/s1 state maint")
    assert chosen(raw, 4) == "BBBB"
    proxy.cli("set server be/b1 state maint")
    assert chosen(raw, 2) == "CC"
    proxy.cli("set server be/s1 state ready")
    assert chosen(raw, 2) == "AA"


def test_allbackups(http, three, connect):
    backend = "\n".join(["balance roundrobin", "option allbackups",
                         f"server s1 {three[0].address} disabled",
                         f"server b1 {three[1].address} backup",
                         f"server b2 {three[2].address} backup"])
    assert set(chosen(connect(http([], backend=backend).port), 4)) == {"B", "C"}


def test_a_disabled_server(http, three, connect):
    proxy = http([], backend=f"server s1 {three[0].address} disabled\n"
                             f"server s2 {three[1].address}")
    assert chosen(connect(proxy.port), 3) == "BBB"
    assert proxy.stat("be", "s1")["status"] == "MAINT"


@pytest.mark.smoke
def test_checks_take_a_server_out_and_back(http, origin, connect):
    a, b = origin("A"), origin("B")
    proxy = http([a, b], backend="balance roundrobin\noption httpchk\ntimeout check 100ms",
                 server="check inter 100ms fall 2 rise 2")
    wait_until(lambda: proxy.stat("be", "s1")["check_status"] == "L7OK")
    a.pause()
    wait_until(lambda: proxy.stat("be", "s1")["status"] == "DOWN")
    assert chosen(connect(proxy.port), 4) == "BBBB"
    a.resume()
    wait_until(lambda: proxy.stat("be", "s1")["status"] == "UP")
    assert set(chosen(connect(proxy.port), 4)) == {"A", "B"}


def test_http_checks(http, scripted, connect):
    healthy = threading.Event()
    healthy.set()

    def script(peer):
        while request := peer.request():
            seen.append((request.method, request.target))
            status = "200 OK" if healthy.is_set() else "500 Broken"
            peer.send(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n")

    seen = []
    proxy = http([scripted(script)], backend="option httpchk GET /health",
                 server="check inter 100ms fall 1 rise 1")
    wait_until(lambda: proxy.stat("be", "s1")["check_code"] == "200")
    assert ("GET", "/health") in seen
    healthy.clear()
    wait_until(lambda: proxy.stat("be", "s1")["status"] == "DOWN")
    healthy.set()
    wait_until(lambda: proxy.stat("be", "s1")["status"] == "UP")


# --- queues and limits


@pytest.mark.smoke
def test_maxconn_and_queue(http, origin, connect):
    proxy = http([origin()], server="maxconn 1")
    raws = [connect(proxy.port).send(get(f"/?s={size}&t=150")) for size in (1, 2, 3)]
    time.sleep(0.05)
    row = proxy.stat("be", "s1")
    assert (row["scur"], int(row["qcur"]) + int(proxy.stat("be", "BACKEND")["qcur"])) == ("1", 2)
    assert sorted(len(raw.response().body) for raw in raws) == [1, 2, 3]
    assert int(proxy.stat("be", "s1")["smax"]) == 1


def test_maxqueue_sends_elsewhere(http, three, connect):
    a, b = three[:2]
    proxy = http([], backend="\n".join([
        "cookie S insert", "balance roundrobin", "option redispatch",
        f"server s1 {a.address} cookie a maxconn 1 maxqueue 1", f"server s2 {b.address} cookie b"]))
    first = connect(proxy.port).send(get("/?s=1&t=600", "Cookie: S=a"))
    time.sleep(0.05)
    second = connect(proxy.port).send(get("/?s=1", "Cookie: S=a"))
    time.sleep(0.05)
    third = connect(proxy.port).ask(get("/?s=1", "Cookie: S=a"))
    assert third.get("X-Origin") == "B"
    assert first.response().get("X-Origin") == "A"
    assert second.response().get("X-Origin") == "A"


@pytest.mark.smoke
def test_a_client_that_leaves_the_queue(http, origin, connect):
    proxy = http([origin()], defaults="option abortonclose", server="maxconn 1")
    first = connect(proxy.port).send(get("/?s=1&t=500"))
    time.sleep(0.05)
    second = connect(proxy.port).send(get("/?s=2"))
    time.sleep(0.05)
    second.close()
    first.response()
    assert connect(proxy.port).ask(get("/?s=3")).body == pattern(3)


@pytest.mark.smoke
def test_frontend_maxconn(http, origin, connect):
    proxy = http([origin()], frontend="maxconn 2")
    held = [connect(proxy.port) for _ in range(2)]
    for raw in held:
        assert raw.ask(get("/?s=1")).body == pattern(1)
    third = connect(proxy.port).send(get("/?s=3"))
    third.expect_silence(0.2)
    held[0].close()
    assert third.response().body == pattern(3)


def test_global_maxconn(http, origin, connect):
    proxy = http([origin()], top="global\n    maxconn 3")
    held = [connect(proxy.port) for _ in range(3)]
    for raw in held:
        assert raw.ask(get("/?s=1")).body == pattern(1)
    fourth = connect(proxy.port).send(get("/?s=3"))
    fourth.expect_silence(0.2)
    # The runtime socket answers nevertheless.
    assert "Name:" in proxy.cli("show info")
    for raw in held:
        raw.close()
    assert fourth.response().body == pattern(3)


def test_a_rate_limit_of_sessions(http, origin, connect):
    proxy = http([origin()], frontend="rate-limit sessions 5")
    started = time.monotonic()
    for _ in range(8):
        connect(proxy.port).ask(get("/?s=1", "Connection: close"))
    assert time.monotonic() - started > 0.3


# --- retries


@pytest.mark.smoke
def test_redispatch(http, origin, ports, connect):
    proxy = http([Closed(ports), origin("A")], backend="balance roundrobin\noption redispatch")
    raw = connect(proxy.port)
    for _ in range(3):
        assert raw.ask(get("/?s=1")).get("X-Origin") == "A"
    assert int(proxy.stat("be", "BACKEND")["wredis"]) >= 1


def test_retries_take_a_second_each(http, ports, connect):
    """Refused at once: HAProxy waits up to a second before it tries the same server again."""
    proxy = http([Closed(ports)], backend="retries 1")
    started = time.monotonic()
    assert connect(proxy.port).ask(get("/")).status == 503
    assert 0.5 < time.monotonic() - started < 2.5
    assert proxy.stat("be", "s1")["wretr"] == "1"


@pytest.mark.parametrize(
    "condition, fault",
    [
        ("empty-response", "drop=fin"),
        ("503", "r=503"),
        ("response-timeout", "never=1"),
        ("junk-response", "bad=name"),
        ("all-retryable-errors", "r=500"),
    ],
)
def test_retry_on(http, origin, scripted, connect, condition, fault):
    """Layer 7 retries: a second server answers what the first could not."""
    bad = {
        "empty-response": "",
        "503": "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n",
        "response-timeout": None,
        "junk-response": "HELLO\r\n\r\n",
        "all-retryable-errors": "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n",
    }[condition]

    def script(peer):
        peer.request()
        if bad is None:
            peer.sleep(3)
        else:
            peer.send(bad)

    proxy = http([scripted(script), origin("A")],
                 backend=f"balance roundrobin\noption redispatch 1\nretry-on {condition}\n"
                         "timeout server 300ms")
    raw = connect(proxy.port)
    for _ in range(2):
        answer = raw.ask(get("/?s=5"))
        assert (answer.status, answer.get("X-Origin")) == (200, "A")


def test_a_reused_connection_that_died_is_tried_anew(http, scripted, connect):
    """The server closes the idle connection just when the next request comes."""
    def script(peer):
        if peer.request() is not None:
            peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    proxy = http([scripted(script)])
    raw = connect(proxy.port)
    for _ in range(10):
        assert raw.ask(get("/")).body == b"ok"


def test_a_body_is_not_sent_twice(http, scripted, connect):
    """The server dies after a POST has reached it: no retry, 502."""
    seen = []

    def script(peer):
        seen.append(peer.request())

    proxy = http([scripted(script)])
    answer = connect(proxy.port).ask(build("POST / HTTP/1.1", "Host: a", body=b"x"))
    assert answer.status == 502
    assert len(seen) == 1


# --- connections to servers


@pytest.mark.smoke
def test_reuse_between_clients(http, origin, connect):
    proxy = http([origin()], backend="http-reuse always")
    names = set()
    for _ in range(5):
        raw = connect(proxy.port)
        names.add(raw.ask(get("/?s=1")).get("X-Conn"))
        raw.close()
        time.sleep(0.01)
    assert len(names) < 5


def test_reuse_never(http, origin, connect):
    proxy = http([origin()], backend="http-reuse never")
    names = set()
    for _ in range(4):
        raw = connect(proxy.port)
        names.add(raw.ask(get("/?s=1")).get("X-Conn"))
        raw.close()
    assert len(names) == 4


@pytest.mark.parametrize(
    "option, same_server_connection, client_stays",
    [
        ("http-keep-alive", True, True),
        ("http-server-close", False, True),
        ("httpclose", False, False),
    ],
)
def test_connection_modes(http, origin, connect, option, same_server_connection, client_stays):
    proxy = http([origin()], defaults=f"option {option}", backend="http-reuse never")
    raw = connect(proxy.port)
    first = raw.ask(get("/?s=1"))
    if not client_stays:
        raw.expect_close()
        return
    second = raw.ask(get("/?s=1"))
    assert (first.get("X-Conn") == second.get("X-Conn")) == same_server_connection


def test_pool_max_conn_zero_keeps_none(http, scripted, connect):
    ended = threading.Event()

    def script(peer):
        peer.request()
        peer.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        peer.wait_end()
        ended.set()

    proxy = http([scripted(script)], server="pool-max-conn 0")
    raw = connect(proxy.port)
    raw.ask(get("/"))
    raw.close()
    assert ended.wait(3)


def test_idle_server_connections_are_purged(http, scripted, connect):
    ended = threading.Event()

    def script(peer):
        peer.request()
        peer.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        peer.wait_end()
        ended.set()

    proxy = http([scripted(script)], server="pool-purge-delay 300ms")
    raw = connect(proxy.port)
    raw.ask(get("/"))
    raw.close()
    assert ended.wait(4)


def test_source_address_of_server_connections(http, scripted, connect):
    server = scripted(lambda peer: [
        addresses.append(peer.sock.getpeername()[0]), peer.request(),
        peer.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")])
    addresses = []
    proxy = http([server], server="source 127.0.0.77")
    assert connect(proxy.port).ask(get("/")).status == 200
    assert addresses == ["127.0.0.77"]


def test_load_is_shared_under_parallel_clients(http, three, folder):
    proxy = http(three, backend="balance roundrobin")
    counts, lock = {}, threading.Lock()

    def client():
        with Raw(proxy.port) as raw:
            for _ in range(30):
                name = raw.ask(get("/?s=10")).get("X-Origin")
                with lock:
                    counts[name] = counts.get(name, 0) + 1

    threads = [threading.Thread(target=client) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert counts == {"A": 100, "B": 100, "C": 100} or all(95 <= n <= 105 for n in counts.values())
    assert run_curl(folder, proxy.url + "/").status == 200


def test_default_server_and_templates(weir, ports, three, connect):
    first = three[0]
    port = ports.take()
    proxy = weir(f"""{DEFAULTS}
        listen fe
            bind 127.0.0.1:{port}
            default-server weight 7 maxconn 11
            server s1 {first.address}
            server s2 {three[1].address} weight 3
            server-template t 2 {three[2].address}
    """)
    rows = {row["svname"]: row for row in proxy.stats() if row["pxname"] == "fe"}
    assert {"s1", "s2", "t1", "t2"} <= set(rows)
    assert (rows["s1"]["weight"], rows["s2"]["weight"], rows["s1"]["slim"]) == ("7", "3", "11")
