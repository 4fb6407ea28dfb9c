# SPDX-License-Identifier: Apache-2.0
"""ACLs, samples and converters, actions, maps, variables, captures, cookies, redirects."""

import re
import time

import pytest

from harness.client import expect_refused
from harness.http import build, get
from harness.proxy import DEFAULTS, is_haproxy
from harness.servers import pattern


@pytest.fixture
def evaluate(http, scripted, connect):
    """`evaluate({name: expression}, request)` gives the values of sample expressions."""

    def run(expressions, request=None, frontend=""):
        rules = "\n".join(
            f'http-request return content-type text/plain lf-string "{expression}" '
            f"if {{ req.hdr(X-Case) -m str {name} }}"
            for name, expression in expressions.items()
        )
        proxy = http([scripted()], frontend=frontend + "\n" + rules, name=f"weir-{time.monotonic_ns()}")
        values = {}
        for name in expressions:
            lines = (request or get("/")).split(b"\r\n\r\n", 1)
            data = lines[0] + f"\r\nX-Case: {name}\r\n\r\n".encode() + lines[1]
            values[name] = connect(proxy.port).ask(data).text
        return values

    return run


# --- ACLs and switching


@pytest.mark.smoke
def test_use_backend(weir, origin, ports, connect):
    port = ports.take()
    weir(f"""{DEFAULTS}
        frontend fe
            bind 127.0.0.1:{port}
            acl is_static path_beg /static /img
            acl is_static path_end .css
            acl is_api hdr(host) -i api.example
            acl is_post method POST
            use_backend static if is_static !is_post
            use_backend api if is_api || {{ path -m reg ^/v[0-9]+/ }}
            use_backend %[req.hdr(X-Backend)] if {{ req.hdr(X-Backend) -m found }}
            default_backend other
        backend static
            server s {origin("static").address}
        backend api
            server s {origin("api").address}
        backend other
            server s {origin("other").address}
    """)
    raw = connect(port)

    def chosen(request):
        return raw.ask(request).get("X-Origin")

    assert chosen(get("/static/a")) == "static"
    assert chosen(get("/a.css")) == "static"
    assert chosen(build("POST /img/x HTTP/1.1", "Host: a", body=b"x")) == "other"
    assert chosen(get("/", host="API.example")) == "api"
    assert chosen(get("/v12/x")) == "api"
    assert chosen(get("/v/x")) == "other"
    assert chosen(get("/", "X-Backend: static")) == "static"


@pytest.mark.parametrize(
    "condition, request_line, fields, expected",
    [
        ("{ path /a }", "GET /a", [], True),
        ("{ path /a }", "GET /a?b", [], True),
        ("{ path /a }", "GET /A", [], False),
        ("{ path -i /a }", "GET /A", [], True),
        ("!{ path /a }", "GET /a", [], False),
        ("{ path_sub bcd }", "GET /abcde", [], True),
        ("{ path_dir bcd }", "GET /abcde", [], False),
        ("{ path_dir bcd }", "GET /a/bcd/e", [], True),
        ("{ path_reg ^/[a-c]+$ }", "GET /abc", [], True),
        ("{ path_len gt 4 }", "GET /abc", [], False),
        ("{ path_len 4 }", "GET /abc", [], True),
        ("{ hdr_dom(host) example.com }", "GET /", ["X: 1"], False),
        ("{ hdr(x) -m str a b c }", "GET /", ["X: b"], True),
        ("{ hdr(x) b }", "GET /", ["X: a, b, c"], True),
        ("{ req.fhdr(x) b }", "GET /", ["X: a, b, c"], False),
        ("{ hdr_cnt(x) 3 }", "GET /", ["X: a, b", "X: c"], True),
        ("{ hdr_val(x) ge 10 }", "GET /", ["X: 12"], True),
        ("{ hdr_val(x) 10:20 }", "GET /", ["X: 21"], False),
        ("{ hdr_ip(x) 10.0.0.0/8 }", "GET /", ["X: 10.1.2.3"], True),
        ("{ hdr_ip(x) 10.0.0.0/8 192.168.0.1 }", "GET /", ["X: 192.168.0.2"], False),
        ("{ hdr_ip(x) 2001:db8::/32 }", "GET /", ["X: 2001:db8:1::2"], True),
        ("{ src 127.0.0.0/8 }", "GET /", [], True),
        ("{ url_param(a) -m found }", "GET /?b=1&a=2", [], True),
        ("{ url_param(a) 2 }", "GET /?b=1&a=2", [], True),
        ("{ urlp_val(a) gt 1 }", "GET /?a=2", [], True),
        ("{ cook(sid) abc }", "GET /", ["Cookie: x=1; sid=abc"], True),
        ("{ method GET HEAD }", "GET /", [], True),
        ("{ req.ver 1.1 }", "GET /", [], True),
        ("{ hdr(x) -m beg ab } { hdr(x) -m end yz }", "GET /", ["X: abyz"], True),
        ("{ path /a } or { path /b }", "GET /b", [], True),
        ("METH_GET", "GET /", [], True),
        ("HTTP_1.1 !METH_POST", "GET /", [], True),
        ("{ always_false }", "GET /", [], False),
        ("TRUE !FALSE", "GET /", [], True),
        ("{ path,lower,word(2,/) b }", "GET /A/B/C", [], True),
        ("{ str(x),strcmp(txn.v) eq 0 }", "GET /", [], False),
        ("{ int(5),mul(3),sub(5),div(2) 5 }", "GET /", [], True),
        ("{ base -m sub a.example/x }", "GET /x", ["Host: a.example"], True),
    ],
)
def test_condition(http, scripted, connect, condition, request_line, fields, expected):
    proxy = http([scripted()], frontend=f"http-request return status 202 if {condition}")
    hosts = [] if any(each.startswith("Host") for each in fields) else ["Host: test.example"]
    answer = connect(proxy.port).ask(build(f"{request_line} HTTP/1.1", *hosts, *fields))
    assert answer.status == (202 if expected else 200)


def test_unless_and_order(http, scripted, connect):
    proxy = http([scripted()], frontend="""
        acl ok path /ok
        http-request return status 202 if ok
        http-request return status 203 unless ok
    """)
    raw = connect(proxy.port)
    assert (raw.ask(get("/ok")).status, raw.ask(get("/no")).status) == (202, 203)


def test_acl_from_a_file(http, scripted, connect, write):
    path = write("names.lst", "# comment\n/one\n\n/two\n")
    proxy = http([scripted()], frontend=f"http-request return status 202 if {{ path -f {path} }}")
    raw = connect(proxy.port)
    assert [raw.ask(get(each)).status for each in ("/one", "/two", "/three")] == [202, 202, 200]
    acls = proxy.cli("show acl")
    assert path in acls


# --- samples and converters


@pytest.mark.smoke
def test_fetches(evaluate):
    request = build("GET /dir/file.txt?a=1&b=two HTTP/1.1", "Host: www.Example.com:8080",
                    "X-List: one, two ,three", "X-List: four", "Cookie: k=v; other=o")
    values = evaluate({
        "method": "%[method]",
        "path": "%[path]",
        "pathq": "%[pathq]",
        "query": "%[query]",
        "url": "%[url]",
        "base": "%[base]",
        "first": "%[req.hdr(x-list,1)]",
        "last": "%[req.hdr(x-list)]",
        "third": "%[req.hdr(x-list,3)]",
        "back": "%[req.hdr(x-list,-2)]",
        "full": "%[req.fhdr(x-list,1)]",
        "count": "%[req.hdr_cnt(x-list)]",
        "fcount": "%[req.fhdr_cnt(x-list)]",
        "cookie": "%[req.cook(k)]",
        "param": "%[url_param(b)]",
        "src": "%[src]",
        "ver": "%[req.ver]",
        "fe": "%[fe_name]",
        "none": "%[req.hdr(nothing)]",
        "host": "%[req.hdr(host),host_only,lower]",
        "port": "%[req.hdr(host),port_only]",
        "bool": "%[always_true]",
        "int": "%[int(42)]",
        "str": "%[str(text)]",
    }, request)
    assert values == {
        "method": "GET", "path": "/dir/file.txt", "pathq": "/dir/file.txt?a=1&b=two",
        "query": "a=1&b=two", "url": "/dir/file.txt?a=1&b=two",
        "base": "www.Example.com:8080/dir/file.txt",
        "first": "one", "last": "four", "third": "three", "back": "three",
        "full": "one, two ,three", "count": "4", "fcount": "2", "cookie": "v", "param": "two",
        "src": "127.0.0.1", "ver": "1.1", "fe": "fe", "none": "", "host": "www.example.com",
        "port": "8080", "bool": "1", "int": "42", "str": "text",
    }


@pytest.mark.smoke
@pytest.mark.parametrize(
    "expression, expected",
    [
        ("str(Hello),lower", "hello"),
        ("str(Hello),upper", "HELLO"),
        ("str(Hello),length", "5"),
        ("str(Hello),bytes(1,3)", "ell"),
        ("str(a-b-c),field(2,-)", "b"),
        ("str(a-b-c),field(-1,-)", "c"),
        ("str(a--c),word(2,-)", "c"),
        ("str(a b),url_enc", "a%20b"),
        ("str(a%20b+c),url_dec", "a b+c"),
        ("str(hello),base64", "aGVsbG8="),
        ("str(aGVsbG8=),b64dec", "hello"),
        ("str(abc),hex", "616263"),
        ("str(abc),sha1,hex,lower", "a9993e364706816aba3e25717850c26c9cd0d89d"),
        ("str(abc),sha2(256),hex,lower",
         "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        ("str(abc),crc32", "891568578"),
        ("str(abc),crc32c", "910901175"),
        ("str(abc),djb2", "193485963"),
        ("str(abc),sdbm", "807794786"),
        ("str(abc),wt6", "2483038440"),
        ("str(abc),xxh32", "852579327"),
        ("str(abc),xxh64", "4952883123889572249"),
        ("str(a1b22c333),regsub([0-9]+,N)", "aNb22c333"),
        ("str(a1b22c333),regsub([0-9]+,N,g)", "aNbNcN"),
        ("int(10),add(5)", "15"),
        ("int(10),sub(15)", "-5"),
        ("int(7),mod(4)", "3"),
        ("int(6),and(3)", "2"),
        ("int(6),or(1)", "7"),
        ("int(6),xor(2)", "4"),
        ("int(6),cpl", "-7"),
        ("int(5),neg", "-5"),
        ("int(5),odd", "1"),
        ("int(5),bool", "1"),
        ("int(0),not", "1"),
        ("bool(true),iif(yes,no)", "yes"),
        ("int(0),iif(yes,no)", "no"),
        ("ipv4(10.1.2.3),ipmask(16)", "10.1.0.0"),
        ("ipv6(2001:db8::1),ipmask(32,32)", "2001:db8::"),
        ("int(1),http_date", "Thu, 01 Jan 1970 00:00:01 GMT"),
        ("int(86400),ltime(%Y-%m-%d)", "1970-01-02"),
        ("int(86400),utime(%Y-%m-%d)", "1970-01-02"),
        ("str(x),concat(y,,z)", "xyz"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_converter(evaluate, expression, expected):
    assert evaluate({"x": f"%[{expression}]"}) == {"x": expected}


@pytest.mark.parametrize("kind", ["req.body", "req.body_len", "req.body_size"])
def test_body_fetches_wait_for_the_body(http, scripted, connect, kind):
    proxy = http([scripted()], frontend=f"""
        option http-buffer-request
        http-request return content-type text/plain lf-string "%[{kind}]"
    """)
    raw = connect(proxy.port)
    raw.send(build("POST / HTTP/1.1", "Host: a", "Content-Length: 10") + b"01234")
    raw.expect_silence(0.1)
    raw.send(b"56789")
    assert raw.response().text == ("0123456789" if kind == "req.body" else "10")


# --- rewriting


@pytest.mark.smoke
def test_header_actions(http, scripted, connect):
    def answer(peer):
        while (request := peer.request()) is not None:
            server.requests.append(request)
            peer.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nServer: secret\r\nX-Up: a\r\n"
                      "X-Up: b\r\nX-Num: 7\r\n\r\n")

    server = scripted(answer)
    proxy = http([server], frontend="""
        http-request set-header X-Set "%[src] and %[path]"
        http-request add-header X-Add one
        http-request add-header X-Add two
        http-request del-header X-Del
        http-request del-header X-P -m beg
        http-request replace-header X-Rep ^(.*)-(.*)$ \\2+\\1
        http-request replace-value X-Val a(.) <\\1>
        http-request set-header X-Cond yes if { path /c }
        http-response set-header X-Status %[status]
        http-response del-header Server
        http-response replace-value X-Up ^ up-
        http-response set-header X-Num %[res.hdr(x-num),add(1)]
        http-response add-header X-Path %[capture.req.uri]
    """)
    raw = connect(proxy.port)
    answer = raw.ask(get("/p?q", "X-Set: old", "X-Del: 1", "x-del: 2", "X-Prefix: 1", "X-Pre: 2",
                         "X-Rep: left-right", "X-Val: ab, ac, bd"))
    arrived = server.requests[0]
    assert arrived.all("x-set") == ["127.0.0.1 and /p"]
    assert arrived.all("x-add") == ["one", "two"]
    assert not arrived.all("x-del") + arrived.all("x-prefix") + arrived.all("x-pre")
    assert arrived.get("x-rep") == "right+left"
    assert [each.strip() for each in arrived.get("x-val").split(",")] == ["<b>", "<c>", "bd"]
    assert "x-cond" not in arrived
    assert (answer.get("X-Status"), answer.get("X-Num")) == ("200", "8")
    assert "Server" not in answer
    assert answer.all("x-up") == ["up-", "up-"]  # a match replaces the whole value
    assert answer.get("X-Path") == "/p?q"


@pytest.mark.smoke
@pytest.mark.parametrize(
    "rule, target, expected",
    [
        ("set-path /new", "/old?q=1", "/new?q=1"),
        ("set-path /pre%[path]", "/old?q=1", "/pre/old?q=1"),
        ("set-pathq /n?z=1", "/old?q=1", "/n?z=1"),
        ("set-query a=%[query,length]", "/old?q=1", "/old?a=3"),
        ("set-uri http://h%[path]", "/old?q=1", "http://h/old"),
        ("set-method PUT", "/old", "/old"),
        (r"replace-path ^/a/(.*) /b/\1", "/a/x?q=1", "/b/x?q=1"),
        (r"replace-path /x /y", "/a/x/x?x=1", "/y?x=1"),  # a match replaces the whole path
        (r"replace-pathq ^/([^?]*)\?(.*) /\2?\1", "/a?b", "/b?a"),
        (r"replace-uri ^/(.*) /w/\1", "/a?b=1", "/w/a?b=1"),
        ("normalize-uri path-merge-slashes", "/a//b///c?d", "/a/b/c?d"),
        ("normalize-uri path-strip-dotdot", "/a/../b?c", "/b?c"),
        ("normalize-uri percent-to-uppercase", "/a%2fb?%aa", "/a%2Fb?%AA"),
        ("normalize-uri percent-decode-unreserved", "/%61%2f", "/a%2f"),
        ("normalize-uri query-sort-by-name", "/?c=1&a=2&b=3", "/?a=2&b=3&c=1"),
    ],
)
def test_target_actions(http, scripted, connect, rule, target, expected):
    server = scripted()
    proxy = http([server], top="global\n    expose-experimental-directives",
                 frontend=f"http-request {rule}")
    connect(proxy.port).ask(get(target))
    assert server.requests[0].target == expected
    assert server.requests[0].method == ("PUT" if "PUT" in rule else "GET")


def test_set_status_and_after_response(http, origin, connect):
    proxy = http([origin()], frontend="""
        http-request deny if { path /deny }
        http-after-response set-header X-After "%[status]"
        http-response set-status 202 reason "All right" if { status 200 }
    """)
    raw = connect(proxy.port)
    answer = raw.ask(get("/"))
    assert (answer.status, answer.reason, answer.get("X-After")) == (202, "All right", "202")
    assert raw.ask(get("/deny")).get("X-After") == "403"


def test_allow_ends_the_rules(http, scripted, connect):
    proxy = http([scripted()], frontend="""
        http-request allow if { path /fine }
        http-request deny
    """, backend="http-request return status 202 if { path /fine }")
    raw = connect(proxy.port)
    assert (raw.ask(get("/fine")).status, raw.ask(get("/other")).status) == (202, 403)


def test_src_and_dst_can_be_set(http, scripted, connect):
    proxy = http([scripted()], frontend="""
        http-request set-src req.hdr(x-real-ip)
        http-request set-src-port int(4000)
        http-request return content-type text/plain lf-string "%[src]:%[src_port] %ci"
    """)
    answer = connect(proxy.port).ask(get("/", "X-Real-IP: 192.0.2.7"))
    assert answer.text == "192.0.2.7:4000 192.0.2.7"


# --- maps and variables


@pytest.mark.smoke
def test_maps(evaluate, write):
    exact = write("exact.map", "# comment\n\nwww.a.example  one\nb.example two words \n")
    begins = write("beg.map", "/a first\n/ab second\n")
    domains = write("dom.map", "example.com com\nexample.org org\n")
    networks = write("ip.map", "10.0.0.0/8 ten\n127.0.0.1 local\n")
    regexes = write("reg.map", "^/user/([0-9]+)$ user-\\1\n^/.*$ all\n")
    numbers = write("int.map", "1 one\n2 two\n")
    request = get("/abc", host="b.example")
    values = evaluate({
        "str": f"%[req.hdr(host),map({exact})]",
        "str2": f"%[str(www.a.example),map_str({exact})]",
        "default": f"%[str(none),map({exact},fallback)]",
        "none": f"%[str(none),map({exact})]",
        "beg": f"%[path,map_beg({begins})]",
        "sub": f"%[str(x/aby),map_sub({begins})]",
        "end": f"%[str(dir/a),map_end({begins})]",
        "dom": f"%[str(www.example.com),map_dom({domains})]",
        "ip": f"%[str(10.2.3.4),map_ip({networks})]",
        "ip2": f"%[src,map_ip({networks})]",
        "regm": f"%[str(/user/7),map_regm({regexes})]",
        "reg": f"%[str(/x),map_reg({regexes})]",
        "int": f"%[int(2),map_int({numbers})]",
    }, request)
    beg = values.pop("beg")
    assert beg in ("first", "second")
    sub = values.pop("sub")
    assert sub in ("first", "second")
    assert values == {
        "str": "two words", "str2": "one", "default": "fallback", "none": "", "end": "first",
        "dom": "com", "ip": "ten", "ip2": "local", "regm": "user-7", "reg": "all", "int": "two",
    }


def test_map_actions(http, scripted, connect, write):
    path = write("live.map", "k1 v1\n")
    proxy = http([scripted()], frontend=f"""
        http-request set-map({path}) %[req.hdr(x-key)] %[req.hdr(x-value)] if {{ path /set }}
        http-request del-map({path}) %[req.hdr(x-key)] if {{ path /del }}
        http-request return content-type text/plain lf-string "%[req.hdr(x-key),map({path},none)]"
    """)
    raw = connect(proxy.port)
    assert raw.ask(get("/", "X-Key: k1")).text == "v1"
    assert raw.ask(get("/set", "X-Key: k2", "X-Value: v2")).text == "v2"
    assert raw.ask(get("/del", "X-Key: k1")).text == "none"


@pytest.mark.smoke
def test_variables_in_their_scopes(http, scripted, connect):
    proxy = http([scripted()], top="""
        global
            set-var proc.start str(begun)
    """, frontend="""
        http-request set-var(sess.count) var(sess.count),add(1) if { var(sess.count) -m found }
        http-request set-var(sess.count) int(1) unless { var(sess.count) -m found }
        http-request set-var(txn.path) path
        http-request set-var(req.gone) str(yes)
        http-request set-var-fmt(txn.both) "%[path]-%[var(sess.count)]"
        http-request unset-var(txn.path) if { path /unset }
        http-response set-header X-Sess %[var(sess.count)]
        http-response set-header X-Txn %[var(txn.path)]
        http-response set-header X-Req %[var(req.gone)]
        http-response set-header X-Both %[var(txn.both)]
        http-response set-header X-Proc %[var(proc.start)]
        http-response set-var(res.x) str(r)
        http-response set-header X-Res %[var(res.x)]
        http-response set-header X-Default %[var(txn.nothing,fallback)]
    """)
    raw = connect(proxy.port)
    first, second = raw.ask(get("/a")), raw.ask(get("/unset"))
    assert (first.get("X-Sess"), second.get("X-Sess")) == ("1", "2")
    assert first.get("X-Txn") == "/a"
    assert second.get("X-Txn", "") == ""
    assert first.get("X-Req", "") == ""
    assert second.get("X-Both") == "/unset-2"
    assert first.get("X-Proc") == "begun"
    assert (first.get("X-Res"), first.get("X-Default")) == ("r", "fallback")
    assert connect(proxy.port).ask(get("/a")).get("X-Sess") == "1"


def test_captures_in_rules(http, scripted, connect):
    proxy = http([scripted()], frontend="""
        declare capture request len 20
        capture request header Host len 8
        http-request capture path id 0
        http-response set-header X-Slot0 %[capture.req.hdr(0)]
        http-response set-header X-Slot1 %[capture.req.hdr(1)]
        http-response set-header X-Method %[capture.req.method]
        http-response set-header X-Uri %[capture.req.uri]
        http-response set-header X-Ver %[capture.req.ver]
    """)
    answer = connect(proxy.port).ask(get("/a/b", host="a-long-host.example"))
    assert answer.get("X-Slot0") == "/a/b"
    assert answer.get("X-Slot1") == "a-long-h"
    assert (answer.get("X-Method"), answer.get("X-Uri"), answer.get("X-Ver")) == (
        "GET", "/a/b", "HTTP/1.1")


def test_unique_id(http, scripted, connect):
    server = scripted()
    proxy = http([server], frontend="""
        unique-id-format %{+X}o\\ %ci:%cp_%fi:%fp_%Ts_%rt:%pid
        unique-id-header X-Unique-ID
        http-response set-header X-Same %[unique-id]
    """)
    raw = connect(proxy.port)
    answers = [raw.ask(get("/")), raw.ask(get("/"))]
    ids = [request.get("x-unique-id") for request in server.requests]
    assert re.fullmatch(r"7F000001:[0-9A-F]{4}_7F000001:[0-9A-F]{4}_[0-9A-F]{8}_[0-9A-F]{4}:[0-9A-F]{4,}",
                        ids[0])
    assert ids[0] != ids[1]
    assert [answer.get("X-Same") for answer in answers] == ids


# --- forwarded addresses


@pytest.mark.smoke
def test_forwardfor(http, scripted, connect):
    server = scripted()
    proxy = http([server], defaults="option forwardfor except 192.0.2.0/24 header X-Client",
                 backend="option forwardfor")
    connect(proxy.port).ask(get("/", "X-Forwarded-For: 1.2.3.4"))
    arrived = server.requests[0]
    assert "127.0.0.1" in arrived.all("x-forwarded-for") + arrived.all("x-client")


@pytest.mark.parametrize(
    "option, fields, expected",
    [
        ("forwardfor", [], ["127.0.0.1"]),
        ("forwardfor", ["X-Forwarded-For: 1.2.3.4"], ["1.2.3.4", "127.0.0.1"]),
        ("forwardfor if-none", ["X-Forwarded-For: 1.2.3.4"], ["1.2.3.4"]),
        ("forwardfor if-none", [], ["127.0.0.1"]),
        ("forwardfor except 127.0.0.0/8", [], []),
    ],
)
def test_forwardfor_variants(http, scripted, connect, option, fields, expected):
    server = scripted()
    proxy = http([server], frontend=f"option {option}")
    connect(proxy.port).ask(get("/", *fields))
    values = ",".join(server.requests[0].all("x-forwarded-for"))
    assert [each.strip() for each in values.split(",") if each.strip()] == expected


def test_originalto(http, scripted, connect):
    server = scripted()
    proxy = http([server], frontend="option originalto")
    connect(proxy.port).ask(get("/"))
    assert server.requests[0].get("x-original-to") == "127.0.0.1"


# --- redirects


@pytest.mark.smoke
@pytest.mark.parametrize(
    "rule, status, location",
    [
        ("redirect location /there", 302, "/there"),
        ("redirect location /there code 301", 301, "/there"),
        ("redirect prefix https://b.example", 302, "https://b.example/p?q=1"),
        ("redirect prefix https://b.example drop-query code 303", 303, "https://b.example/p"),
        ("redirect prefix /x drop-query append-slash code 307", 307, "/x/p/"),
        ("redirect scheme https", 302, "https://a.example/p?q=1"),
        ("redirect scheme https code 308", 308, "https://a.example/p?q=1"),
        ("http-request redirect location https://%[hdr(host)]%[path] code 301", 301,
         "https://a.example/p"),
    ],
)
def test_redirect(http, scripted, connect, rule, status, location):
    proxy = http([scripted()], frontend=rule)
    raw = connect(proxy.port)
    answer = raw.ask(get("/p?q=1", host="a.example"))
    assert (answer.status, answer.get("Location"), answer.body) == (status, location, b"")


def test_redirect_with_a_cookie(http, scripted, connect):
    proxy = http([scripted()], frontend="""
        redirect location /in set-cookie SEEN=1 if { path /in-first }
        redirect location /out clear-cookie SEEN= if { path /out-first }
    """)
    raw = connect(proxy.port)
    assert raw.ask(get("/in-first")).get("Set-Cookie") == "SEEN=1; path=/;"
    assert raw.ask(get("/out-first")).get("Set-Cookie") == "SEEN=; path=/; Max-Age=0;"


def test_redirect_of_a_response(http, origin, connect):
    proxy = http([origin()], backend="http-response redirect location /login if { status 401 }")
    answer = connect(proxy.port).ask(get("/?r=401"))
    assert (answer.status, answer.get("Location")) == (302, "/login")


# --- cookies


@pytest.fixture
def two(origin):
    return [origin("A"), origin("B")]


def sticky(http, two, cookie, **options):
    lines = [f"cookie {cookie}", "balance roundrobin"]
    backend = "\n".join(lines + [
        f"server s{number} {each.address} cookie c{number}" for number, each in enumerate(two, 1)
    ])
    return http([], backend=backend, **options)


@pytest.mark.smoke
def test_cookie_insert(http, two, connect):
    proxy = sticky(http, two, "SRV insert indirect nocache")
    raw = connect(proxy.port)
    answer = raw.ask(get("/"))
    assert answer.get("X-Origin") == "A"
    assert answer.get("Set-Cookie") == "SRV=c1; path=/"
    assert "Cache-Control" not in answer
    cacheable = raw.ask(get("/?h=Cache-Control:max-age=100"))
    assert "private" in cacheable.all("Cache-Control")
    for _ in range(3):
        again = raw.ask(get("/", "Cookie: a=b; SRV=c2; z=y"))
        assert again.get("X-Origin") == "B"
        assert "Set-Cookie" not in again


def test_cookie_indirect_is_hidden_from_the_server(http, scripted, connect):
    server = scripted()
    proxy = http([], backend=f"cookie SRV insert indirect\nserver s {server.address} cookie c1")
    connect(proxy.port).ask(get("/", "Cookie: a=b; SRV=c1; z=y"))
    assert server.requests[0].get("cookie") == "a=b; z=y"


@pytest.mark.parametrize(
    "options, expected",
    [
        ("insert", "SRV=c1; path=/"),
        ("insert httponly secure", "SRV=c1; path=/; HttpOnly; Secure"),
        ("insert domain .example.com", "SRV=c1; path=/; domain=.example.com"),
        ("insert attr SameSite=Strict", "SRV=c1; path=/; SameSite=Strict"),
    ],
)
def test_cookie_attributes(http, two, connect, options, expected):
    proxy = sticky(http, two, f"SRV {options}")
    assert connect(proxy.port).ask(get("/")).get("Set-Cookie") == expected


def test_cookie_with_a_date(http, two, connect):
    proxy = sticky(http, two, "SRV insert indirect maxidle 30m maxlife 8h")
    value = connect(proxy.port).ask(get("/")).get("Set-Cookie")
    assert re.fullmatch(r"SRV=c1\|[A-Za-z0-9+/]{5}\|[A-Za-z0-9+/]{5}; path=/", value)
    cookie = value.split(";")[0]
    answer = connect(proxy.port).ask(get("/", f"Cookie: {cookie}"))
    assert answer.get("X-Origin") == "A"
    old = "SRV=c2|AAAAA|AAAAA"
    again = connect(proxy.port).ask(get("/", f"Cookie: {old}"))
    assert "Set-Cookie" in again


def test_cookie_rewrite(http, two, connect):
    proxy = sticky(http, two, "SRV rewrite")
    raw = connect(proxy.port)
    assert "Set-Cookie" not in raw.ask(get("/"))
    answer = raw.ask(get("/?h=Set-Cookie:%20SRV=app%3B%20path=%2F"))
    assert answer.get("Set-Cookie").startswith(f"SRV=c{1 if answer.get('X-Origin') == 'A' else 2}")


def test_cookie_prefix(http, two, scripted, connect):
    server = scripted(lambda peer: [
        peer.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nSet-Cookie: SID=abc; path=/\r\n\r\n")
        for _ in iter(lambda: server.requests.append(peer.request()) or server.requests[-1], None)
    ])
    proxy = http([], backend=f"cookie SID prefix\nserver s {server.address} cookie c1")
    raw = connect(proxy.port)
    assert raw.ask(get("/")).get("Set-Cookie") == "SID=c1~abc; path=/"
    raw.ask(get("/", "Cookie: SID=c1~abc"))
    assert server.requests[1].get("cookie") == "SID=abc"


def test_cookie_preserve(http, two, connect):
    proxy = sticky(http, two, "SRV insert preserve")
    answer = connect(proxy.port).ask(get("/?h=Set-Cookie:%20SRV=mine%3B%20path=%2F"))
    assert answer.get("Set-Cookie") == "SRV=mine; path=/"


def test_cookie_of_a_server_that_is_down(http, two, connect):
    proxy = sticky(http, two, "SRV insert indirect")
    proxy.cli("set server be/s2 state maint")
    answer = connect(proxy.port).ask(get("/", "Cookie: SRV=c2"))
    assert (answer.get("X-Origin"), answer.get("Set-Cookie")) == ("A", "SRV=c1; path=/")


def test_cookie_dynamic(http, two, connect):
    proxy = http(two, backend="cookie SRV insert indirect dynamic\ndynamic-cookie-key secret")
    raw = connect(proxy.port)
    first = raw.ask(get("/"))
    value = first.get("Set-Cookie").split(";")[0]
    assert re.fullmatch(r"SRV=[0-9a-f]{16}", value)
    for _ in range(3):
        assert raw.ask(get("/", f"Cookie: {value}")).get("X-Origin") == first.get("X-Origin")


# --- connection and content rules


@pytest.mark.smoke
def test_tcp_request_rules(http, origin, connect, weir, ports):
    server = origin()
    port, refused = ports.take(), ports.take()
    weir(f"""{DEFAULTS}
        frontend fe
            bind 127.0.0.1:{port}
            tcp-request connection set-var(sess.seen) src
            tcp-request connection accept
            http-response set-header X-Seen %[var(sess.seen)]
            default_backend be
        frontend no
            bind 127.0.0.1:{refused}
            tcp-request connection reject if {{ src 127.0.0.1 }}
            default_backend be
        backend be
            server s {server.address}
    """)
    assert connect(port).ask(get("/?s=3")).get("X-Seen") == "127.0.0.1"
    expect_refused(refused)


def test_tcp_request_content_in_http_mode(http, origin, connect):
    proxy = http([origin()], frontend="""
        tcp-request inspect-delay 1s
        tcp-request content reject if { path /reject }
        tcp-request content set-var(txn.c) str(content)
        http-response set-header X-C %[var(txn.c)]
    """)
    raw = connect(proxy.port)
    assert raw.ask(get("/?s=3")).get("X-C") == "content"
    connect(proxy.port).send(get("/reject")).expect_close()


def test_rules_run_for_each_request(http, scripted, connect):
    server = scripted()
    proxy = http([server], frontend="http-request set-header X-N %[path]")
    raw = connect(proxy.port)
    raw.send(b"".join(get(f"/{number}") for number in range(5)))
    for _ in range(5):
        raw.response()
    assert [request.get("x-n") for request in server.requests] == [f"/{n}" for n in range(5)]


def test_compare_with_haproxys_limit_on_rewritten_heads(http, scripted, connect):
    """A rewrite that does not fit into the buffer is refused, never cut."""
    proxy = http([scripted()], frontend="""
        http-request set-header X-A "%[req.hdr(x-big)]%[req.hdr(x-big)]"
    """)
    answer = connect(proxy.port).ask(get("/", "X-Big: " + "b" * 9000))
    assert answer.status in (200, 400, 500)
    if is_haproxy():
        assert answer.status == 500


def test_use_server(http, two, connect):
    proxy = http(two, backend="use-server s2 if { path_beg /two }")
    raw = connect(proxy.port)
    for _ in range(3):
        assert raw.ask(get("/two")).get("X-Origin") == "B"
    assert raw.ask(get("/?s=3")).body == pattern(3)
