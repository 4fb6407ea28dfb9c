# SPDX-License-Identifier: Apache-2.0
"""Every file in examples/ is valid, and the quickstart serves what it promises."""

import os
from pathlib import Path

import pytest

from harness.http import get
from harness.proxy import run_once
from harness.servers import pattern

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = sorted((ROOT / "examples").glob("*.cfg"))


@pytest.fixture
def environment(folder, certificates):
    """What the examples take from the environment, in the test's folder."""
    text = open(certificates.pem("localhost")).read()
    for name in ("localhost.pem", "site.pem"):
        (folder / name).write_text(text)
    return {"WEIR_QUICKSTART": str(folder), "WEIR_CERTIFICATES": str(folder),
            "WEIR_STATE": str(folder)}


@pytest.mark.smoke
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_example_is_valid(path, environment):
    done = run_once(["-c", "-f", path.relative_to(ROOT)], env=environment, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "[WARNING]" not in done.stderr, done.stderr


def test_the_quickstart_serves(weir, ports, origin, environment, connect):
    """examples/quickstart.cfg with ports of its own."""
    text = (ROOT / "examples/quickstart.cfg").read_text()
    web, tls, page = ports.take(), ports.take(), ports.take()
    for before, after in ((":8080", f"127.0.0.1:{web}"), (":8443", f"127.0.0.1:{tls}"),
                          ("127.0.0.1:8404", f"127.0.0.1:{page}"),
                          ("127.0.0.1:9001", origin("one").address),
                          ("127.0.0.1:9002", origin("two").address)):
        assert text.count(f" {before}") == 1, before
        text = text.replace(f" {before}", f" {after}")
    weir(text, env=environment)
    answer = connect(web).ask(get("/?s=3"))
    assert (answer.body, answer.get("X-Served-By")) == (pattern(3), "one")
    assert connect(web).ask(get("/private/x")).status == 403
    assert connect(page).ask(get("/")).status == 200
    assert os.path.exists(environment["WEIR_QUICKSTART"] + "/weir.sock")
