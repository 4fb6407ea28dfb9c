# SPDX-License-Identifier: Apache-2.0
"""Log lines, field by field: httplog, tcplog, custom formats, headers of syslog."""

import re
import time

import pytest

from harness.client import expect_refused
from harness.http import build, get
from harness.proxy import DEFAULTS
from harness.servers import pattern
from harness.syslog import HEADER

ADDRESS = r"127\.0\.0\.1:\d+"
DATE = r"\[\d\d/[A-Z][a-z][a-z]/\d{4}:\d\d:\d\d:\d\d\.\d{3}\]"
COUNTS = r"\d+/\d+/\d+/\d+/\d+ \d+/\d+"

HTTPLOG = re.compile(
    rf"(?P<client>{ADDRESS}) (?P<date>{DATE}) (?P<frontend>\S+) (?P<backend>[^/ ]+)/(?P<server>\S+) "
    r"(?P<TR>-?\d+)/(?P<Tw>-?\d+)/(?P<Tc>-?\d+)/(?P<Tr>-?\d+)/(?P<Ta>\+?\d+) "
    r"(?P<status>-?\d+) (?P<bytes>\+?\d+) (?P<cc>\S+) (?P<cs>\S+) (?P<state>\S{4}) "
    r"(?P<actconn>\d+)/(?P<feconn>\d+)/(?P<beconn>\d+)/(?P<srvconn>\d+)/(?P<retries>\+?\d+) "
    r"(?P<srvq>\d+)/(?P<beq>\d+)"
    r"(?: (?P<hr>\{[^}]*\}))?(?: (?P<hs>\{[^}]*\}))? \"(?P<request>[^\"]*)\""
)
TCPLOG = re.compile(
    rf"(?P<client>{ADDRESS}) (?P<date>{DATE}) (?P<frontend>\S+) (?P<backend>[^/ ]+)/(?P<server>\S+) "
    r"(?P<Tw>-?\d+)/(?P<Tc>-?\d+)/(?P<Tt>\+?\d+) (?P<bytes>\+?\d+) (?P<state>\S\S) "
    r"(?P<actconn>\d+)/(?P<feconn>\d+)/(?P<beconn>\d+)/(?P<srvconn>\d+)/(?P<retries>\+?\d+) "
    r"(?P<srvq>\d+)/(?P<beq>\d+)"
)


@pytest.fixture
def logged(http, syslog):
    """Like `http`, with a log over UDP."""

    def start(servers=(), defaults="", **options):
        return http(servers, defaults=f"log {syslog.address} local0\n{defaults}", **options)

    return start


def line_of(syslog, expression):
    """The first message that is such a line, whole."""
    match = syslog.wait_for(f"^(?:{expression.pattern})$")
    return match.groupdict()


@pytest.mark.smoke
def test_httplog(logged, origin, syslog, connect):
    proxy = logged([origin()], defaults="option httplog")
    raw = connect(proxy.port)
    raw.ask(get("/path?s=100&t=120"))
    line = line_of(syslog, HTTPLOG)
    assert (line["frontend"], line["backend"], line["server"]) == ("fe", "be", "s1")
    assert (line["status"], line["state"]) == ("200", "----")
    assert line["request"] == "GET /path?s=100&t=120 HTTP/1.1"
    assert (line["cc"], line["cs"]) == ("-", "-")
    assert int(line["bytes"]) > 100
    assert int(line["client"].split(":")[1]) == raw.sock.getsockname()[1]
    assert 110 <= int(line["Tr"]) <= 600 and int(line["Ta"]) >= int(line["Tr"])
    assert (line["retries"], line["srvq"], line["beq"]) == ("0", "0", "0")
    assert int(line["actconn"]) >= 1 and line["feconn"] == "1"


@pytest.mark.weir_only  # HAProxy counts its internal form of the head
def test_httplog_counts_bytes_of_head_and_body(logged, scripted, syslog, connect):
    answer = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello"

    def script(peer):
        while peer.request():
            peer.send(answer)

    proxy = logged([scripted(script)], defaults="option httplog")
    connect(proxy.port).ask(get("/"))
    assert int(line_of(syslog, HTTPLOG)["bytes"]) == len(answer)


def test_httplog_of_several_requests(logged, origin, syslog, connect):
    proxy = logged([origin()], defaults="option httplog")
    raw = connect(proxy.port)
    for number in range(3):
        raw.ask(get(f"/{number}?s=1"))
    messages = syslog.wait_count(3)
    assert [re.search(r'"GET /(\d)', each).group(1) for each in messages] == ["0", "1", "2"]


@pytest.mark.smoke
@pytest.mark.parametrize(
    "rules, request_bytes, status, state, server",
    [
        ("http-request deny", get("/"), "403", "PR--", "<NOSRV>"),
        ("http-request return status 201", get("/"), "201", "LR--", "<NOSRV>"),
        ("redirect location /x", get("/"), "302", "LR--", "<NOSRV>"),
        ("", b"GET /bad HTTP/1.1\r\nBad Name: 1\r\n\r\n", "400", "PR--", "<NOSRV>"),
        ("", get("/?drop=rst"), "502", "SH--", "s1"),
        ("", get("/?bad=name"), "502", "PH--", "s1"),
        ("timeout http-request 200ms", b"GET / HTTP/1.1\r\n", "408", "cR--", "<NOSRV>"),
    ],
    ids=["deny", "return", "redirect", "bad-request", "server-reset", "bad-response", "timeout"],
)
def test_termination_states(logged, origin, syslog, connect, rules, request_bytes, status, state,
                            server):
    proxy = logged([origin()], defaults="option httplog", frontend=rules, backend="retries 0")
    raw = connect(proxy.port).send(request_bytes)
    assert raw.response().status == int(status)
    raw.close()
    line = line_of(syslog, HTTPLOG)
    assert (line["status"], line["state"], line["server"]) == (status, state, server)


def test_state_of_a_server_timeout(logged, origin, syslog, connect):
    proxy = logged([origin()], defaults="option httplog", backend="timeout server 200ms")
    connect(proxy.port).ask(get("/?never=1"))
    line = line_of(syslog, HTTPLOG)
    assert (line["status"], line["state"], line["Tr"]) == ("504", "sH--", "-1")


def test_state_of_a_server_that_is_down(logged, ports, syslog, connect):
    class Closed:
        address = f"127.0.0.1:{ports.closed()}"

    proxy = logged([Closed], defaults="option httplog", backend="retries 0")
    connect(proxy.port).ask(get("/"))
    line = line_of(syslog, HTTPLOG)
    assert (line["status"], line["state"], line["Tc"], line["Tr"]) == ("503", "SC--", "-1", "-1")


def test_state_of_a_client_that_leaves(logged, origin, syslog, connect):
    proxy = logged([origin()], defaults="option httplog")
    raw = connect(proxy.port, receive_buffer=4096).send(get("/?s=50m"))
    raw.read(5000)
    raw.reset()
    line = line_of(syslog, HTTPLOG)
    assert (line["status"], line["state"]) == ("200", "CD--")


def test_state_of_a_server_that_dies_in_a_body(logged, origin, syslog, connect):
    proxy = logged([origin()], defaults="option httplog")
    raw = connect(proxy.port).send(get("/?s=1000&cut=500"))
    raw.read_until_close()
    line = line_of(syslog, HTTPLOG)
    assert (line["status"], line["state"]) == ("200", "SD--")


def test_nothing_is_logged_of_a_silent_client(logged, origin, syslog, connect):
    proxy = logged([origin()], defaults="option httplog\noption dontlognull")
    connect(proxy.port).close()
    connect(proxy.port).ask(get("/only"))
    assert '"GET /only ' in syslog.wait_count(1)[0]


def test_dontlog_normal(logged, origin, syslog, connect):
    proxy = logged([origin()], defaults="option httplog\noption dontlog-normal")
    raw = connect(proxy.port)
    raw.ask(get("/fine"))
    raw.ask(get("/broken?r=500"))
    assert '"GET /broken' in syslog.wait_count(1)[0]


def test_a_log_level_can_be_set_by_a_rule(logged, origin, syslog, connect):
    proxy = logged([origin()], defaults="option httplog", frontend="""
        http-request set-log-level silent if { path /quiet }
        http-request set-log-level alert if { path /loud }
    """)
    raw = connect(proxy.port)
    raw.ask(get("/quiet"))
    raw.ask(get("/loud"))
    syslog.wait_count(1)
    match = HEADER.fullmatch(syslog.lines[0].rstrip("\n"))
    assert "/loud" in match.group(6)
    assert int(match.group(1)) == 16 * 8 + 1


@pytest.mark.smoke
def test_captures_in_httplog(logged, origin, syslog, connect):
    proxy = logged([origin()], defaults="option httplog", frontend="""
        capture request header Host len 10
        capture request header X-None len 5
        capture response header X-Origin len 3
        capture cookie SID len 20
    """)
    connect(proxy.port).ask(get("/", "Cookie: SID=abc", host="www.long-name.example"))
    line = line_of(syslog, HTTPLOG)
    assert (line["hr"], line["hs"]) == ("{www.long-n|}", "{A}")
    assert (line["cc"], line["cs"]) == ("SID=abc", "-")


@pytest.mark.smoke
def test_tcplog(logged, origin, syslog, connect):
    proxy = logged([origin()], mode="tcp", frontend="option tcplog")
    raw = connect(proxy.port)
    body = raw.ask(get("/?s=300", "Connection: close"))
    raw.close()
    line = line_of(syslog, TCPLOG)
    assert (line["frontend"], line["backend"], line["server"]) == ("fe", "be", "s1")
    assert int(line["bytes"]) == len(body.head) + 300
    assert line["state"] in ("--", "CD")


def test_tcplog_of_a_refused_server(logged, ports, syslog):
    class Closed:
        address = f"127.0.0.1:{ports.closed()}"

    proxy = logged([Closed], mode="tcp", frontend="option tcplog", backend="retries 1")
    expect_refused(proxy.port)
    line = line_of(syslog, TCPLOG)
    assert (line["state"], line["Tc"], line["server"]) == ("SC", "-1", "s1")


def test_the_default_log_format(logged, origin, syslog, connect):
    proxy = logged([origin()])
    connect(proxy.port).ask(get("/"))
    syslog.wait_for(rf"^Connect from {ADDRESS} to 127\.0\.0\.1:{proxy.port} \(fe/HTTP\)$")


@pytest.mark.smoke
@pytest.mark.parametrize(
    "expression, pattern_text",
    [
        ("%ci %cp", r"127\.0\.0\.1 \d+"),
        ("%fi %f %ft", r"127\.0\.0\.1 fe fe"),
        ("%b %s %si", r"be s1 127\.0\.0\.1"),
        ("%ST %B %U", r"200 \d+ \d+"),
        ("%HM %HU %HP %HQ %HV", r"GET /p\?a=1 /p \?a=1 HTTP/1\.1"),
        ("%r", r"GET /p\?a=1 HTTP/1\.1"),
        ("%{+Q}r", r'"GET /p\?a=1 HTTP/1\.1"'),
        ("%{+Q}[var(txn.none)]", r'""|"-"|-'),
        ("%[var(txn.host),upper]", r"TEST\.EXAMPLE"),
        ("%{+X}Ts", r"[0-9A-F]{8}"),
        ("%t|%T|%Tl", rf"{DATE[2:-2]}.*"),
        ("%tsc", r"----"),
        ("%ts", r"--"),
        ("%TR/%Tw/%Tc/%Tr/%Ta/%Tt", r"\d+/\d+/\d+/\d+/\d+/\d+"),
        ("%ac/%fc/%bc/%sc/%rc %sq/%bq", COUNTS),
        ("%pid %H", r"\d+ \S+"),
        ("%%|%rt|%ms", r"%\|\d+\|\d+"),
        ("literal text %[int(7)]", r"literal text 7"),
        ('%[str("a b")]', r"a b"),
    ],
    ids=lambda value: str(value)[:24],
)
def test_log_format(logged, origin, syslog, connect, expression, pattern_text):
    escaped = expression.replace(" ", r"\ ").replace('"', r"\"")
    proxy = logged([origin()], frontend=f"""
        http-request set-var(txn.host) req.hdr(host)
        log-format start|{escaped}|end
    """)
    connect(proxy.port).ask(get("/p?a=1"))
    match = syslog.wait_for(r"^start\|(.*)\|end$")
    text = match.group(1)
    if expression.startswith("%t|"):
        assert re.match(r"\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d\.\d{3}\|", text)
    else:
        assert re.fullmatch(pattern_text, text), text


def test_log_format_in_quotes(logged, origin, syslog, connect):
    proxy = logged([origin()], frontend='log-format "%ci - [%trg] %HM %HP %ST"')
    connect(proxy.port).ask(get("/q"))
    syslog.wait_for(r"^127\.0\.0\.1 - \[\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d \+0000\] GET /q 200$")


def test_odd_bytes_are_escaped(logged, scripted, syslog, connect):
    proxy = logged([scripted()], defaults="option httplog", frontend="""
        capture request header X len 20
    """)
    connect(proxy.port).ask(get("/", "X: a\tb\"c}d|e"))
    assert '{a#09b#22c#7Dd#7Ce}' in syslog.wait_count(1)[0]


@pytest.mark.smoke
def test_syslog_header(logged, origin, syslog, connect):
    proxy = logged([origin()], top="global\n    log-tag mytag", defaults="option httplog")
    connect(proxy.port).ask(get("/"))
    syslog.wait_count(1)
    match = HEADER.fullmatch(syslog.lines[0].rstrip("\n"))
    assert match, syslog.lines[0]
    assert int(match.group(1)) == 16 * 8 + 6  # local0.info
    assert (match.group(4), int(match.group(5))) == ("mytag", proxy.pid)


def test_syslog_rfc5424(http, origin, syslog, connect):
    proxy = http([origin()], defaults=f"log {syslog.address} format rfc5424 local1\noption httplog")
    connect(proxy.port).ask(get("/"))
    syslog.wait_count(1)
    assert re.match(r"<142>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?[+-]\d\d:\d\d \S+ \S+ "
                    r"\d+ - - 127\.0\.0\.1:", syslog.lines[0])


@pytest.mark.parametrize("name", ["raw", "short", "priority", "timed", "iso", "local"])
def test_syslog_formats(http, origin, syslog, connect, name):
    proxy = http([origin()], defaults=f"log {syslog.address} format {name} local1\n"
                                      "log-format message")
    connect(proxy.port).ask(get("/"))
    syslog.wait_count(1)
    expected = {
        "raw": r"message",
        "short": r"<6>message",
        "priority": r"<142>message",
        "timed": r"<6>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}[+-]\d\d:\d\d message",
        "iso": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}[+-]\d\d:\d\d message",
        "local": r"<142>\w{3} [ \d]\d \d\d:\d\d:\d\d \S+\[\d+\]: message",
    }[name]
    assert re.fullmatch(expected, syslog.lines[0].rstrip("\n")), syslog.lines[0]


def test_log_levels_bound_what_is_sent(http, origin, syslog, connect):
    proxy = http([origin()], defaults=f"log {syslog.address} local0 err\noption httplog")
    raw = connect(proxy.port)
    raw.ask(get("/info"))
    time.sleep(0.2)
    assert not [line for line in syslog.messages() if "/info" in line]


def test_log_global_and_long_lines(weir, origin, ports, syslog, connect):
    port = ports.take()
    weir(f"""
        global
            log {syslog.address} len 300 local0
        {DEFAULTS}
            log global
            option httplog
        listen fe
            bind 127.0.0.1:{port}
            server s {origin().address}
    """)
    connect(port).ask(get("/" + "a" * 1000))
    assert len(max(syslog.wait_count(1), key=len)) <= 300


def test_log_to_stdout(http, origin, connect):
    proxy = http([origin()], defaults="log stdout format raw local0\nlog-format hello-%ST")
    connect(proxy.port).ask(get("/"))
    deadline = time.monotonic() + 3
    while "hello-200\n" not in proxy.stdout():
        assert time.monotonic() < deadline, proxy.stdout()
        time.sleep(0.02)


def test_log_to_a_ring(http, origin, connect):
    proxy = http([origin()], top="""
        ring events
            format raw
            maxlen 1200
            size 32764
    """, defaults="log ring@events local0\nlog-format hello-%ST")
    connect(proxy.port).ask(get("/?s=3"))
    deadline = time.monotonic() + 3
    while "hello-200" not in proxy.cli("show events events"):
        assert time.monotonic() < deadline, proxy.cli("show events events")
        time.sleep(0.02)


def test_log_over_a_unix_socket(http, origin, connect, folder):
    import socket

    path = str(folder / "log.sock")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(path)
        receiver.settimeout(5)
        proxy = http([origin()], defaults=f"log {path} local2\nlog-format over-unix-%ST")
        connect(proxy.port).ask(get("/"))
        assert b"over-unix-200" in receiver.recv(4096)


def test_server_state_changes_are_logged(http, origin, syslog):
    proxy = http([origin()], top=f"global\n    log {syslog.address} local0",
                 defaults="log global")
    proxy.cli("set server be/s1 state maint")
    syslog.wait_for(r"Server be/s1 is (UP/|DOWN )?.*maintenance")


def test_error_log_format(logged, origin, syslog, connect):
    proxy = logged([origin()], defaults="option httplog",
                   frontend="error-log-format \"failed %ci %ST\"\nhttp-request deny if { path /x }")
    assert connect(proxy.port).ask(get("/?s=3")).body == pattern(3)
    connect(proxy.port).send(build("GET /x HTTP/1.1", "Host: a")).response()
    messages = "\n".join(syslog.wait_count(2))
    assert '"GET /?s=3 HTTP/1.1"' in messages
