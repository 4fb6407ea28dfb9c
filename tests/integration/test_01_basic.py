# SPDX-License-Identifier: Apache-2.0
"""The first things: requests reach a server, answers come back, listeners of every kind."""

import socket

import pytest

from harness.client import Raw
from harness.http import build, get
from harness.proxy import DEFAULTS
from harness.servers import pattern

SUN_PATH_BYTES = 108

pytestmark = pytest.mark.smoke


def test_get(http, origin, curl):
    proxy = http([origin("A")])
    answer = curl(f"{proxy.url}/?s=300")
    assert answer.status == 200
    assert answer.get("X-Origin") == "A"
    assert answer.get("Content-Length") == "300"
    assert answer.body == pattern(300)


def test_head_has_the_length_and_no_body(http, origin, connect):
    proxy = http([origin()])
    raw = connect(proxy.port)
    answer = raw.ask(get("/?s=300", method="HEAD"), "HEAD")
    assert (answer.status, answer.get("Content-Length")) == (200, "300")
    assert raw.ask(get("/?s=5")).body == pattern(5)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"])
def test_a_body_reaches_the_server(http, origin, connect, method):
    proxy = http([origin()])
    answer = connect(proxy.port).ask(
        build(f"{method} /body HTTP/1.1", "Host: a", body=b"some bytes")
    )
    assert (answer.status, answer.body) == (200, b"some bytes")


def test_the_request_arrives_as_it_was_sent(http, scripted, connect):
    server = scripted()
    proxy = http([server])
    request = build("POST /a%20b/../c?d=e&f;g HTTP/1.1", "Host: a.example:8080",
                    "x-mixed-CASE: Value ", "X-Empty:", "X-Two: 1", "X-Two: 2", body=b"abc")
    assert connect(proxy.port).ask(request).status == 200
    arrived = server.requests[0]
    assert (arrived.method, arrived.version, arrived.body) == ("POST", "HTTP/1.1", b"abc")
    assert arrived.target == "/a%20b/../c?d=e&f;g"
    assert arrived.get("host") == "a.example:8080"
    assert arrived.get("x-mixed-case") == "Value"
    assert arrived.get("x-empty") == ""
    assert arrived.all("x-two") == ["1", "2"]


def test_the_order_of_fields_is_kept(http, scripted, connect):
    server = scripted()
    proxy = http([server])
    names = [f"x-{number}" for number in range(20)]
    connect(proxy.port).ask(get("/", *(f"{name}: 1" for name in names)))
    arrived = [name.lower() for name, _ in server.requests[0].fields]
    assert [name for name in arrived if name.startswith("x-")] == names


def test_keep_alive_on_both_sides(http, origin, connect):
    proxy = http([origin()])
    raw = connect(proxy.port)
    answers = [raw.ask(get(f"/?s={size}")) for size in (1, 1000, 0, 70000)]
    assert [len(answer.body) for answer in answers] == [1, 1000, 0, 70000]
    assert {answer.get("X-Conn") for answer in answers} == {"0-1"}
    assert [answer.get("X-Req") for answer in answers] == ["1", "2", "3", "4"]


def test_close_from_the_client(http, origin, connect):
    proxy = http([origin()])
    raw = connect(proxy.port)
    answer = raw.ask(get("/?s=10", "Connection: close"))
    assert (answer.status, answer.get("Connection")) == (200, "close")
    raw.expect_close()


def test_close_from_the_server_is_not_the_clients(http, origin, connect):
    proxy = http([origin()])
    raw = connect(proxy.port)
    first = raw.ask(get("/?s=10&C=1"))
    second = raw.ask(get("/?s=10&C=1"))
    assert (first.get("X-Conn"), second.get("X-Conn")) == ("0-1", "0-2")


def test_http_1_0_client(http, origin, connect):
    proxy = http([origin()])
    raw = connect(proxy.port)
    answer = raw.ask(build("GET /?s=10 HTTP/1.0", "Host: a"))
    assert (answer.status, answer.body) == (200, pattern(10))
    raw.expect_close()


def test_http_1_0_client_with_keep_alive(http, origin, connect):
    proxy = http([origin()])
    raw = connect(proxy.port)
    for size in (10, 20):
        answer = raw.ask(build(f"GET /?s={size} HTTP/1.0", "Host: a", "Connection: keep-alive"))
        assert answer.body == pattern(size)
        assert answer.get("Connection").lower() == "keep-alive"


def test_http_1_0_client_gets_no_chunks(http, origin, connect):
    proxy = http([origin()])
    raw = connect(proxy.port)
    answer = raw.ask(build("GET /?s=100&k=10 HTTP/1.0", "Host: a"))
    assert (answer.framing, answer.body) == ("close", pattern(100))


def test_pipelined_requests_are_answered_in_order(http, origin, connect):
    proxy = http([origin("A"), origin("B")], backend="balance roundrobin")
    raw = connect(proxy.port)
    sizes = [100, 3, 5000, 1, 0, 40000, 7, 64]
    raw.send(b"".join(get(f"/?s={size}") for size in sizes))
    assert [raw.response().body for _ in sizes] == [pattern(size) for size in sizes]


def test_pipelined_bodies(http, origin, connect):
    proxy = http([origin()])
    raw = connect(proxy.port)
    bodies = [b"a" * 10, b"", b"b" * 3000, b"c"]
    raw.send(b"".join(build("POST /body HTTP/1.1", "Host: a", body=body or b"",
                            chunks=None if body else []) for body in bodies))
    assert [raw.response().body for _ in bodies] == bodies


def test_a_request_in_single_bytes(http, origin, connect):
    proxy = http([origin()])
    raw = connect(proxy.port)
    for byte in build("POST /body HTTP/1.1", "Host: a", chunks=[b"abc", b"de"]):
        raw.send(bytes([byte]))
    assert raw.response().body == b"abcde"


def test_empty_lines_before_a_request(http, origin, connect):
    proxy = http([origin()])
    raw = connect(proxy.port)
    assert raw.ask(b"\r\n\r\n" + get("/?s=3")).body == pattern(3)


@pytest.mark.parametrize("status", [201, 301, 404, 418, 500, 599])
def test_statuses_pass(http, origin, connect, status):
    proxy = http([origin()])
    raw = connect(proxy.port)
    answer = raw.ask(get(f"/?s=7&r={status}"))
    assert (answer.status, answer.body) == (status, pattern(7))


def test_a_half_closed_client_is_still_answered(http, origin, connect):
    proxy = http([origin()])
    raw = connect(proxy.port)
    raw.send(get("/?s=100&t=200")).half_close()
    assert raw.response().body == pattern(100)


def test_several_listeners(weir, origin, ports, folder, curl, connect):
    server = origin()
    one, two, three, four = (ports.take() for _ in range(4))
    path = str(folder / "fe.sock")
    weir(f"""
        {DEFAULTS}
        frontend fe
            bind 127.0.0.1:{one},127.0.0.1:{two}
            bind *:{three}
            bind ipv4@127.0.0.1:{four} name four
            bind {path} mode 600
            http-response set-header X-Port %fp
            http-response set-header X-Listener %[so_name] if {{ so_name -m found }}
            default_backend be
        backend be
            server s {server.address}
    """)
    for port in (one, two, three):
        assert curl(f"http://127.0.0.1:{port}/").get("X-Port") == str(port)
    answer = curl(f"http://127.0.0.1:{four}/")
    assert (answer.get("X-Port"), answer.get("X-Listener")) == (str(four), "four")
    assert connect(path).ask(get("/?s=4")).body == pattern(4)
    assert (folder / "fe.sock").stat().st_mode & 0o777 == 0o600


def test_port_range(weir, origin, ports, curl):
    server = origin()
    first = ports.take_range(3)
    weir(f"""
        {DEFAULTS}
        listen fe
            bind 127.0.0.1:{first}-{first + 2}
            http-response set-header X-Port %fp
            server s {server.address}
    """)
    for port in range(first, first + 3):
        assert curl(f"http://127.0.0.1:{port}/").get("X-Port") == str(port)


def test_ipv6(weir, origin, ports, connect):
    port = ports.take(host="::1")
    server = origin("six", "-l", "[::1]:0")
    address = server.stdout().split()[-1]
    weir(f"""
        {DEFAULTS}
        listen fe
            bind [::1]:{port}
            bind ::1:{ports.take(host="::1")}
            http-response set-header X-Client %ci
            server s {address}
    """)
    answer = connect(("::1", port)).ask(get("/?s=4"))
    assert (answer.body, answer.get("X-Client")) == (pattern(4), "::1")


def abns(name):
    """The abstract address that `abns@name` means: padded to its whole length."""
    return ("\0" + name).ljust(SUN_PATH_BYTES, "\0")


def test_servers_on_unix_and_abstract_sockets(weir, origin, ports, folder, curl):
    path = folder / "origin.sock"
    origin("U", "-u", str(path))
    abstract = f"weir-test-{folder.name}"
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(abns(abstract))
        sock.listen()
        sock.settimeout(5)
        port = ports.take()
        proxy = weir(f"""
            {DEFAULTS}
            frontend fe
                bind 127.0.0.1:{port}
                use_backend abstract if {{ path /abstract }}
                default_backend be
            backend be
                server s unix@{path}
            backend abstract
                server s abns@{abstract}
        """)
        assert curl(f"http://127.0.0.1:{port}/").get("X-Origin") == "U"
        with Raw(port) as raw:
            raw.send(get("/abstract"))
            peer, _ = sock.accept()
            assert peer.recv(4096).startswith(b"GET /abstract ")
            peer.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
            assert raw.response().status == 204
            peer.close()
        assert proxy.alive()


def test_bind_on_an_abstract_socket(weir, origin, folder):
    server = origin()
    abstract = f"weir-fe-{folder.name}"
    weir(f"""
        {DEFAULTS}
        listen fe
            bind abns@{abstract}
            server s {server.address}
    """)
    with Raw(abns(abstract)) as raw:
        assert raw.ask(get("/?s=6")).body == pattern(6)


def test_bind_on_an_inherited_descriptor(weir, origin, connect):
    server = origin()
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        weir(
            f"""
            {DEFAULTS}
            listen fe
                bind "fd@${{LISTENER}}"
                server s {server.address}
            """,
            env={"LISTENER": str(listener.fileno())},
            pass_fds=[listener.fileno()],
        )
        raw = connect(listener.getsockname()[1])
        assert raw.ask(get("/?s=6")).body == pattern(6)


def test_listen_joins_frontend_and_backend(weir, origin, ports, curl):
    port = ports.take()
    weir(f"""
        {DEFAULTS}
        listen both
            bind 127.0.0.1:{port}
            server s {origin("A").address}
            http-response set-header X-Be %b
    """)
    assert curl(f"http://127.0.0.1:{port}/").get("X-Be") == "both"


def test_nginx_behind(http, nginx, ports, connect):
    port = ports.take()
    nginx(f"""
        server {{
            listen 127.0.0.1:{port} reuseport;
            location / {{ return 200 "nginx says $request_method $uri\\n"; }}
        }}
    """)

    class Server:
        address = f"127.0.0.1:{port}"

    proxy = http([Server])
    raw = connect(proxy.port)
    for _ in range(3):
        answer = raw.ask(get("/a/b"))
        assert (answer.status, answer.body) == (200, b"nginx says GET /a/b\n")


def test_many_clients_at_once(http, origin, connect):
    proxy = http([origin()])
    clients = [connect(proxy.port) for _ in range(200)]
    for number, raw in enumerate(clients):
        raw.send(get(f"/?s={number}&t=50"))
    for number, raw in enumerate(clients):
        assert raw.response().body == pattern(number)
    for raw in clients:
        raw.close()
    assert proxy.info()["Process_num"] == "1"


def test_nothing_is_left_open(http, origin, connect):
    proxy = http([origin()])
    connect(proxy.port).ask(get("/", "Connection: close"))
    before = proxy.descriptors()
    for _ in range(50):
        raw = connect(proxy.port)
        raw.ask(get("/?s=10&C=1", "Connection: close"))
        raw.expect_close()
    assert proxy.descriptors() <= before + 3
