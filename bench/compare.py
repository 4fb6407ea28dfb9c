#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""CPU of weir, HAProxy and nginx side by side, one worker each, in front of the same origin.

    bench/compare.py [--build build] [--rounds 5] [--seconds 2]

Each round loads the proxies in turn (wrk, keep-alive), so that all see the same noise; what is
counted is the processor time (user and system) that the kernel charged to the proxy's process.
Printed: the median over the rounds, its spread, and the ratio to weir. HAProxy and nginx are the
system's; wrk and openssl are needed too. Everything listens on loopback.
"""

import argparse
import os
import pathlib
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

TICKS = os.sysconf("SC_CLK_TCK")
CASES = [
    # name, scheme, what is asked of the origin, connections
    ("10k requests of 200 B", "http", "/?s=200", 32),
    ("10k requests of 200 B, TLS", "https", "/?s=200", 32),
    ("1 GB in 1 MB objects", "http", "/?s=1000000", 8),
    ("1 GB in 1 MB objects, TLS", "https", "/?s=1000000", 8),
]
HAPROXY_LIKE = """
global
    {threads}
    maxconn 4000
defaults
    mode http
    timeout client 10s
    timeout server 10s
    timeout connect 2s
frontend fe
    bind 127.0.0.1:{plain}
    bind 127.0.0.1:{sealed} ssl crt {certificate}
    default_backend be
backend be
    http-reuse always
    server s1 127.0.0.1:{origin}
"""
NGINX = """
worker_processes 1; daemon off; master_process off; pid {folder}/nginx.pid; error_log stderr crit;
events {{ worker_connections 4096; }}
http {{
    access_log off; keepalive_requests 1000000000; client_body_temp_path {folder}/nginx-body;
    proxy_temp_path {folder}/nginx-proxy;
    upstream origin {{ server 127.0.0.1:{origin}; keepalive 100; keepalive_requests 1000000000; }}
    server {{
        listen 127.0.0.1:{plain}; listen 127.0.0.1:{sealed} ssl;
        ssl_certificate {certificate}; ssl_certificate_key {certificate};
        location / {{ proxy_pass http://origin; proxy_http_version 1.1;
                      proxy_set_header Connection ""; }}
    }}
}}
"""


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def wait_for(port):
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), 0.2).close()
            return
        except OSError:
            time.sleep(0.05)
    sys.exit(f"nothing listens on port {port}")


def processor_seconds(pid):
    """User and system time of a process and of the children it has now."""
    total = 0
    children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    for each in [pid, *children]:
        fields = pathlib.Path(f"/proc/{each}/stat").read_text().rsplit(")", 1)[1].split()
        total += int(fields[11]) + int(fields[12])
    return total / TICKS


class Peer:
    """A proxy under test."""

    def __init__(self, name, folder, origin, certificate, build):
        self.name = name
        self.plain, self.sealed = free_port(), free_port()
        facts = {"plain": self.plain, "sealed": self.sealed, "origin": origin, "folder": folder,
                 "certificate": certificate, "threads": "nbthread 1"}
        path = folder / f"{name}.conf"
        if name == "nginx":
            path.write_text(NGINX.format(**facts))
            command = [shutil.which("nginx") or "/usr/sbin/nginx", "-c", path]
        else:
            path.write_text(HAPROXY_LIKE.format(**facts))
            program = build / "weir" if name == "weir" else "/usr/sbin/haproxy"
            command = [program, "-q", "-f", path]
        self.process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        wait_for(self.plain)
        wait_for(self.sealed)

    def measure(self, scheme, target, connections, seconds):
        """(requests, processor seconds) of one run of wrk."""
        port = self.sealed if scheme == "https" else self.plain
        before = processor_seconds(self.process.pid)
        output = subprocess.run(
            ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", f"{scheme}://127.0.0.1:{port}{target}"],
            check=True, capture_output=True, text=True).stdout
        used = processor_seconds(self.process.pid) - before
        if re.search(r"Socket errors|Non-2xx", output):
            print(f"{self.name}: {output}", file=sys.stderr)
        requests = int(re.search(r"(\d+) requests in", output)[1])
        return requests, used

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=pathlib.Path, default=pathlib.Path("build"))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=2, help="of each run")
    options = parser.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="weir-bench-"))
    certificate = folder / "localhost.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30", "-subj",
                    "/CN=localhost", "-keyout", folder / "key", "-out", folder / "crt"],
                   check=True, capture_output=True)
    certificate.write_bytes((folder / "crt").read_bytes() + (folder / "key").read_bytes())
    port = free_port()
    origin = subprocess.Popen([options.build / "weir-origin", "-q", "-l", f"127.0.0.1:{port}"])
    wait_for(port)
    peers = [Peer(name, folder, port, certificate, options.build)
             for name in ("weir", "haproxy", "nginx")]
    try:
        for name, scheme, target, connections in CASES:
            scale = 10000 if "10k" in name else 1000
            figures = {peer.name: [] for peer in peers}
            for _ in range(options.rounds):
                for peer in peers:
                    requests, used = peer.measure(scheme, target, connections, options.seconds)
                    figures[peer.name].append(used / requests * scale)
            own = statistics.median(figures["weir"])
            for peer in peers:
                values = figures[peer.name]
                median = statistics.median(values)
                print(f"{name:28} {peer.name:8} {median:6.3f} s  ({min(values):.3f} to "
                      f"{max(values):.3f})  weir's is {own / median:4.2f} of it", flush=True)
    finally:
        for peer in peers:
            peer.stop()
        origin.terminate()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
