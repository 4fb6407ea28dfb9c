# SPDX-License-Identifier: Apache-2.0
"""Small things that tools look at: reasons, lines of connections without a request, who closes."""

import re
import time

import pytest

from harness.http import build, get

OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-S: v\r\n\r\nok"


def server(peer):
    while peer.request() is not None:
        peer.send(OK)


@pytest.fixture
def logged(http, scripted, syslog):
    """A proxy before a server, with a log over UDP and these lines in its frontend."""

    def start(frontend, defaults="", **options):
        return http([scripted(server)], defaults=f"log {syslog.address} local0\n{defaults}",
                    frontend=frontend, **options)

    return start


REASONS = {
    208: "Success", 210: "Content Different", 226: "IM Used", 302: "Moved Temporarily",
    310: "Too many Redirects", 414: "Request-URI Too Long", 416: "Requested range unsatisfiable",
    417: "Expectation failed", 424: "Method failure", 449: "Retry With",
    499: "client has closed connection", 505: "HTTP Version not supported",
    506: "Variant also negotiate", 509: "Bandwidth Limit Exceeded", 511:
    "Network authentication required", 599: "Server Error", 299: "Success",
}


def test_reasons(http, connect):
    rules = "\n".join(f"http-request return status {s} if {{ path /{s} }}" for s in REASONS)
    raw = connect(http(frontend=rules + "\nhttp-request redirect location /x").port)
    for status, reason in REASONS.items():
        answer = raw.ask(get(f"/{status}"))
        assert (answer.status, answer.reason) == (status, reason)
    assert raw.ask(get("/")).reason == "Found"


# --- connections without a request

CAPTURES = """
    capture request header Host len 20
    capture response header X-S len 20
"""
FIELDS = "ID=%ID ST=%ST B=%B U=%U ts=%tsc r=%{+Q}r hr=%hr hrl=%hrl hs=%hs hsl=%hsl s=%s Tr=%Tr"


def nothing(raw):
    raw.close()


def nothing_and_a_reset(raw):
    raw.reset()


def nothing_and_a_half_close(raw):
    raw.half_close()
    assert raw.response().status == 400
    raw.expect_close()


def half_a_head(raw):
    raw.send(b"GET / HT")
    raw.half_close()
    assert raw.response().status == 400


def malformed(raw):
    raw.send(b"GET / HTTP/1.1\r\nHo st: x\r\n\r\n")
    answer = raw.response()
    assert answer.status == 400 and answer.get("X-After") is None


def late(raw):
    answer = raw.response()
    assert answer.status == 408 and answer.get("X-After") is None


CASES = [(nothing, "CR", 400), (nothing_and_a_reset, "CR", 400),
         (nothing_and_a_half_close, "CR", 400), (half_a_head, "CR", 400), (malformed, "PR", 400),
         (late, "cR", 408)]


@pytest.mark.parametrize("act, state, status", CASES)
def test_the_line_of_no_request(logged, syslog, connect, act, state, status):
    proxy = logged(CAPTURES + f'''
        option httplog
        unique-id-format uid
        timeout http-request 300ms
        http-after-response set-header X-After yes
    ''')
    act(connect(proxy.port))
    line = syslog.wait_for(".*BADREQ.*").string
    end = rf"fe fe/<NOSRV> -1/-1/-1/-1/\d+ {status} 0 - - {state}-- 1/1/0/0/0 0/0 \"<BADREQ>\""
    assert re.search(end, line), line


@pytest.mark.parametrize("act, state, status", CASES)
def test_the_fields_of_no_request(logged, syslog, connect, act, state, status):
    proxy = logged(CAPTURES + f'''
        log-format "{FIELDS}"
        unique-id-format uid
        timeout http-request 300ms
        http-after-response set-header X-After yes
    ''')
    act(connect(proxy.port))
    expected = (f'ID=- ST={status} B=0 U=0 ts={state}-- r="<BADREQ>" hr= hrl= hs= hsl= s=<NOSRV> '
                "Tr=-1")
    assert expected in syslog.wait_for("ID=.*").string


@pytest.mark.parametrize("act", [nothing, nothing_and_a_half_close, nothing_and_a_reset])
def test_dontlognull(logged, syslog, connect, act):
    proxy = logged("option httplog\noption dontlognull")
    act(connect(proxy.port))
    connect(proxy.port).ask(get("/only"))
    assert '"GET /only ' in syslog.wait_count(1)[0]


def test_ignored_probes_get_no_word(logged, syslog, connect):
    proxy = logged("option httplog\noption http-ignore-probes")
    raw = connect(proxy.port)
    raw.half_close()
    assert raw.read_until_close() == b""
    connect(proxy.port).ask(get("/only"))
    assert '"GET /only ' in syslog.wait_count(1)[0]


def test_the_error_log_format_is_of_connections(logged, syslog, connect):
    """Not of answered requests, whatever the answer (manual 8.2.6)."""
    proxy = logged('option httplog\nerror-log-format "ERR %ST %ts"\n'
                   "http-request deny if { path /deny }")
    connect(proxy.port).ask(get("/deny"))
    assert " 403 " in syslog.wait_for('.*"GET /deny HTTP/1.1"').string
    malformed(connect(proxy.port))
    assert "ERR 400 PR" in syslog.wait_for("ERR.*").string


def test_the_error_log_format_is_not_of_tcp_sessions(http, ports, syslog, connect):
    class Closed:
        address = f"127.0.0.1:{ports.closed()}"

    proxy = http([Closed()], mode="tcp", backend="retries 0", defaults=f"log {syslog.address} local0",
                 frontend='option tcplog\nerror-log-format "ERR %ts"')
    connect(proxy.port).expect_close()
    assert " SC " in syslog.wait_for(" be/s1 .*").string


def test_logasap_in_tcp_mode(http, scripted, syslog, connect):
    def script(peer):
        peer.reader.until(b"\n")
        peer.send("answer")
        peer.sleep(2)

    proxy = http([scripted(script)], mode="tcp", defaults=f"log {syslog.address} local0",
                 frontend="option tcplog\noption logasap")
    raw = connect(proxy.port)
    line = syslog.wait_for(" be/s1 .*", seconds=1).string
    assert re.search(r" be/s1 \d+/\d+/\+\d+ \+0 -- 1/1/1/1/0 0/0$", line), line
    assert raw.send(b"x\n").read(6) == b"answer"
    raw.close()
    assert len(syslog.messages()) == 1


# --- who closes


@pytest.mark.parametrize("rule", [
    "http-response set-header Connection close",
    "http-after-response set-header Connection close",
    "http-response add-header connection Close",
    "http-request return status 200 hdr connection close",
])
def test_a_rule_closes_the_clients_connection(logged, connect, rule):
    raw = connect(logged(rule).port)
    answer = raw.ask(get("/"))
    assert (answer.status, answer.get("Connection")) == (200, "close")
    raw.expect_close()


def test_a_rule_closes_the_servers_connection(http, scripted, connect):
    seen = scripted(server)
    proxy = http([seen], frontend="http-request set-header Connection close", server="pool-max-conn 5")
    raw = connect(proxy.port)
    for _ in range(3):
        answer = raw.ask(get("/"))
        assert answer.status == 200 and answer.get("Connection") is None
    assert seen.accepted == 3
    assert all(b"connection: close\r\n" in bytes(each).lower() for each in seen.recorded)


# --- the statistics page's methods


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "PATCH"])
def test_the_page_leaves_other_methods_to_servers(logged, connect, method):
    raw = connect(logged("stats enable\nstats uri /stats").port)
    assert raw.ask(build(f"{method} /stats HTTP/1.1", "Host: h")).body == b"ok"
    assert b"<html" in raw.ask(get("/stats")).body.lower()


def test_times_of_the_page(logged, syslog, connect):
    proxy = logged("option httplog\nstats enable\nstats uri /stats")
    connect(proxy.port).ask(get("/stats"))
    line = syslog.wait_for(".*<STATS>.*").string
    assert re.search(r" fe/<STATS> \d+/0/0/0/\d+ 200 ", line), line


# --- counts in the line


def test_connections_and_places_in_queues(http, scripted, syslog, connect):
    def slow(peer):
        while peer.request() is not None:
            peer.sleep(0.2)
            peer.send(OK)

    proxy = http([scripted(slow)], server="maxconn 1", defaults=f"log {syslog.address} local0",
                 frontend="option httplog")
    raws = []
    for number in range(3):
        raws.append(connect(proxy.port).send(get(f"/{number}")))
        time.sleep(0.03)
    for raw in raws:
        assert raw.response().status == 200
    lines = sorted(each.split('"')[1] + each.split("----")[1].split('"')[0]
                   for each in syslog.wait_count(3))
    assert lines == ["GET /0 HTTP/1.1 3/3/2/0/0 0/0 ", "GET /1 HTTP/1.1 3/3/1/0/0 0/1 ",
                     "GET /2 HTTP/1.1 3/3/0/0/0 0/2 "]
