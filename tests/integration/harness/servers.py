# SPDX-License-Identifier: Apache-2.0
"""Servers behind weir: weir-origin, nginx, and scripted ones in threads."""

import os
import re
import shutil
import signal
import socket
import ssl
import struct
import threading
import time
from pathlib import Path

from harness.http import Malformed, Reader
from harness.process import Child, wait_until

ROOT = Path(__file__).resolve().parents[3]


def origin_binary():
    given = os.environ.get("WEIR_ORIGIN") or str(ROOT / "build/weir-origin")
    found = shutil.which(given)
    if found is None:
        raise FileNotFoundError(f"no weir-origin: {given} (set WEIR_ORIGIN)")
    return found


class Origin(Child):
    """A running weir-origin on a free port."""

    def __init__(self, name, folder, args=()):
        self.origin_name = name
        listen = [] if "-l" in args or "-u" in args else ["-l", "127.0.0.1:0"]
        super().__init__(
            f"origin-{name}", [origin_binary(), "-i", "-n", name, *listen, *args], folder
        )
        wait_until(self._has_started, 10, what=f"weir-origin {name} starts")
        found = re.search(r"listening on 127\.0\.0\.1:(\d+)", self.stdout())
        self.port = int(found.group(1)) if found else None

    def _has_started(self):
        assert self.alive(), f"weir-origin ended: {self.stderr()}"
        return self.stdout().count("\n") >= max(
            1, self.command.count("-l") + self.command.count("-u")
        )

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    @property
    def url(self):
        return f"http://{self.address}"

    def stop(self):
        self.signal(signal.SIGTERM)
        self.wait()

    def pause(self):
        """Freezes the process: connections are accepted by the kernel, never answered."""
        self.signal(signal.SIGSTOP)

    def resume(self):
        self.signal(signal.SIGCONT)

    def finish(self):
        self.resume()
        self.stop()


PATTERN = b"".join(b"....%011x\n" % at for at in range(0, 65488, 16))


def pattern(size):
    """The body that weir-origin answers s=`size` with."""
    return (PATTERN * (size // len(PATTERN) + 1))[:size]


NGINX_BASE = """\
daemon off;
master_process off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/nginx-error.log;
events {{ worker_connections 512; }}
http {{
    access_log off;
    client_body_temp_path {folder}/nginx-body;
    proxy_temp_path {folder}/nginx-proxy;
    fastcgi_temp_path {folder}/nginx-fastcgi;
    uwsgi_temp_path {folder}/nginx-uwsgi;
    scgi_temp_path {folder}/nginx-scgi;
    client_max_body_size 0;
    {conf}
}}
"""


class Nginx(Child):
    """nginx with `conf` inside its http block. `listen` should say `reuseport`."""

    def __init__(self, conf, folder):
        path = folder / "nginx.conf"
        path.write_text(NGINX_BASE.format(folder=folder, conf=conf))
        super().__init__("nginx", ["nginx", "-p", folder, "-c", path], folder)
        wait_until(lambda: (folder / "nginx.pid").exists() or not self.alive(), 10, what="nginx")
        time.sleep(0.05)
        assert self.alive(), f"nginx ended: {self.stderr()}"

    def finish(self):
        self.signal(signal.SIGTERM)
        self.wait()


class Peer:
    """One accepted connection of a `Scripted` server."""

    def __init__(self, sock, number, recorded, closing):
        self.sock = sock
        self._closing = closing
        self.number = number  # of the connection, from 1
        self._recorded = recorded
        self.reader = Reader(self._receive)

    def _receive(self):
        piece = self.sock.recv(65536)
        self._recorded.extend(piece)
        return piece

    def request(self):
        """The next request, strictly; None when the connection ends before one."""
        if not self.reader.held and not self.reader.more():
            return None
        return self.reader.request()

    def send(self, data):
        self.sock.sendall(data.encode("latin-1") if isinstance(data, str) else data)
        return self

    def wait_end(self):
        """Reads until the other side closes, by a FIN or a RST."""
        try:
            self.reader.until_close()
        except ConnectionResetError:
            pass

    def sleep(self, seconds):
        """Waits, but no longer than the test lasts."""
        self._closing.wait(seconds)

    def reset(self):
        """Makes the close that follows a RST."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


class Scripted:
    """A TCP server: each connection runs `script(peer)` in a thread, then closes.

    `.recorded` holds the bytes of each connection, `.requests` what `peer.request()` gave when
    the default script answers, `.errors` what a script raised.
    """

    def __init__(self, script=None, tls=None, seconds=10.0, backlog=128, listen=True):
        self._script = script or self.answer_all
        self._tls = tls
        self._seconds = seconds
        self.sock = socket.socket()
        self.sock.bind(("127.0.0.1", 0))
        self.port = self.sock.getsockname()[1]
        self.recorded = []
        self.requests = []
        self.errors = []
        self.accepted = 0
        self._open = set()
        self._threads = []
        self._closing = threading.Event()
        if listen:
            self.sock.listen(backlog)
            self._start(self._accept)

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def _start(self, target, *args):
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self):
        while True:
            try:
                sock, _ = self.sock.accept()
            except OSError:
                return
            self.accepted += 1
            recorded = bytearray()
            self.recorded.append(recorded)
            self._open.add(sock)
            self._start(self._serve, sock, self.accepted, recorded)

    def _serve(self, sock, number, recorded):
        try:
            sock.settimeout(self._seconds)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._tls is not None:
                plain = sock
                sock = self._tls.wrap_socket(sock, server_side=True)
                self._open.discard(plain)
                self._open.add(sock)
            self._script(Peer(sock, number, recorded, self._closing))
        except (OSError, Malformed) as error:
            if not self._closing.is_set():
                self.errors.append(error)
        finally:
            self._open.discard(sock)
            sock.close()

    def answer_all(self, peer):
        """The default script: keeps every request and answers 200 with an empty body."""
        while (request := peer.request()) is not None:
            self.requests.append(request)
            peer.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    def finish(self):
        self._closing.set()
        # shutdown() wakes the accepting thread; close() alone would not.
        for sock in [self.sock, *self._open]:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        self.sock.close()
        for thread in self._threads:
            thread.join(2)


def server_tls(pem, ca=None, alpn=None):
    """A server's TLS context; with `ca` clients must show a certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    if ca:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(ca)
    if alpn:
        context.set_alpn_protocols(alpn)
    return context
