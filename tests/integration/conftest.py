# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the integration tests.

The program under test is $WEIR (default build/weir), the origin server $WEIR_ORIGIN. The tests
also run on the original: WEIR=/usr/sbin/haproxy; what only weir does is marked `weir_only`, what
HAProxy's manual (3.2) has but 2.6 has not is marked `newer`.
"""

import functools
import shutil
import signal
import tempfile
import textwrap
from pathlib import Path

import pytest

from harness import client, proxy, servers
from harness.certificates import Certificates
from harness.ports import Ports
from harness.syslog import Syslog

TEST_SECONDS_MAX = 60

def pytest_configure(config):
    config.addinivalue_line("markers", "smoke: a short run of it is enough for a first look")
    config.addinivalue_line("markers", "weir_only: behaviour that HAProxy does not have")
    config.addinivalue_line("markers", "newer: HAProxy's manual has it, version 2.6 has not")


def known_gaps():
    """Tests of gaps.txt: what HAProxy does and weir does not yet, each with its reason."""
    lines = (Path(__file__).parent / "gaps.txt").read_text().splitlines()
    rows = [line.split("  # ", 1) for line in lines if line and not line.startswith("#")]
    return {name: reason for name, reason in rows}


def mark_gaps(config, items):
    """Expects the tests of gaps.txt to fail: one that passes, or is not there, fails the run."""
    gaps = known_gaps()
    met = set()
    for item in items:
        name = item.nodeid.split("integration/")[-1]
        line = name if name in gaps else name.split("[")[0]
        if line in gaps:
            met.add(line)
            item.add_marker(pytest.mark.xfail(reason=gaps[line], strict=True))
    if any("::" in argument for argument in config.args):
        return  # not whole files
    files = {item.path.name for item in items}
    unknown = [line for line in gaps if line not in met and line.split("::")[0] in files]
    if unknown:
        raise pytest.UsageError("gaps.txt names tests that are not there: " + ", ".join(unknown))


@pytest.hookimpl(tryfirst=True)  # before -k takes tests out
def pytest_collection_modifyitems(config, items):
    if not proxy.is_haproxy():
        mark_gaps(config, items)
        return
    skip = pytest.mark.skip(reason="not in HAProxy 2.6")
    for item in items:
        if item.get_closest_marker("weir_only") or item.get_closest_marker("newer"):
            item.add_marker(skip)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """On a failure, shows what the processes of the test said."""
    outcome = yield
    report = outcome.get_result()
    if report.failed:
        for child in getattr(item, "children", []):
            if not hasattr(child, "stderr_path"):
                continue
            text = child.stderr() if child.stderr_path.exists() else ""
            report.sections.append((f"{child.name} (pid {child.pid})", text[-4000:]))
            if isinstance(child, proxy.Proxy) and child.config_path.exists():
                report.sections.append((f"{child.name}.cfg", child.config_path.read_text()))


@pytest.fixture(autouse=True)
def time_limit(request):
    """No test hangs: SIGALRM raises in it."""

    def expire(_number, _frame):
        raise TimeoutError(f"the test took more than {TEST_SECONDS_MAX} s")

    before = signal.signal(signal.SIGALRM, expire)
    signal.alarm(TEST_SECONDS_MAX)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture
def folder():
    """A folder with a short path (a Unix socket's path has 108 bytes) that goes with the test."""
    path = Path(tempfile.mkdtemp(prefix="weir-"))
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def children(request, folder):
    """The processes and servers of the test; all end with it, the last started first."""
    started = []
    request.node.children = started
    yield started
    problems = []
    for child in reversed(started):
        try:
            child.finish()
        except (AssertionError, OSError) as problem:
            problems.append(f"{problem}")
        finally:
            if hasattr(child, "kill"):
                child.kill()
    assert not problems, "\n".join(problems)


@pytest.fixture
def ports():
    """`ports.take()` is a free port for the program under test."""
    held = Ports()
    yield held
    held.close()


@pytest.fixture
def weir(children, folder):
    """`weir(config, args=(), env=None)` starts the program under test with that configuration."""

    def start(config, name=None, **options):
        count = sum(isinstance(child, proxy.Proxy) for child in children)
        name = name or ("weir" if count == 0 else f"weir{count + 1}")
        started = proxy.Proxy(config, folder, name, **options)
        children.append(started)
        return started

    return start


@pytest.fixture
def http(weir, ports):
    """`http(servers=[...], frontend="", backend="")` starts a frontend before a backend.

    `servers` are objects with an `.address`; they are named s1, s2 ... `server` is added to each
    server line. The started proxy has `.port` and `.url`.
    """

    def start(servers=(), frontend="", backend="", server="", defaults="", top="", mode="http",
              bind="", **options):
        port = ports.take()
        lines = [
            f"server s{number} {each.address} {server}" for number, each in enumerate(servers, 1)
        ]
        config = "\n".join([
            textwrap.dedent(top),
            proxy.DEFAULTS + indented(defaults),
            f"frontend fe\n    mode {mode}\n    bind 127.0.0.1:{port} {bind}",
            indented(frontend),
            "    default_backend be",
            f"backend be\n    mode {mode}",
            indented(backend),
            indented("\n".join(lines)),
        ])
        return weir(config + "\n", port=port, **options)

    return start


def indented(text):
    return textwrap.indent(textwrap.dedent(text).strip("\n"), "    ")


@pytest.fixture
def origin(children, folder):
    """`origin(name)` starts a weir-origin that sends X-Origin: name."""

    def start(name="A", *args):
        started = servers.Origin(name, folder, args)
        children.append(started)
        return started

    return start


@pytest.fixture
def nginx(children, folder):
    """`nginx(conf)` starts nginx with `conf` inside http { }."""

    def start(conf):
        started = servers.Nginx(conf, folder)
        children.append(started)
        return started

    return start


@pytest.fixture
def scripted(children):
    """`scripted(script)` starts a server whose connections run `script(peer)` in a thread."""

    def start(script=None, **options):
        started = servers.Scripted(script, **options)
        children.append(started)
        return started

    return start


@pytest.fixture
def syslog(children):
    """A receiver of log lines: `.address` for the configuration, `.wait_for(pattern)`."""
    started = Syslog()
    children.append(started)
    return started


@pytest.fixture(scope="session")
def certificates(tmp_path_factory):
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def curl(folder):
    """`curl(url, *arguments)` runs curl and returns status, fields and body."""
    return functools.partial(client.curl, folder)


@pytest.fixture
def connect():
    """`connect(port_or_path)` opens a raw client connection; all are closed with the test."""
    opened = []

    def open_one(address, **options):
        raw = client.Raw(address, **options)
        opened.append(raw)
        return raw

    yield open_one
    for raw in opened:
        raw.close()


@pytest.fixture
def write(folder):
    """`write(name, text)` makes a file in the test's folder and returns its path."""

    def make(name, content):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            path.write_text(textwrap.dedent(content))
        return str(path)

    return make
