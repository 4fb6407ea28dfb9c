# SPDX-License-Identifier: Apache-2.0
"""What weir answers itself: refusals, failures of servers, error pages, http-request return."""

import pytest

from harness.http import build, get
from harness.proxy import DEFAULTS, is_haproxy
from harness.servers import pattern


class Closed:
    """A server address that refuses connections."""

    def __init__(self, ports):
        self.address = f"127.0.0.1:{ports.closed()}"


def is_own_answer(answer, status):
    """An answer made by the proxy: complete, not cacheable, HTML."""
    assert answer.status == status
    assert answer.get("Cache-Control") == "no-cache"
    assert answer.get("Content-Type") == "text/html"
    assert int(answer.get("Content-Length")) == len(answer.body)
    assert str(status) in answer.text


@pytest.mark.smoke
@pytest.mark.parametrize(
    "request_bytes",
    [
        b"GET\r\n\r\n",
        b"GET / HTTP/1.1\r\nBad Header: 1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost : a\r\n\r\n",
        pytest.param(
            b"GET / HTTP/1.1\r\nHost: a\r\nX: \x00\r\n\r\n", marks=pytest.mark.weir_only
        ),
        b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n",
        b"GET / HTTX/1.1\r\nHost: a\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"G@T / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /\x80 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n",
    ],
    ids=["no-target", "space-in-name", "space-before-colon", "nul", "length", "version", "tls",
         "method", "fragment", "high-byte-in-target", "h2-preface-cut"],
)
def test_400(http, origin, connect, request_bytes):
    proxy = http([origin()])
    raw = connect(proxy.port)
    if request_bytes.startswith(b"PRI") and is_haproxy():
        pytest.skip("HAProxy speaks HTTP/2 there")
    answer = raw.ask(request_bytes)
    is_own_answer(answer, 400)
    assert answer.get("Connection") == "close"
    raw.expect_close()


def test_400_counts(http, origin, connect):
    proxy = http([origin()])
    connect(proxy.port).ask(b"GET\r\n\r\n")
    row = proxy.stat("fe", "FRONTEND")
    assert (row["ereq"], row["hrsp_4xx"]) == ("1", "1")


@pytest.mark.smoke
def test_a_head_larger_than_the_buffer_is_400(http, origin, connect):
    proxy = http([origin()])
    answer = connect(proxy.port).ask(get("/", "X-Big: " + "a" * 20000))
    assert answer.status in ((400,) if is_haproxy() else (400, 431))


def test_a_target_larger_than_the_buffer_is_400(http, origin, connect):
    proxy = http([origin()])
    answer = connect(proxy.port).ask(get("/" + "a" * 20000))
    assert answer.status in ((400,) if is_haproxy() else (400, 414))


def test_too_many_fields_is_400(http, origin, connect):
    """tune.http.maxhdr is 101."""
    proxy = http([origin()])
    raw = connect(proxy.port)
    assert raw.ask(get("/?s=3", *(f"X-{n}: 1" for n in range(90)))).status == 200
    answer = connect(proxy.port).ask(get("/", *(f"X-{n}: 1" for n in range(200))))
    assert answer.status in ((400,) if is_haproxy() else (400, 431))


@pytest.mark.smoke
def test_403_deny(http, origin, connect):
    proxy = http([origin()], frontend="""
        http-request deny if { path_beg /private }
        http-request deny deny_status 429 if { path /busy }
        http-request deny status 451 hdr X-Why %[path] content-type text/plain string no if { path /law }
    """)
    raw = connect(proxy.port)
    is_own_answer(raw.ask(get("/private/x")), 403)
    assert raw.ask(get("/?s=3")).body == pattern(3)
    is_own_answer(raw.ask(get("/busy")), 429)
    answer = raw.ask(get("/law"))
    assert (answer.status, answer.get("X-Why"), answer.text) == (451, "/law", "no")


def test_deny_of_a_response(http, origin, connect):
    proxy = http([origin()], backend="""
        http-response deny if { status 201 }
        http-response deny deny_status 503 if { status 202 }
    """)
    raw = connect(proxy.port)
    is_own_answer(raw.ask(get("/?r=201")), 502)
    is_own_answer(connect(proxy.port).ask(get("/?r=202")), 503)


def test_401_auth(http, origin, connect, curl):
    proxy = http([origin()], top="""
        userlist people
            user ann insecure-password secret groups admins
            user bob password $5$saltstring$ul9E.x4mvB3TM5rW5GajsBOUMVAkoVLEpBEUyWKoyj2
            group admins
    """, frontend="""
        acl known http_auth(people)
        acl is_admin http_auth_group(people) admins
        http-request auth realm Inner\\ place unless known
        http-request deny if { path /admin } !is_admin
    """)
    answer = connect(proxy.port).ask(get("/"))
    assert answer.status == 401
    assert answer.get("WWW-Authenticate") == 'Basic realm="Inner place"'
    assert curl(proxy.url, "-u", "ann:secret").status == 200
    assert curl(proxy.url, "-u", "ann:wrong").status == 401
    assert curl(f"{proxy.url}/admin", "-u", "ann:secret").status == 200


@pytest.mark.smoke
def test_503_without_a_server(weir, ports, connect):
    port = ports.take()
    weir(f"{DEFAULTS}\nlisten fe\n    bind 127.0.0.1:{port}\n")
    raw = connect(port)
    is_own_answer(raw.ask(get("/")), 503)


@pytest.mark.smoke
def test_503_when_the_server_refuses(http, ports, connect):
    proxy = http([Closed(ports)], backend="retries 0")
    is_own_answer(connect(proxy.port).ask(get("/")), 503)


def test_503_without_a_backend(weir, ports, connect):
    port = ports.take()
    weir(f"{DEFAULTS}\nfrontend fe\n    bind 127.0.0.1:{port}\n")
    is_own_answer(connect(port).ask(get("/")), 503)


def test_503_with_a_body_that_is_never_read(http, ports, connect):
    proxy = http([Closed(ports)], backend="retries 0")
    raw = connect(proxy.port)
    raw.send(build("POST / HTTP/1.1", "Host: a", "Content-Length: 10000000") + b"x" * 10000)
    assert raw.response().status == 503


@pytest.mark.smoke
@pytest.mark.parametrize(
    "kind",
    [
        *("status", "name", "colon", "cl", "sign", "cr", "drop=fin", "drop=rst", "long"),
        pytest.param("nul", marks=pytest.mark.weir_only),
    ],
)
def test_502(http, origin, connect, kind):
    proxy = http([origin()])
    order = kind if "=" in kind else f"bad={kind}"
    is_own_answer(connect(proxy.port).ask(get(f"/?{order}")), 502)
    assert connect(proxy.port).ask(get("/?s=3")).body == pattern(3)


@pytest.mark.weir_only  # HAProxy 2.6 leaves the connection open until a timeout
def test_502_is_not_sent_behind_a_good_head(http, origin, connect):
    """A bad chunk size inside the body: the client sees a body that ends short."""
    proxy = http([origin()])
    raw = connect(proxy.port).send(get("/?bad=chunk"))
    raw.reader.head()
    rest = raw.read_until_close()
    assert b"hello" in rest
    assert b"HTTP/1.1" not in rest
    assert not rest.endswith(b"0\r\n\r\n")


def test_502_of_a_response_with_both_framings(http, origin, connect):
    """HAProxy drops the length; refusing is right as well. Both is not."""
    proxy = http([origin()])
    answer = connect(proxy.port).ask(get("/?bad=clte"))
    assert (answer.status, answer.text) == (200, "hello") or answer.status == 502


@pytest.mark.smoke
def test_errorfile(http, origin, ports, connect, write):
    page = write("503.http", "HTTP/1.1 503 Down\r\nContent-Type: text/plain\r\nX-Page: mine\r\n"
                             "\r\ncome back later\n")
    proxy = http([Closed(ports)], backend=f"retries 0\nerrorfile 503 {page}")
    answer = connect(proxy.port).ask(get("/"))
    assert (answer.status, answer.reason, answer.get("X-Page")) == (503, "Down", "mine")
    assert answer.text == "come back later\n"


def test_errorfile_of_the_frontend_and_defaults(http, ports, connect, write):
    page = write("503.http", "HTTP/1.0 503 Mine\r\nContent-Type: text/plain\r\n\r\ndown\n")
    silent = write("403.http", "HTTP/1.0 403 Silent\r\n\r\n")
    proxy = http([Closed(ports)], defaults=f"errorfile 503 {page}\nretries 0",
                 frontend=f"errorfile 403 {silent}\nhttp-request deny if {{ path /deny }}")
    assert connect(proxy.port).ask(get("/")).text == "down\n"
    answer = connect(proxy.port).ask(get("/deny"))
    assert (answer.status, answer.body) == (403, b"")


@pytest.mark.weir_only  # HAProxy answers a malformed request with its built-in page
def test_errorfile_400(http, origin, connect, write):
    page = write("400.http", "HTTP/1.0 400 Mine\r\nContent-Type: text/plain\r\n\r\nbad\n")
    proxy = http([origin()], frontend=f"errorfile 400 {page}")
    assert connect(proxy.port).ask(b"GET\r\n\r\n").text == "bad\n"


def test_an_errorfile_may_be_empty(http, origin, connect):
    """errorfile 408 /dev/null closes without a word."""
    proxy = http([origin()], frontend="timeout http-request 200ms\nerrorfile 408 /dev/null")
    raw = connect(proxy.port).send(b"GET / HT")
    raw.expect_close()


@pytest.mark.smoke
def test_http_errors_section(http, origin, connect, write):
    page = write("403.http", "HTTP/1.1 403 No\r\nContent-Type: text/plain\r\n\r\nsite one\n")
    other = write("404.http", "HTTP/1.1 404 No\r\nContent-Type: text/plain\r\n\r\nno such page\n")
    proxy = http([origin()], top=f"""
        http-errors one
            errorfile 403 {page}
            errorfile 404 {other}
    """, frontend="""
        errorfiles one 403
        http-request deny if { path /deny }
        http-request deny errorfiles one status 404 if { path /missing }
        http-request return status 404 errorfiles one if { path /gone }
        http-request deny default-errorfiles status 403 if { path /plain }
    """)
    pages = {path: connect(proxy.port).ask(get(path)).text
             for path in ("/deny", "/missing", "/gone", "/plain")}
    assert pages == {"/deny": "site one\n", "/missing": "no such page\n",
                     "/gone": "no such page\n", "/plain": "site one\n"}


def test_http_error_directive(http, origin, connect):
    proxy = http([origin()], frontend="""
        http-error status 403 content-type text/plain lf-string "%[src] may not %HM" hdr X-E %[path]
        http-request deny if { path /deny }
    """)
    answer = connect(proxy.port).ask(get("/deny"))
    assert (answer.status, answer.text, answer.get("X-E")) == (403, "127.0.0.1 may not GET", "/deny")


@pytest.mark.smoke
def test_http_request_return(http, origin, connect, write):
    page = write("page.txt", "a page\n")
    formatted = write("page.lf", "hello %[req.hdr(X-Name)]\n")
    proxy = http([origin()], frontend=f"""
        http-request return status 200 content-type text/plain string "just text" if {{ path /s }}
        http-request return content-type text/plain lf-string "%[path,upper]" if {{ path /lf }}
        http-request return content-type text/plain file {page} if {{ path /file }}
        http-request return content-type text/plain lf-file {formatted} if {{ path /lf-file }}
        http-request return status 204 hdr X-A "%[src]" hdr X-B b if {{ path /empty }}
        http-request return if {{ path /nothing }}
    """)
    raw = connect(proxy.port)
    answer = raw.ask(get("/s"))
    assert (answer.status, answer.text, answer.get("Content-Type")) == (200, "just text", "text/plain")
    assert raw.ask(get("/lf")).text == "/LF"
    assert raw.ask(get("/file")).text == "a page\n"
    assert raw.ask(get("/lf-file", "X-Name: ann")).text == "hello ann\n"
    answer = raw.ask(get("/empty"))
    assert (answer.status, answer.get("X-A"), answer.get("X-B")) == (204, "127.0.0.1", "b")
    answer = raw.ask(get("/nothing"))
    assert (answer.status, answer.body) == (200, b"")
    assert raw.ask(get("/?s=3")).body == pattern(3)


def test_return_to_a_head_request_has_no_body(http, origin, connect):
    proxy = http([origin()], frontend="http-request return content-type text/plain string abc "
                                      "if { path /s }")
    raw = connect(proxy.port)
    answer = raw.ask(get("/s", method="HEAD"), "HEAD")
    assert answer.get("Content-Length") == "3"
    assert raw.ask(get("/?s=3")).body == pattern(3)


def test_return_of_a_response_rule(http, origin, connect):
    proxy = http([origin()], backend="""
        http-response return status 200 content-type text/plain string sorry if { status ge 500 }
    """)
    raw = connect(proxy.port)
    answer = raw.ask(get("/?r=500"))
    assert (answer.status, answer.text) == (200, "sorry")


def test_return_discards_a_request_body(http, origin, connect):
    proxy = http([origin()], frontend="http-request return status 200 if { path /s }")
    raw = connect(proxy.port)
    assert raw.ask(build("POST /s HTTP/1.1", "Host: a", body=b"x" * 50000)).status == 200


def test_monitor_uri(http, origin, connect):
    proxy = http([origin()], frontend="""
        monitor-uri /alive
        monitor fail if { nbsrv(be) lt 1 }
    """)
    answer = connect(proxy.port).ask(get("/alive"))
    assert answer.status == 200
    proxy.cli("disable server be/s1")
    assert connect(proxy.port).ask(get("/alive")).status == 503


def test_unknown_transfer_coding_is_refused(http, origin, connect):
    proxy = http([origin()])
    answer = connect(proxy.port).ask(
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n"
    )
    assert answer.status in (400, 422, 501)


def test_reject_closes_without_an_answer(http, origin, connect):
    proxy = http([origin()], frontend="http-request reject if { path /x }")
    connect(proxy.port).send(get("/x")).expect_close()


def test_silent_drop_tells_the_client_nothing(http, origin, connect):
    proxy = http([origin()], frontend="http-request silent-drop if { path /x }")
    raw = connect(proxy.port).send(get("/x"))
    raw.expect_silence(0.3)
    assert connect(proxy.port).ask(get("/?s=3")).status == 200
