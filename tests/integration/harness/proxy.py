# SPDX-License-Identifier: Apache-2.0
"""The program under test: weir, or HAProxy to prove the tests on the original."""

import functools
import os
import re
import shutil
import signal
import socket
import subprocess
import textwrap
from pathlib import Path

from harness.process import Child, die_with_parent, wait_until

ROOT = Path(__file__).resolve().parents[3]

# What a healthy process never says.
BAD_WORDS = re.compile(
    r"AddressSanitizer|LeakSanitizer|ThreadSanitizer|UndefinedBehaviorSanitizer|runtime error:"
    r"|ASSERT|[Aa]ssertion|[Ll]eak|BUG\b|FATAL|Segmentation|corrupt"
)

# The harness's own part of the configuration: the runtime socket it asks.
BASE = """\
global
    stats socket {socket} mode 600 level admin expose-fd listeners
    stats timeout 60s
"""

# What most configurations start with.
DEFAULTS = """\
defaults
    mode http
    timeout connect 2s
    timeout client 5s
    timeout server 5s
"""


def binary():
    """The path of the program under test."""
    given = os.environ.get("WEIR") or os.environ.get("WEIR_BINARY") or str(ROOT / "build/weir")
    found = shutil.which(given)
    if found is None:
        raise FileNotFoundError(f"no program under test: {given} (set WEIR)")
    return str(Path(found).resolve())


@functools.lru_cache(None)
def version_text():
    return subprocess.run([binary(), "-v"], capture_output=True, text=True, timeout=10).stdout


def is_haproxy():
    """Whether the tests run on HAProxy 2.6 instead of weir."""
    return version_text().startswith("HAProxy version")


def is_sanitized():
    """Whether the program was built with a sanitizer (slower, and larger)."""
    if is_haproxy():
        return False
    return b"__asan_init" in Path(binary()).read_bytes()


def run_once(arguments, seconds=20, env=None, stdin=None, cwd=None):
    """Runs the program to its end: `-c`, `-v`, broken files."""
    return subprocess.run(
        [binary(), *map(str, arguments)],
        capture_output=True,
        text=True,
        errors="replace",
        timeout=seconds,
        env={**os.environ, **(env or {})},
        input=stdin,
        cwd=cwd,
        preexec_fn=die_with_parent,
    )


class Proxy(Child):
    """A running weir. `cli` asks its runtime socket."""

    def __init__(self, config, folder, name="weir", args=(), env=None, port=None, pass_fds=()):
        self.folder = folder
        self.port = port
        self.socket_path = str(folder / f"{name}.sock")
        self.config_path = folder / f"{name}.cfg"
        base_path = folder / f"{name}-base.cfg"
        base_path.write_text(BASE.format(socket=self.socket_path))
        self.config_path.write_text(textwrap.dedent(config))
        files = ["-f", base_path, "-f", self.config_path]
        # weir aborts at its end when its ledger does not read zero.
        env = {"WEIR_LEAKS_ARE_FATAL": "1", **(env or {})}
        super().__init__(
            name, [binary(), "-db", *files, *args], folder, env, cwd=folder, pass_fds=pass_fds
        )
        self.expected_codes = {0}
        self._checked = False
        self._wait_started()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def _wait_started(self):
        def answers():
            if not self.alive():
                raise AssertionError(
                    f"{self.name} ended with {self.process.returncode}:\n{self.stderr()}"
                    f"\n{self.config_path.read_text()}"
                )
            try:
                return self.cli("show info", seconds=2)
            except OSError:
                return None

        wait_until(answers, 15, what=f"{self.name} starts")

    def cli(self, command, seconds=5):
        """Sends one line to the runtime socket and returns the answer."""
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(seconds)
            sock.connect(self.socket_path)
            sock.sendall(command.encode() + b"\n")
            answer = b""
            while piece := sock.recv(65536):
                answer += piece
        return answer.decode(errors="replace")

    def info(self):
        """`show info` as a dictionary."""
        lines = self.cli("show info").splitlines()
        return dict(line.split(": ", 1) for line in lines if ": " in line)

    def stat(self, proxy, service):
        """One row of `show stat` as a dictionary."""
        for row in self.stats():
            if (row["pxname"], row["svname"]) == (proxy, service):
                return row
        raise KeyError((proxy, service))

    def stats(self):
        """The rows of `show stat`."""
        lines = [line for line in self.cli("show stat").splitlines() if line]
        names = lines[0].removeprefix("# ").split(",")
        return [dict(zip(names, line.split(","))) for line in lines[1:]]

    def resident_kib(self):
        """VmRSS of the process."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status).group(1))

    def descriptors(self):
        """The number of open file descriptors."""
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def stop(self, number=signal.SIGTERM, seconds=10):
        """Signals, waits, checks that it ended well; returns the exit code."""
        self.signal(number)
        code = self.wait(seconds)
        self.check()
        return code

    def check(self):
        """Asserts that the process ended as it should and said nothing bad."""
        if self._checked:
            return
        self._checked = True
        self.check_words()
        codes = set(self.expected_codes)
        if is_haproxy():
            codes |= {-signal.SIGTERM, 128 + signal.SIGTERM}
        code = self.process.returncode
        assert code in codes, f"{self.name} ended with {code}\n{self.stderr()}"

    def check_words(self):
        text = self.stderr()
        found = BAD_WORDS.search(text)
        assert not found, f"{self.name} said {found.group()!r}:\n{text}"

    def finish(self):
        """Teardown: whatever the test did, the process ends and is checked."""
        if self.alive():
            self.signal(signal.SIGTERM)
            try:
                self.wait(10)
            finally:
                self.kill()
        self.check()
