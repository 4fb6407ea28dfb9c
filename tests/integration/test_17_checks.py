# SPDX-License-Identifier: Apache-2.0
"""Health checks: results, rise and fall, log lines, TLS, tracking, sessions of a server that goes down."""

import re
import socket
import struct
import threading
import time

import pytest

from harness.http import get
from harness.process import wait_until
from harness.proxy import DEFAULTS
from harness.servers import server_tls

OK = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"


class Closed:
    def __init__(self, ports):
        self.address = f"127.0.0.1:{ports.closed()}"


def answering(text):
    """A script that answers each connection's request with `text` and closes."""

    def script(peer):
        if peer.request() is not None:
            peer.send(text)

    return script


def silent(peer):
    while peer.sock.recv(4096):
        pass


def resetting(peer):
    peer.request()
    peer.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def status(proxy, name="s1"):
    return proxy.stat("be", name)


def wait_status(proxy, text, name="s1"):
    wait_until(lambda: status(proxy, name)["status"] == text, what=f"{name} is {text}")
    return status(proxy, name)


def plain(message):
    """A log line without the number of milliseconds."""
    return re.sub(r"duration: \d+ms", "duration: Nms", message.rstrip("\n"))


# --- results

EXPECT_HELLO = "http-check expect string hello"
RESULTS = {
    "status 500": ("HTTP/1.1 500 Internal Server Error\r\n\r\n", "", "L7STS", "500",
                   'Layer7 wrong status, code: 500, info: "Internal Server Error"'),
    "no status": ("garbage\r\n\r\n", "", "L7RSP", "", "Layer7 invalid response"),
    "unwanted status": (OK, "http-check expect ! status 200", "L7STS", "200",
                        'Layer7 wrong status, code: 200, info: "OK"'),
    "other status": (OK, "http-check expect status 201-204,300", "L7STS", "200",
                     'Layer7 wrong status, code: 200, info: "OK"'),
    "other status by pattern": (OK, "http-check expect rstatus ^3", "L7STS", "200",
                                'Layer7 wrong status, code: 200, info: "OK"'),
    "text missing": (OK, "http-check expect string goodbye", "L7RSP", "",
                     'Layer7 invalid response, info: "HTTP content check did not match"'),
    "pattern missing": (OK, "http-check expect rstring ^hi", "L7RSP", "",
                        'Layer7 invalid response, info: "HTTP content check did not match"'),
    "text unwanted": (OK, "http-check expect ! string hello", "L7RSP", "",
                      'Layer7 invalid response, info: "HTTP check matched unwanted content"'),
}


@pytest.mark.parametrize("case", RESULTS)
def test_failures_of_http(http, scripted, syslog, case):
    answer, expect, short, code, reason = RESULTS[case]
    proxy = http([scripted(answering(answer))], server="check inter 100ms",
                 backend=f"log {syslog.address} local0\noption httpchk\n"
                         f"option log-health-checks\n{expect}")
    row = wait_status(proxy, "DOWN")
    assert (row["check_status"].removeprefix("* "), row["check_code"]) == (short, code)
    assert row["chkdown"] == "1"
    line = plain(syslog.wait_for("Health check for.*").group())
    assert line == (f"Health check for server be/s1 failed, reason: {reason}, "
                    "check duration: Nms, status: 0/2 DOWN.")


@pytest.mark.parametrize("answer, expect", [
    (OK, ""),
    ("HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n", ""),
    ("HTTP/1.0 404 Not Found\r\n\r\n", "http-check expect status 200,404"),
    ("HTTP/1.0 404 Not Found\r\n\r\n", "http-check expect ! rstatus ^5"),
    (OK, EXPECT_HELLO),
    ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n",
     EXPECT_HELLO),
    ("HTTP/1.0 200 OK\r\n\r\n" + "x" * 5000 + "hello", EXPECT_HELLO),
    (OK, "http-check expect rstring ^h.l+o$"),
    (OK, "http-check expect ! string goodbye"),
])
def test_passes_of_http(http, scripted, answer, expect):
    proxy = http([scripted(answering(answer))], server="check inter 100ms",
                 backend=f"option httpchk\n{expect}")
    row = wait_status(proxy, "UP")
    assert row["check_status"].removeprefix("* ") == "L7OK"
    assert row["check_desc"] == "Layer7 check passed"


@pytest.mark.smoke
def test_refused_connection(http, ports, syslog):
    proxy = http([Closed(ports)], server="check inter 100ms",
                 backend=f"log {syslog.address} local0")
    row = wait_status(proxy, "DOWN")
    assert row["check_status"].removeprefix("* ") == "L4CON"
    assert row["last_chk"] == "Connection refused"
    assert row["check_rise"] == "2" and row["check_fall"] == "3" and row["check_health"] == "0"
    messages = [plain(message) for message in syslog.wait_count(2)[:2]]
    assert messages == [
        'Server be/s1 is DOWN, reason: Layer4 connection problem, info: "Connection refused", '
        "check duration: Nms. 0 active and 0 backup servers left. 0 sessions active, 0 requeued, "
        "0 remaining in queue.",
        "backend be has no server available!",
    ]
    levels = [int(line[1:line.index(">")]) % 8 for line in syslog.lines[:2]]
    assert levels == [1, 0]


@pytest.mark.parametrize("script, short", [(silent, "L7TOUT"), (resetting, "SOCKERR")])
def test_no_answer(http, scripted, script, short):
    proxy = http([scripted(script)], server="check inter 150ms", backend="option httpchk")
    row = wait_status(proxy, "DOWN")
    assert row["check_status"].removeprefix("* ") == short


def test_request(http, scripted):
    server = scripted()
    http([server], server="check inter 5s", backend="""
        option httpchk GET /health HTTP/1.1
        http-check send hdr Host www.example.com hdr X-A b body hello
    """)
    wait_until(lambda: server.requests, what="a check")
    request = server.requests[0]
    assert (request.method, request.target) == ("GET", "/health")
    assert request.get("Host") == "www.example.com" and request.get("X-A") == "b"
    assert request.get("Connection") == "close" and request.body == b"hello"


def test_default_request(http, scripted):
    server = scripted()
    http([server], server="check inter 5s", backend="option httpchk")
    wait_until(lambda: server.recorded and b"\r\n\r\n" in server.recorded[0], what="a check")
    assert bytes(server.recorded[0]) == b"OPTIONS / HTTP/1.0\r\n\r\n"


# --- up and down

def test_rise_and_fall(http, scripted, syslog):
    answers = ["HTTP/1.0 500 x\r\n\r\n"]
    server = scripted(lambda peer: answering(answers[0])(peer))
    answers[0] = OK
    proxy = http([server], server="check inter 60ms rise 3 fall 2",
                 backend=f"log {syslog.address} local0\noption httpchk")
    wait_status(proxy, "UP")
    answers[0] = "HTTP/1.0 500 x\r\n\r\n"
    syslog.wait_for("is DOWN, reason: Layer7 wrong status, code: 500")
    asked = server.accepted
    answers[0] = OK
    line = plain(syslog.wait_for("Server be/s1 is UP.*").group())
    assert line == ("Server be/s1 is UP, reason: Layer7 check passed, code: 200, check duration: "
                    "Nms. 1 active and 0 backup servers online. 0 sessions requeued, 0 total in "
                    "queue.")
    assert server.accepted - asked >= 3
    row = wait_status(proxy, "UP")
    assert (row["chkfail"], row["chkdown"]) == ("2", "1")


def test_intervals(http, ports, scripted):
    server = scripted(answering("HTTP/1.0 500 x\r\n\r\n"))
    proxy = http([server], server="check inter 100ms downinter 30s", backend="option httpchk")
    wait_status(proxy, "DOWN")
    asked = server.accepted
    time.sleep(0.5)
    assert server.accepted == asked, "downinter is not kept"


@pytest.mark.smoke
def test_traffic_avoids_a_server_that_is_down(http, origin, connect, ports):
    proxy = http([origin("A"), Closed(ports), origin("C")], server="check inter 50ms",
                 backend="balance roundrobin")
    wait_status(proxy, "DOWN", "s2")
    raw = connect(proxy.port)
    names = [raw.ask(get("/?s=1")).get("X-Origin") for _ in range(8)]
    assert sorted(names) == sorted("AAAACCCC")


def test_waiting_requests_go_to_a_server_that_comes_up(http, scripted, connect):
    """Both wait in the backend's queue; the second server's first slot is theirs."""
    release = threading.Event()

    def slow(peer):
        if peer.request() is not None:
            release.wait(5)
            peer.send(OK)

    switch = {"answer": "HTTP/1.0 500 x\r\n\r\n"}

    def second(peer):
        request = peer.request()
        if request is not None:
            peer.send(switch["answer"] if request.method == "OPTIONS" else OK)

    proxy = http([], backend=f"""
        balance roundrobin
        timeout queue 5s
        option httpchk
        server s1 {scripted(slow).address} maxconn 1
        server s2 {scripted(second).address} maxconn 1 check inter 60ms rise 1
    """)
    wait_status(proxy, "DOWN", "s2")
    first = connect(proxy.port).send(get("/one"))
    wait_until(lambda: status(proxy)["scur"] == "1", what="the first is served")
    other = connect(proxy.port).send(get("/two"))
    wait_until(lambda: proxy.stat("be", "BACKEND")["qcur"] == "1", what="the second waits")
    switch["answer"] = OK
    assert other.response().status == 200
    release.set()
    assert first.response().status == 200


def test_shutdown_sessions_when_marked_down(http, scripted, connect):
    up = {"up": True}

    def script(peer):
        request = peer.request()
        if request is None:
            return
        if request.method == "OPTIONS":
            peer.send(OK if up["up"] else "HTTP/1.0 503 x\r\n\r\n")
        else:
            peer.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
            silent(peer)

    proxy = http([scripted(script)], backend="option httpchk",
                 server="check inter 60ms fall 1 on-marked-down shutdown-sessions")
    wait_status(proxy, "UP")
    raw = connect(proxy.port).send(get("/"))
    raw.read(20)
    up["up"] = False
    raw.read_until_close()
    assert status(proxy)["status"].startswith("DOWN")


# --- TLS, addresses

def test_tls(http, scripted, certificates):
    pem = certificates.pem("localhost")
    server = scripted(answering(OK), tls=server_tls(pem))
    proxy = http([server], server="check inter 200ms ssl verify none", backend="option httpchk")
    row = wait_status(proxy, "UP")
    assert row["check_status"].removeprefix("* ") == "L7OK"


def test_tls_without_http(http, scripted, certificates):
    server = scripted(silent, tls=server_tls(certificates.pem("localhost")))
    proxy = http([server], server="check inter 200ms ssl verify none")
    assert wait_status(proxy, "UP")["check_status"].removeprefix("* ") == "L6OK"


def test_plain_server_fails_a_tls_check(http, scripted):
    def script(peer):
        peer.sock.recv(100)
        peer.send(OK)

    proxy = http([scripted(script)], server="check check-ssl verify none inter 100ms")
    assert wait_status(proxy, "DOWN")["check_status"].removeprefix("* ") == "L6RSP"


def test_tls_that_never_answers(http, scripted):
    proxy = http([scripted(silent)], server="check inter 150ms ssl verify none")
    assert wait_status(proxy, "DOWN")["check_status"].removeprefix("* ") == "L6TOUT"


def test_port_and_address_of_the_check(http, scripted, ports):
    other = scripted(answering(OK))
    proxy = http([Closed(ports)], backend="option httpchk",
                 server=f"check inter 100ms addr 127.0.0.1 port {other.port}")
    wait_status(proxy, "UP")
    assert other.accepted > 0


# --- tracking and maintenance

TRACKING = DEFAULTS + """
    log {log} local0
frontend fe
    bind 127.0.0.1:{port}
    default_backend tracker
backend be
    server s1 {address} check inter 60ms
backend tracker
    server t1 {address} track be/s1
    server t2 {address} track t1
"""


def test_tracking(weir, ports, scripted, syslog):
    server = scripted(silent)
    port = ports.take()
    proxy = weir(TRACKING.format(log=syslog.address, port=port, address=server.address), port=port)
    wait_status(proxy, "UP")
    wait_until(lambda: proxy.stat("tracker", "t2")["status"] == "UP", what="t2 is up")
    proxy.cli("set server be/s1 state maint")
    syslog.wait_for("backend tracker has no server available!")
    assert proxy.stat("tracker", "t1")["status"] == "MAINT (via be/s1)"
    proxy.cli("set server be/s1 state ready")
    syslog.wait_for("Server tracker/t2 is UP/READY")
    messages = [plain(message) for message in syslog.messages()]
    assert messages == [
        "Server be/s1 is going DOWN for maintenance. 0 active and 0 backup servers left. "
        "0 sessions active, 0 requeued, 0 remaining in queue.",
        "backend be has no server available!",
        "Server tracker/t1 is going DOWN for maintenance via be/s1. 1 active and 0 backup servers "
        "left. 0 sessions active, 0 requeued, 0 remaining in queue.",
        "Server tracker/t2 is going DOWN for maintenance via tracker/t1. 0 active and 0 backup "
        "servers left. 0 sessions active, 0 requeued, 0 remaining in queue.",
        "backend tracker has no server available!",
        "Server be/s1 is UP/READY (leaving forced maintenance).",
        "Server tracker/t1 is UP/READY (leaving maintenance).",
        "Server tracker/t2 is UP/READY (leaving maintenance).",
    ]
    server.finish()
    wait_until(lambda: proxy.stat("tracker", "t2")["status"].startswith("DOWN"), what="t2 is down")
    assert "Server tracker/t1 is DOWN via be/s1. 1 active" in "\n".join(syslog.messages())


def test_commands_are_logged(http, origin, syslog):
    proxy = http([origin("A"), origin("B")], backend=f"log {syslog.address} local0")
    for command in ("state drain", "state ready", "health down", "health up"):
        proxy.cli(f"set server be/s1 {command}")
    assert syslog.wait_count(4)[:4] == [
        "Server be/s1 enters drain state. 1 active and 0 backup servers online. "
        "0 sessions requeued, 0 total in queue.",
        "Server be/s1 is UP (leaving forced drain).",
        "Server be/s1 is DOWN, changed from CLI. 1 active and 0 backup servers left. "
        "0 sessions active, 0 requeued, 0 remaining in queue.",
        "Server be/s1 is UP, changed from CLI. 2 active and 0 backup servers online. "
        "0 sessions requeued, 0 total in queue.",
    ]


def test_maintenance_pauses_checks(http, scripted):
    server = scripted(answering(OK))
    proxy = http([server], server="check inter 40ms", backend="option httpchk")
    wait_status(proxy, "UP")
    proxy.cli("set server be/s1 state maint")
    time.sleep(0.1)
    asked = server.accepted
    time.sleep(0.3)
    assert server.accepted == asked
    proxy.cli("set server be/s1 state ready")
    wait_until(lambda: server.accepted > asked, what="a check again")


# --- many

def test_many_servers_are_checked(weir, ports, scripted):
    server = scripted(silent)
    port = ports.take()
    lines = "\n".join(f"    server s{n} {server.address} check inter 500ms" for n in range(200))
    proxy = weir(DEFAULTS + f"frontend fe\n    bind 127.0.0.1:{port}\n    default_backend be\n"
                 f"backend be\n{lines}\n", port=port)
    wait_until(lambda: all(row["status"] == "UP" for row in proxy.stats()
                           if row["svname"].startswith("s")), what="all are up")
