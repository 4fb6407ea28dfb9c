# SPDX-License-Identifier: Apache-2.0
"""The statistics page: HTML, CSV, JSON, authentication, scope, admin actions."""

import json
import re
from html.parser import HTMLParser

import pytest

from harness.http import build, get
from harness.proxy import DEFAULTS


@pytest.fixture
def page(weir, origin, ports):
    """`page(lines)` starts a frontend, a backend of two servers and a page with these settings."""

    def start(lines="stats enable", backend=""):
        port, stats = ports.take(), ports.take()
        a, b = origin("A"), origin("B")
        proxy = weir(f"""{DEFAULTS}
            frontend fe
                bind 127.0.0.1:{port}
                default_backend be
            backend be
                {backend}
                server s1 {a.address}
                server s2 {b.address}
            listen stats
                bind 127.0.0.1:{stats}
                {lines}
        """, port=stats)
        proxy.traffic_port = port
        return proxy

    return start


class Names(HTMLParser):
    """Collects tags, and what a page would load from elsewhere."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.loads, self.text = set(), [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        values = dict(attributes)
        if tag in ("script", "img", "link", "iframe") and (values.get("src") or values.get("href")):
            self.loads.append(values.get("src") or values.get("href"))

    def handle_data(self, data):
        self.text.append(data)


@pytest.mark.smoke
def test_html(page, curl):
    proxy = page("stats enable\nstats uri /")
    answer = curl(f"{proxy.url}/")
    assert answer.status == 200
    assert answer.get("Content-Type").startswith("text/html")
    assert "no-cache" in answer.get("Cache-Control")
    parsed = Names(answer.text)
    assert {"html", "body", "table"} <= parsed.tags
    text = " ".join(parsed.text)
    for name in ("fe", "be", "s1", "s2"):
        assert re.search(rf"\b{name}\b", text), name
    assert all(each.startswith("data:") for each in parsed.loads), parsed.loads


def test_the_default_uri(page, connect):
    proxy = page("stats enable")
    assert connect(proxy.port).ask(get("/haproxy?stats")).status == 200
    assert connect(proxy.port).ask(get("/other")).status == 503


@pytest.mark.smoke
def test_csv_is_show_stat(page, connect):
    proxy = page("stats enable\nstats uri /s")
    connect(proxy.traffic_port).ask(get("/"))
    answer = connect(proxy.port).ask(get("/s;csv"))
    assert answer.get("Content-Type").startswith("text/plain")
    lines = answer.text.splitlines()
    assert lines[0] == proxy.cli("show stat").splitlines()[0]
    row = next(line.split(",") for line in lines if line.startswith("fe,FRONTEND"))
    assert row[17] == "OPEN" and row[7] == "1"


def test_json_schema(page, connect):
    proxy = page("stats enable\nstats uri /s")
    answer = connect(proxy.port).ask(get("/s;json-schema"))
    assert answer.get("Content-Type").startswith("application/json")
    assert "oneOf" in json.loads(answer.text)


def test_json(page, connect):
    proxy = page("stats enable\nstats uri /s")
    answer = connect(proxy.port).ask(get("/s;json"))
    assert answer.get("Content-Type").startswith("application/json")
    rows = json.loads(answer.text)
    names = {field["value"]["value"] for row in rows for field in row
             if field["field"]["name"] == "pxname"}
    assert {"fe", "be", "stats"} <= names


def test_csv_without_servers_that_are_up(page, connect):
    proxy = page("stats enable\nstats uri /s")
    proxy.cli("disable server be/s2")
    text = connect(proxy.port).ask(get("/s;up")).text
    assert "s1" in text


@pytest.mark.smoke
def test_auth(page, curl):
    proxy = page("stats enable\nstats uri /\nstats realm The\\ Place\n"
                 "stats auth ann:secret\nstats auth bob:other")
    answer = curl(proxy.url + "/")
    assert answer.status == 401
    assert answer.get("WWW-Authenticate") == 'Basic realm="The Place"'
    assert curl(proxy.url + "/", "-u", "ann:wrong").status == 401
    assert curl(proxy.url + "/", "-u", "ann:secret").status == 200
    assert curl(proxy.url + "/", "-u", "bob:other").status == 200


def test_refresh_and_version_and_descriptions(page, connect):
    proxy = page("stats enable\nstats uri /\nstats refresh 7s\nstats hide-version\n"
                 "stats show-node here\nstats show-desc Some words")
    answer = connect(proxy.port).ask(get("/"))
    refresh = answer.get("Refresh") or re.search(
        r'http-equiv="?refresh"? content="?(\d+)', answer.text, re.I).group(1)
    assert refresh == "7"
    assert "here" in answer.text and "Some words" in answer.text
    assert proxy.info()["Version"] not in answer.text


def test_norefresh(page, connect):
    proxy = page("stats enable\nstats uri /\nstats refresh 7s")
    answer = connect(proxy.port).ask(get("/;norefresh"))
    assert "Refresh" not in answer


def test_scope(page, connect):
    proxy = page("stats enable\nstats uri /\nstats scope be\nstats scope .")
    lines = connect(proxy.port).ask(get("/;csv")).text.splitlines()[1:]
    assert {line.split(",")[0] for line in lines if line} == {"be", "stats"}


def test_scope_of_a_request(page, connect):
    proxy = page("stats enable\nstats uri /s")
    lines = connect(proxy.port).ask(get("/s?scope=be")).text
    assert lines


@pytest.mark.smoke
def test_admin(page, connect):
    proxy = page("stats enable\nstats uri /s\nstats admin if TRUE")
    form = connect(proxy.port).ask(get("/s"))
    assert "<form" in form.text.lower()

    def post(action, server="s1", backend="be"):
        data = f"s={server}&action={action}&b=%23{proxy.stat(backend, 'BACKEND')['iid']}".encode()
        return connect(proxy.port).ask(build(
            "POST /s HTTP/1.1", "Host: a",
            "Content-Type: application/x-www-form-urlencoded", body=data))

    answer = post("maint")
    assert answer.status == 303
    assert re.search(r"/s;st=DONE", answer.get("Location"))
    assert proxy.stat("be", "s1")["status"] == "MAINT"
    post("ready")
    assert proxy.stat("be", "s1")["status"] == "no check"
    post("drain")
    assert proxy.cli("show servers state be").splitlines()[2].split()[6] != "0"


def test_admin_is_refused_without_it(page, connect):
    proxy = page("stats enable\nstats uri /s")
    answer = connect(proxy.port).ask(build(
        "POST /s HTTP/1.1", "Host: a", "Content-Type: application/x-www-form-urlencoded",
        body=b"s=s1&action=maint&b=be"))
    assert answer.status == 303 and "st=DENY" in answer.get("Location")
    assert proxy.stat("be", "s1")["status"] == "no check"


def test_admin_with_a_condition(page, connect):
    proxy = page("stats enable\nstats uri /s\nstats admin if { hdr(x-secret) yes }")
    form = "s=s1&action=maint&b=be".encode()
    fields = ["Host: a", "Content-Type: application/x-www-form-urlencoded"]
    connect(proxy.port).ask(build("POST /s HTTP/1.1", *fields, body=form))
    assert proxy.stat("be", "s1")["status"] == "no check"
    connect(proxy.port).ask(build("POST /s HTTP/1.1", *fields, "X-Secret: yes", body=form))
    assert proxy.stat("be", "s1")["status"] == "MAINT"


@pytest.mark.smoke
def test_the_page_beside_other_paths(weir, origin, ports, connect):
    """The page in a frontend that also serves traffic."""
    port = ports.take()
    weir(f"""{DEFAULTS}
        frontend fe
            bind 127.0.0.1:{port}
            stats enable
            stats uri /admin/stats
            default_backend be
        backend be
            server s1 {origin("A").address}
    """)
    raw = connect(port)
    assert raw.ask(get("/admin/stats")).get("X-Origin") is None
    assert raw.ask(get("/?s=3")).get("X-Origin") == "A"


def test_page_rules(page, connect):
    proxy = page("stats enable\nstats uri /s\nstats http-request deny if { hdr(x-no) 1 }")
    assert connect(proxy.port).ask(get("/s")).status == 200
    assert connect(proxy.port).ask(get("/s", "X-No: 1")).status == 403


def test_the_page_of_many_servers(weir, ports, connect):
    """A page larger than any buffer."""
    port = ports.take()
    lines = "\n".join(f"server s{number} 127.0.0.1:{10000 + number} disabled"
                      for number in range(400))
    weir(f"{DEFAULTS}\nbackend be\n{lines}\nlisten stats\n    bind 127.0.0.1:{port}\n"
         "    stats enable\n    stats uri /\n")
    raw = connect(port)
    answer = raw.ask(get("/"))
    assert "s399" in answer.text and len(answer.body) > 5 * 16384
    lines = raw.ask(get("/;csv")).text.splitlines()
    assert len([line for line in lines if line.startswith("be,")]) == 401


def test_head_of_the_page(page, connect):
    proxy = page("stats enable\nstats uri /")
    raw = connect(proxy.port)
    assert raw.ask(get("/", method="HEAD"), "HEAD").status == 200


def test_counters_move(page, connect):
    proxy = page("stats enable\nstats uri /s", backend="balance roundrobin")
    raw = connect(proxy.traffic_port)
    for status in (200, 200, 301, 404, 500):
        raw.ask(get(f"/?r={status}"))
    row = proxy.stat("be", "BACKEND")
    assert [row[f"hrsp_{family}xx"] for family in range(1, 6)] == ["0", "2", "1", "1", "1"]
    assert (row["lbtot"], row["req_tot"], row["stot"]) == ("5", "5", "5")
    assert int(proxy.stat("be", "s1")["lbtot"]) + int(proxy.stat("be", "s2")["lbtot"]) == 5
