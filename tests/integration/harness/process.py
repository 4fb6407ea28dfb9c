# SPDX-License-Identifier: Apache-2.0
"""Child processes that cannot outlive the tests."""

import ctypes
import os
import signal
import subprocess
import time

PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)


def die_with_parent():
    """Runs in a child before exec: the kernel kills it when pytest dies."""
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def wait_until(condition, seconds=5.0, step=0.01, what=""):
    """Calls `condition` until it gives something true, and returns that."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {seconds} s: {what or condition}")
        time.sleep(step)


class Child:
    """A process whose output goes to files in `folder`."""

    def __init__(self, name, command, folder, env=None, cwd=None, pass_fds=()):
        self.name = name
        self.command = [str(word) for word in command]
        self.stdout_path = folder / f"{name}.stdout"
        self.stderr_path = folder / f"{name}.stderr"
        with open(self.stdout_path, "wb") as out, open(self.stderr_path, "wb") as err:
            self.process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                env={**os.environ, **(env or {})},
                cwd=cwd,
                preexec_fn=die_with_parent,
                pass_fds=pass_fds,
            )

    @property
    def pid(self):
        return self.process.pid

    def stdout(self):
        return self.stdout_path.read_text(errors="replace")

    def stderr(self):
        return self.stderr_path.read_text(errors="replace")

    def alive(self):
        return self.process.poll() is None

    def signal(self, number):
        if self.alive():
            self.process.send_signal(number)

    def wait(self, seconds=10.0):
        """Waits for the end and returns the exit code (negative: the signal)."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(
                f"{self.name} (pid {self.pid}) did not end within {seconds} s\n{self.stderr()}"
            ) from None

    def kill(self):
        if self.alive():
            self.process.kill()
            self.process.wait(10)
