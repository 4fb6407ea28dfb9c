# SPDX-License-Identifier: Apache-2.0
"""Free ports that stay free until the program under test binds them."""

import socket


class Ports:
    """Hands out ports and holds them.

    A port is held by a bound socket that does not listen and has SO_REUSEPORT set, as the
    listeners of the program under test have: it can bind the port, nobody else is given it, and
    two runs of the tests at once never meet.
    """

    def __init__(self):
        self._held = []

    def take(self, kind=socket.SOCK_STREAM, host="127.0.0.1"):
        """One free port."""
        held = self._hold(0, kind, host)
        return held.getsockname()[1]

    def take_range(self, count):
        """The first of `count` free ports in a row."""
        for _ in range(100):
            first = self._hold(0)
            start = first.getsockname()[1]
            row = [first]
            try:
                row += [self._hold(start + step) for step in range(1, count)]
                return start
            except (OSError, OverflowError):
                for held in self._held[-len(row) :]:
                    held.close()
                del self._held[-len(row) :]
        raise RuntimeError(f"no {count} free ports in a row")

    def closed(self):
        """A port that nothing listens on, and nothing will while the test runs."""
        return self.take()

    def _hold(self, port, kind=socket.SOCK_STREAM, host="127.0.0.1"):
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        held = socket.socket(family, kind)
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family == socket.AF_INET6:
            held.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        try:
            held.bind((host, port))
        except OSError:
            held.close()
            raise
        self._held.append(held)
        return held

    def close(self):
        for held in self._held:
            held.close()
        self._held.clear()
