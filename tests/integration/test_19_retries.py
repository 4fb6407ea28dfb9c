# SPDX-License-Identifier: Apache-2.0
"""Layer 7 retries: on statuses and failures, with the request's body, and what forbids them."""

import time

import pytest

from harness.http import build, get
from harness.servers import pattern

NO = "HTTP/1.1 {} No\r\nContent-Length: 2\r\n\r\nno"


def failing(status, times):
    """A script whose first `times` connections answer `status`, the others 200 and the body."""

    def script(peer):
        request = peer.request()
        if request is None:
            return
        if peer.number <= times:
            peer.send(NO.format(status))
            return
        peer.send(f"HTTP/1.1 200 OK\r\nContent-Length: {len(request.body)}\r\n\r\n")
        peer.send(request.body)

    return script


def post(body, *fields):
    return build("POST / HTTP/1.1", "Host: h", *fields, body=body)


OLD = [401, 403, 404, 408, 425, 500, 501, 502, 503, 504]
STATUSES = OLD + [pytest.param(status, marks=pytest.mark.newer) for status in (421, 429)]


@pytest.mark.parametrize("status", STATUSES)
def test_each_status(http, scripted, connect, status):
    server = scripted(failing(status, 1))
    proxy = http([server], backend=f"retry-on {status}")
    assert connect(proxy.port).ask(get("/")).status == 200
    assert proxy.stat("be", "s1")["wretr"] in "12"  # HAProxy counts them twice


@pytest.mark.parametrize("status", STATUSES)
def test_all_retryable_errors(http, scripted, connect, status):
    proxy = http([scripted(failing(status, 1))], backend="retry-on all-retryable-errors")
    expected = 200 if status in (500, 502, 503, 504) else status
    assert connect(proxy.port).ask(get("/")).status == expected


def test_the_same_server_at_once(http, scripted, connect):
    """No pause before an answer is asked for again."""
    proxy = http([scripted(failing(503, 2))], backend="retry-on 503")
    started = time.monotonic()
    assert connect(proxy.port).ask(get("/")).status == 200
    assert time.monotonic() - started < 0.8


def test_the_last_answer_is_passed_on(http, scripted, connect):
    server = scripted(failing(503, 9))
    proxy = http([server], backend="retry-on 503\nretries 2")
    answer = connect(proxy.port).ask(get("/"))
    assert (answer.status, answer.body) == (503, b"no")
    assert server.accepted == 3


def test_http_request_set_retries_counts(http, scripted, connect):
    server = scripted(failing(503, 9))
    proxy = http([server], backend="retry-on 503\nretries 0")
    assert connect(proxy.port).ask(get("/")).status == 503
    assert server.accepted == 1


def test_the_body_is_sent_again(http, scripted, connect):
    server = scripted(failing(503, 1))
    proxy = http([server], backend="retry-on 503")
    body = pattern(9000)
    assert connect(proxy.port).ask(post(body)).body == body
    assert [bytes(each).endswith(body) for each in server.recorded] == [True, True]


def test_a_chunked_body_is_sent_again(http, scripted, connect):
    server = scripted(failing(503, 1))
    proxy = http([server], backend="retry-on 503")
    request = build("POST / HTTP/1.1", "Host: h", chunks=[b"abc", b"defg"])
    assert connect(proxy.port).ask(request).body == b"abcdefg"


def test_a_body_beyond_one_buffer_is_not_sent_again(http, scripted, connect):
    server = scripted(failing(503, 1))
    proxy = http([server], backend="retry-on 503")
    assert connect(proxy.port).ask(post(pattern(40000))).status == 503
    assert server.accepted == 1


def test_a_smaller_buffer(http, scripted, connect):
    server = scripted(failing(503, 1))
    proxy = http([server], top="global\n    tune.bufsize 8192", backend="retry-on 503")
    assert connect(proxy.port).ask(post(pattern(9000))).status == 503
    assert server.accepted == 1


def test_disable_l7_retry(http, scripted, connect):
    server = scripted(failing(503, 1))
    proxy = http([server], frontend="http-request disable-l7-retry if METH_POST",
                 backend="retry-on all-retryable-errors")
    assert connect(proxy.port).ask(post(b"abc")).status == 503
    assert server.accepted == 1


def test_disabled_retries_leave_connection_failures(http, ports, origin, connect):
    class Closed:
        address = f"127.0.0.1:{ports.closed()}"

    proxy = http([Closed(), origin("A")], frontend="http-request disable-l7-retry",
                 backend="balance roundrobin\noption redispatch 1\nretry-on all-retryable-errors")
    for _ in range(2):
        assert connect(proxy.port).ask(get("/?s=1")).status == 200


@pytest.mark.parametrize("condition", ["empty-response", "junk-response"])
def test_a_body_after_a_failure(http, scripted, connect, condition):
    def script(peer):
        request = peer.request()
        if peer.number == 1:
            if condition == "junk-response":
                peer.send("what?\r\n\r\n")
            return
        peer.send(f"HTTP/1.1 200 OK\r\nContent-Length: {len(request.body)}\r\n\r\n")
        peer.send(request.body)

    proxy = http([scripted(script)], backend=f"retry-on {condition}")
    assert connect(proxy.port).ask(post(b"once more")).body == b"once more"


def test_a_request_that_expects_100(http, scripted, connect):
    def script(peer):
        peer.reader.more()
        peer.send("HTTP/1.1 100 Continue\r\n\r\n")
        if peer.number == 1:
            peer.request()
            peer.send(NO.format(503))
        else:
            body = peer.request().body
            peer.send(f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n")
            peer.send(body)

    proxy = http([scripted(script)], backend="retry-on 503")
    raw = connect(proxy.port)
    raw.send(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n")
    time.sleep(0.2)
    raw.send(b"abc")
    assert raw.response().status == 503


@pytest.mark.weir_only
def test_after_an_interim_response(http, scripted, connect):
    def script(peer):
        peer.request()
        peer.send("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")
        peer.send(NO.format(503))

    server = scripted(script)
    proxy = http([server], backend="retry-on 503")
    answer = connect(proxy.port).ask(get("/"))
    assert [each.status for each in answer.interim] == [103]
    assert answer.status == 503
    assert server.accepted == 1


def test_retries_in_the_log(http, scripted, syslog, connect):
    proxy = http([scripted(failing(503, 2))], backend="retry-on 503",
                 frontend=f"log {syslog.address} local0\noption httplog")
    assert connect(proxy.port).ask(get("/")).status == 200
    line = syslog.wait_for(" be/s1 .*").string
    assert " 200 " in line and "/2 0/0 " in line, line
