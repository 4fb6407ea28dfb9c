# SPDX-License-Identifier: Apache-2.0
"""TLS on both sides: certificates and SNI, ALPN, versions, resumption, verification."""

import hashlib
import re
import ssl
import subprocess

import pytest

from harness.client import tls_context
from harness.http import build, get
from harness.process import die_with_parent
from harness.proxy import DEFAULTS, run_once
from harness.servers import pattern, server_tls


@pytest.fixture
def https(http, origin, certificates):
    """`https(bind)` starts a TLS frontend with a certificate for a.example before an origin."""

    def start(bind="", pem=None, **options):
        pem = pem or certificates.pem("a.example")
        return http([origin()], bind=f"ssl crt {pem} {bind}", **options)

    return start


def names_of(raw):
    """The DNS names of the certificate that the peer showed."""
    der = raw.sock.getpeercert(binary_form=True)
    text = subprocess.run(["openssl", "x509", "-inform", "DER", "-noout", "-ext", "subjectAltName"],
                          input=der, capture_output=True, check=True).stdout.decode()
    return set(re.findall(r"DNS:([^,\s]+)", text))


@pytest.mark.smoke
def test_a_request_over_tls(https, certificates, connect):
    proxy = https()
    raw = connect(proxy.port, tls=tls_context(certificates.ca()), server_name="a.example")
    for size in (3, 100000):
        assert raw.ask(get(f"/?s={size}")).body == pattern(size)
    assert raw.sock.version() == "TLSv1.3"


@pytest.mark.smoke
def test_curl_over_tls(https, certificates, curl):
    proxy = https()
    answer = curl(f"https://a.example:{proxy.port}/?s=5m", "--cacert", certificates.ca(),
                  "--resolve", f"a.example:{proxy.port}:127.0.0.1")
    assert answer.body == pattern(5 << 20)


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_large_bodies_over_tls(https, curl, write, version):
    proxy = https()
    flags = ["-k", f"--tlsv{version}", "--tls-max", version]
    url = f"https://127.0.0.1:{proxy.port}"
    answer = curl(f"{url}/?s=30m", *flags)
    assert hashlib.sha1(answer.body).digest() == hashlib.sha1(pattern(30 << 20)).digest()
    data = pattern(20 << 20)
    answer = curl(f"{url}/sum", *flags, "-T", write("up", data))
    assert answer.text.splitlines()[1] == f"sha256={hashlib.sha256(data).hexdigest()}"


@pytest.mark.smoke
def test_sni_chooses_the_certificate(http, origin, certificates, connect, folder):
    first = certificates.pem("a.example", "www.a.example")
    second = certificates.pem("b.example")
    wild = certificates.pem("*.wild.example", kind="rsa")
    proxy = http([origin()], bind=f"ssl crt {first} crt {second} crt {wild}")

    def shown(name):
        raw = connect(proxy.port, tls=tls_context(), server_name=name)
        assert raw.ask(get("/?s=1")).status == 200
        return names_of(raw)

    assert shown("a.example") == {"a.example", "www.a.example"}
    assert shown("www.a.example") == {"a.example", "www.a.example"}
    assert shown("b.example") == {"b.example"}
    assert shown("B.Example") == {"b.example"}
    assert shown("x.wild.example") == {"*.wild.example"}
    assert shown("unknown.example") == {"a.example", "www.a.example"}
    assert shown(None) == {"a.example", "www.a.example"}


def test_a_folder_of_certificates(http, origin, certificates, connect, folder):
    place = folder / "certs"
    place.mkdir()
    for name in ("c1.example", "c2.example"):
        (place / f"{name}.pem").write_text(open(certificates.pem(name)).read())
    proxy = http([origin()], bind=f"ssl crt {place}")
    for name in ("c1.example", "c2.example"):
        raw = connect(proxy.port, tls=tls_context(), server_name=name)
        assert names_of(raw) == {name}


def test_key_in_a_file_of_its_own(http, origin, certificates, connect, write):
    text = open(certificates.pem("k.example")).read()
    key, chain = text[: text.index("-----BEGIN CERT")], text[text.index("-----BEGIN CERT") :]
    path = write("split.pem", chain)
    write("split.pem.key", key)
    proxy = http([origin()], bind=f"ssl crt {path}")
    assert names_of(connect(proxy.port, tls=tls_context())) == {"k.example"}


def test_an_rsa_and_an_ec_certificate(http, origin, certificates, folder):
    place = folder / "certs"
    place.mkdir()
    for kind in ("rsa", "ec"):
        text = open(certificates.pem("dual.example", kind=kind)).read()
        (place / f"dual.pem.{'rsa' if kind == 'rsa' else 'ecdsa'}").write_text(text)
    proxy = http([origin()], bind=f"ssl crt {place / 'dual.pem'}")
    for signature, expected in (("RSA", "rsaEncryption"), ("ECDSA", "id-ecPublicKey")):
        done = s_client(proxy.port, "-tls1_2", "-servername", "dual.example",
                        "-cipher", f"ECDHE-{signature}-AES128-GCM-SHA256")
        text = subprocess.run(["openssl", "x509", "-noout", "-text"], input=done, text=True,
                              capture_output=True, check=True).stdout
        assert expected in text


def test_bundles_can_be_left_alone(certificates, folder):
    (folder / "dual.pem.rsa").write_text(open(certificates.pem("dual.example")).read())
    config = folder / "bundle.cfg"
    for words, status in (("bundle key", 0), ("none", 1), ("key ocsp", 1), ("nonsense", 1)):
        config.write_text(f"global\n    ssl-load-extra-files {words}\n"
                          "frontend fe\n    mode http\n    timeout client 1s\n"
                          f"    bind 127.0.0.1:1 ssl crt {folder / 'dual.pem'}\n")
        assert run_once(["-c", "-f", str(config)]).returncode == status, words


def test_strict_sni(https, certificates, connect):
    proxy = https("strict-sni")
    raw = connect(proxy.port, tls=tls_context(), server_name="a.example")
    assert raw.ask(get("/?s=1")).status == 200
    with pytest.raises((ssl.SSLError, ConnectionResetError)):
        connect(proxy.port, tls=tls_context(), server_name="other.example")


@pytest.mark.smoke
def test_alpn(https, connect):
    proxy = https("alpn http/1.1,http/1.0")
    raw = connect(proxy.port, tls=tls_context(alpn=["http/1.1"]))
    assert raw.sock.selected_alpn_protocol() == "http/1.1"
    raw = connect(proxy.port, tls=tls_context(alpn=["http/1.0", "http/1.1"]))
    assert raw.sock.selected_alpn_protocol() == "http/1.1"
    raw = connect(proxy.port, tls=tls_context())
    assert raw.ask(get("/?s=3")).body == pattern(3)


@pytest.mark.smoke
@pytest.mark.parametrize(
    "bind, version, accepted",
    [
        ("ssl-min-ver TLSv1.3", ssl.TLSVersion.TLSv1_2, False),
        ("ssl-min-ver TLSv1.3", ssl.TLSVersion.TLSv1_3, True),
        ("ssl-max-ver TLSv1.2", ssl.TLSVersion.TLSv1_3, False),
        ("ssl-max-ver TLSv1.2", ssl.TLSVersion.TLSv1_2, True),
        ("", ssl.TLSVersion.TLSv1_2, True),
        ("force-tlsv12", ssl.TLSVersion.TLSv1_3, False),
        ("no-tlsv13", ssl.TLSVersion.TLSv1_3, False),
    ],
)
def test_versions(https, connect, bind, version, accepted):
    proxy = https(bind)
    tls = tls_context(minimum=version, maximum=version)
    if accepted:
        raw = connect(proxy.port, tls=tls)
        assert raw.ask(get("/?s=3")).body == pattern(3)
        assert raw.sock.version() == version.name.replace("_", ".").replace("TLSv1.", "TLSv1.")
    else:
        with pytest.raises((ssl.SSLError, ConnectionResetError)):
            connect(proxy.port, tls=tls).ask(get("/"))


def s_client(port, *arguments, request="GET /?s=3 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"):
    done = subprocess.run(
        ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-ign_eof", *map(str, arguments)],
        input=request, capture_output=True, text=True, timeout=10, preexec_fn=die_with_parent)
    return done.stdout


@pytest.mark.smoke
@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_resumption(https, folder, version):
    proxy = https()
    session = folder / "session"
    first = s_client(proxy.port, version, "-sess_out", session)
    second = s_client(proxy.port, version, "-sess_in", session)
    assert re.search(r"^New, TLS", first, re.M) and "200 OK" in first
    assert re.search(r"^Reused, TLS", second, re.M) and "200 OK" in second


def test_no_tickets(https, folder):
    proxy = https("no-tls-tickets")
    text = s_client(proxy.port, "-tls1_2")
    assert "TLS session ticket:" not in text


def test_garbage_instead_of_a_handshake(https, connect):
    proxy = https()
    raw = connect(proxy.port).send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    try:
        raw.read_until_close()
    except ConnectionResetError:
        pass
    assert connect(proxy.port, tls=tls_context()).ask(get("/?s=3")).body == pattern(3)


def test_a_handshake_that_stops(https, connect):
    proxy = https(frontend="timeout client 400ms")
    raw = connect(proxy.port).send(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")
    raw.expect_close(3)
    assert connect(proxy.port, tls=tls_context()).ask(get("/?s=3")).body == pattern(3)


def test_close_notify_ends_an_answer(https, connect):
    """A body until close ends with close_notify, so that a cut can be told from an end."""
    proxy = https()
    raw = connect(proxy.port, tls=tls_context())
    raw.sock.suppress_ragged_eofs = False
    answer = raw.ask(get("/?s=1000&b=0", "Connection: close"))
    assert answer.body == pattern(1000)


def test_many_small_writes(https, connect):
    proxy = https()
    raw = connect(proxy.port, tls=tls_context())
    for byte in build("POST /body HTTP/1.1", "Host: a", body=b"abc"):
        raw.send(bytes([byte]))
    assert raw.response().body == b"abc"


def test_pipelining_over_tls(https, connect):
    proxy = https()
    raw = connect(proxy.port, tls=tls_context())
    sizes = [1, 20000, 0, 7]
    raw.send(b"".join(get(f"/?s={size}") for size in sizes))
    assert [raw.response().body for _ in sizes] == [pattern(size) for size in sizes]


def test_fetches_of_the_handshake(http, scripted, certificates, connect):
    pem = certificates.pem("a.example")
    proxy = http([scripted()], bind=f"ssl crt {pem} alpn http/1.1", frontend="""
        http-request return content-type text/plain lf-string \
"%[ssl_fc] %[ssl_fc_sni] %[ssl_fc_alpn] %[ssl_fc_protocol] %[ssl_fc_is_resumed]"
    """)
    raw = connect(proxy.port, tls=tls_context(alpn=["http/1.1"]), server_name="a.example")
    assert raw.ask(get("/")).text == "1 a.example http/1.1 TLSv1.3 0"


def test_redirect_of_plain_clients(weir, ports, origin, certificates, connect):
    plain, secure = ports.take(), ports.take()
    weir(f"""{DEFAULTS}
        frontend fe
            bind 127.0.0.1:{plain}
            bind 127.0.0.1:{secure} ssl crt {certificates.pem("a.example")}
            redirect scheme https code 301 if !{{ ssl_fc }}
            default_backend be
        backend be
            server s {origin().address}
    """)
    assert connect(plain).ask(get("/x")).get("Location") == "https://test.example/x"
    assert connect(secure, tls=tls_context()).ask(get("/?s=3")).body == pattern(3)


def test_client_certificates(http, scripted, certificates, connect):
    pem, client = certificates.pem("a.example"), certificates.pem("client.example")
    stranger = certificates.pem("stranger.example", ca="other")
    proxy = http([scripted()], bind=f"ssl crt {pem} ca-file {certificates.ca()} verify required",
                 frontend="http-request return content-type text/plain lf-string "
                          "\"%[ssl_c_used] %[ssl_c_verify]\"")
    raw = connect(proxy.port, tls=tls_context(certificate=client))
    assert raw.ask(get("/")).text == "1 0"
    for certificate in (None, stranger):
        with pytest.raises((ssl.SSLError, ConnectionResetError, BrokenPipeError, AssertionError)):
            connect(proxy.port, tls=tls_context(certificate=certificate)).ask(get("/"))


# --- towards servers


@pytest.mark.smoke
def test_server_without_verification(http, scripted, certificates, connect):
    server = scripted(tls=server_tls(certificates.pem("srv.example")))
    proxy = http([server], server="ssl verify none")
    raw = connect(proxy.port)
    assert raw.ask(get("/")).status == 200
    assert raw.ask(get("/")).status == 200
    assert server.accepted == 1


@pytest.mark.smoke
@pytest.mark.parametrize(
    "authority, host, status",
    [
        ("ca", "srv.example", 200),
        ("ca", "wrong.example", 503),
        ("other", "srv.example", 503),
    ],
)
def test_server_verification(http, scripted, certificates, connect, authority, host, status):
    server = scripted(tls=server_tls(certificates.pem("srv.example")))
    proxy = http([server], backend="retries 0", server=f"ssl verify required verifyhost {host} "
                                                       f"ca-file {certificates.ca(authority)}")
    assert connect(proxy.port).ask(get("/")).status == status


def test_server_sni(http, scripted, certificates, connect):
    seen = []
    tls = server_tls(certificates.pem("srv.example"))
    tls.sni_callback = lambda sock, name, context: seen.append(name)
    server = scripted(tls=tls)
    proxy = http([server], server=f"ssl verify required ca-file {certificates.ca()} "
                                  "sni req.hdr(host)")
    assert connect(proxy.port).ask(get("/", host="srv.example")).status == 200
    assert seen == ["srv.example"]


def test_server_alpn(http, scripted, certificates, connect):
    chosen = []

    def script(peer):
        chosen.append(peer.sock.selected_alpn_protocol())
        peer.request()
        peer.send("HTTP/1.1 204 No Content\r\n\r\n")

    server = scripted(script, tls=server_tls(certificates.pem("s.example"), alpn=["http/1.1"]))
    proxy = http([server], server="ssl verify none alpn http/1.1")
    assert connect(proxy.port).ask(get("/")).status == 204
    assert chosen == ["http/1.1"]


def test_server_with_a_client_certificate(http, scripted, certificates, connect):
    server = scripted(tls=server_tls(certificates.pem("s.example"), ca=certificates.ca()))
    pem = certificates.pem("weir.example")
    proxy = http([server], server=f"ssl verify none crt {pem}")
    assert connect(proxy.port).ask(get("/")).status == 200


def test_tls_on_both_sides(http, nginx, certificates, ports, folder, curl):
    text = open(certificates.pem("n.example")).read()
    (folder / "n.pem").write_text(text)
    (folder / "big").write_bytes(pattern(5 << 20))
    port = ports.take()
    nginx(f"""
        server {{
            listen 127.0.0.1:{port} ssl reuseport;
            ssl_certificate {folder}/n.pem;
            ssl_certificate_key {folder}/n.pem;
            root {folder};
        }}
    """)

    class Server:
        address = f"127.0.0.1:{port}"

    proxy = http([Server], bind=f"ssl crt {certificates.pem('a.example')}",
                 server="ssl verify none")
    assert curl(f"https://127.0.0.1:{proxy.port}/big", "-k").body == pattern(5 << 20)


def test_a_plain_server_behind_a_tls_server_line(http, origin, connect):
    proxy = http([origin()], backend="retries 0", server="ssl verify none")
    assert connect(proxy.port).ask(get("/")).status == 503


def test_tls_in_tcp_mode(http, origin, certificates, connect):
    proxy = http([origin()], mode="tcp", bind=f"ssl crt {certificates.pem('a.example')}")
    raw = connect(proxy.port, tls=tls_context())
    assert raw.ask(get("/?s=100000")).body == pattern(100000)


def test_passthrough_by_sni(weir, ports, scripted, certificates, connect):
    """TCP mode: the ClientHello is looked at, not answered."""
    servers = {name: scripted(tls=server_tls(certificates.pem(name)))
               for name in ("one.example", "two.example")}
    port = ports.take()
    weir(f"""{DEFAULTS}
        frontend fe
            mode tcp
            bind 127.0.0.1:{port}
            tcp-request inspect-delay 2s
            tcp-request content accept if {{ req.ssl_hello_type 1 }}
            use_backend two if {{ req.ssl_sni two.example }}
            default_backend one
        backend one
            mode tcp
            server s {servers["one.example"].address}
        backend two
            mode tcp
            server s {servers["two.example"].address}
    """)
    for name in servers:
        raw = connect(port, tls=tls_context(certificates.ca()), server_name=name)
        assert raw.ask(get("/")).status == 200


def test_half_open_clients_do_not_stop_others(https, connect):
    proxy = https()
    waiting = [connect(proxy.port) for _ in range(50)]
    assert connect(proxy.port, tls=tls_context()).ask(get("/?s=3")).body == pattern(3)
    for raw in waiting:
        raw.close()
