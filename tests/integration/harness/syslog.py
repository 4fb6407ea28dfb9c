# SPDX-License-Identifier: Apache-2.0
"""A receiver of log lines over UDP."""

import re
import socket
import threading
import time

HEADER = re.compile(r"<(\d+)>(\w{3} [ \d]\d \d\d:\d\d:\d\d) (?:(\S+) )?([^ \[:]+)\[(\d+)\]: (.*)", re.S)


class Syslog:
    """Collects datagrams in `.lines`."""

    def __init__(self):
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind(("127.0.0.1", 0))
        self.port = self.sock.getsockname()[1]
        self.lines = []
        self._arrived = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._receive, daemon=True)
        self._thread.start()

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def _receive(self):
        while True:
            data = self.sock.recv(65536)
            if self._closing:
                return
            with self._arrived:
                self.lines.append(data.decode(errors="replace"))
                self._arrived.notify_all()

    def messages(self):
        """The texts behind the syslog header."""
        return [match.group(6) if (match := HEADER.fullmatch(line.rstrip("\n"))) else line
                for line in list(self.lines)]

    def wait_for(self, pattern, seconds=5.0):
        """The match of the first message in which `pattern` is found."""
        expression = re.compile(pattern)
        deadline = time.monotonic() + seconds
        with self._arrived:
            while True:
                for message in self.messages():
                    if match := expression.search(message):
                        return match
                left = deadline - time.monotonic()
                if left <= 0:
                    text = "\n".join(self.messages())
                    raise AssertionError(f"no log line with {pattern!r} in:\n{text}")
                self._arrived.wait(left)

    def wait_count(self, count, seconds=5.0):
        """Waits for `count` lines and returns the messages."""
        deadline = time.monotonic() + seconds
        with self._arrived:
            while len(self.lines) < count:
                left = deadline - time.monotonic()
                assert left > 0, f"{len(self.lines)} log lines instead of {count}: {self.lines}"
                self._arrived.wait(left)
        return self.messages()

    def finish(self):
        self._closing = True
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"", ("127.0.0.1", self.port))
        self._thread.join(2)
        self.sock.close()
