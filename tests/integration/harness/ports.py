# SPDX-License-Identifier: Apache-2.0
"""Free ports that stay free until the program under test binds them."""

import random
import socket

ROWS_FIRST, ROWS_END = 10000, 20000  # where rows of ports are looked for

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
        before = len(self._held)
        for _ in range(200):
            # Below the ports that the kernel gives to connections: there the neighbours are free.
            start = random.randrange(ROWS_FIRST, ROWS_END - count)
            try:
                for step in range(count):
                    self._hold(start + step)
                return start
            except OSError:
                for held in self._held[before:]:
                    held.close()
                del self._held[before:]
        raise RuntimeError(f"no {count} free ports in a row")

    def closed(self):
        """A port that nothing listens on, and nothing will while the test runs."""
        return self.take()

    def _hold(self, port, kind=socket.SOCK_STREAM, host="127.0.0.1"):
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        held = socket.socket(family, kind)
        if family == socket.AF_INET6:
            held.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        try:
            held.bind((host, port))
        except OSError:
            held.close()
            raise
        # Only now: before, it could be bound to a port that another run holds.
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        self._held.append(held)
        return held

    def close(self):
        for held in self._held:
            held.close()
        self._held.clear()
