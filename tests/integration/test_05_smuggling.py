# SPDX-License-Identifier: Apache-2.0
"""Malformed and ambiguous messages: weir refuses each, or forwards exactly one meaning of it.

The cases are in smuggling/*.txt. Each is sent raw to one weir, which has one recording server
behind it; what arrives there is read strictly, so that two readers could not differ about it.
"""

import shutil
import tempfile
import threading
import time
from pathlib import Path

import pytest

from harness.client import Raw
from harness.http import Malformed, Reader, Truncated, get
from harness.ports import Ports
from harness.proxy import Proxy
from harness.servers import Scripted
from harness.smuggling import corpus, unescape

ANSWER = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nanswer"
SECOND = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecond"
SETTLE = 0.03  # seconds for bytes to arrive where they should not
REFUSALS = {400, 403, 405, 408, 411, 413, 414, 421, 422, 431, 500, 501, 502, 505}

CASES = corpus()


class Recorder:
    """A server that answers whole requests, and shows what came since the last look."""

    def __init__(self):
        self.reply = ANSWER
        self.server = Scripted(self._script)
        self._seen = []

    def _script(self, peer):
        while True:
            if peer.request() is None:
                return
            reply, self.reply = self.reply, ANSWER
            peer.send(reply)
            if reply is not ANSWER and reply is not SECOND:
                peer.sock.shutdown(1)
                peer.reader.until_close()
                return

    def news(self):
        """The bytes of each connection since the last call; connections without any left out."""
        recorded = [bytes(each) for each in list(self.server.recorded)]
        before = self._seen + [0] * (len(recorded) - len(self._seen))
        self._seen = [len(each) for each in recorded]
        return [each[start:] for each, start in zip(recorded, before) if each[start:]]


@pytest.fixture(scope="module")
def recorder():
    started = Recorder()
    yield started
    started.server.finish()


@pytest.fixture(scope="module")
def proxy(recorder):
    folder = Path(tempfile.mkdtemp(prefix="weir-"))
    ports = Ports()
    port = ports.take()
    started = Proxy(f"""
        defaults
            mode http
            timeout connect 2s
            timeout client 2s
            timeout server 2s
            retries 0
        frontend fe
            bind 127.0.0.1:{port}
            default_backend be
        backend be
            server s {recorder.server.address}
    """, folder, port=port)
    yield started
    started.finish()
    ports.close()
    shutil.rmtree(folder, ignore_errors=True)


def split(data, read):
    """([messages], rest): the whole messages at the start of `data`, and what follows them."""
    pieces = iter([data])
    reader = Reader(lambda: next(pieces, b""))
    messages = []
    while reader.held or reader.more():
        before = reader.held
        try:
            messages.append(read(reader))
        except Truncated:
            return messages, before
    return messages, b""


def exchange(port, data, half_close=True):
    """Sends, half-closes, and returns all that comes back until the end.

    Without `half_close`, silence is the end too: HAProxy answers only one request of a client
    that has closed its side.
    """
    with Raw(port, seconds=4 if half_close else 0.3) as raw:
        received, hung = bytearray(), []

        def receive():
            try:
                while piece := raw.sock.recv(65536):
                    received.extend(piece)
            except ConnectionResetError:
                pass
            except TimeoutError:
                hung.append(half_close)

        reader = threading.Thread(target=receive)
        reader.start()
        try:
            raw.send(data)
            if half_close:
                raw.half_close()
        except (BrokenPipeError, ConnectionResetError, OSError):
            pass  # refused before it was all sent
        reader.join(5)
        assert True not in hung, "neither answered nor closed"
        return bytes(received)


def check_contents(case, message):
    if "body" in case.keys:
        assert message.body == unescape(case.keys["body"])
    if "head" in case.keys:
        assert case.keys["head"].lower() in message.head.decode("latin-1").lower()
    if "not-head" in case.keys:
        assert case.keys["not-head"].lower() not in message.head.decode("latin-1").lower()


def parameters(side):
    return [
        pytest.param(case, id=case.name, marks=pytest.mark.weir_only)
        if case.keys.get("weir-only") == "yes"
        else pytest.param(case, id=case.name)
        for case in CASES
        if case.side == side
    ]


@pytest.mark.parametrize("case", parameters("request"))
def test_request(proxy, recorder, case):
    recorder.news()
    received = exchange(proxy.port, case.data, half_close=case.count < 2)
    time.sleep(SETTLE)
    arrived = recorder.news()
    try:
        split_up = [split(data, Reader.request) for data in arrived]
    except Malformed as problem:
        raise AssertionError(f"{case.place}: forwarded malformed: {problem}\n{arrived}") from None
    messages = [message for whole, _ in split_up for message in whole]
    rests = [rest for _, rest in split_up if rest]
    answers, rest = split(received, Reader.response)
    assert not rest, f"{case.place}: a torn answer {rest!r}"
    refused = [answer for answer in answers if answer.status != 200]
    assert len(refused) <= 1 and all(answer.status in REFUSALS for answer in refused), case.place

    forwarded = len(messages) == case.count and not rests and not refused and case.count > 0
    if case.expect == "forward":
        assert forwarded, f"{case.place}: not forwarded: {received!r} {arrived!r}"
    elif case.expect == "refuse":
        assert len(messages) == case.count, f"{case.place}: forwarded {arrived!r}"
        assert len(answers) - len(refused) == case.count, f"{case.place}: answered {received!r}"
    if forwarded:
        # Several may come over several connections: the first by its body.
        check_contents(case, max(messages, key=lambda message: len(message.body)))
    elif case.status is not None:
        assert [answer.status for answer in refused] == [case.status], case.place
    assert len(answers) - len(refused) == len(messages)


@pytest.mark.parametrize("case", parameters("response"))
def test_response(proxy, recorder, case):
    recorder.reply = case.data
    with Raw(proxy.port, seconds=4) as raw:
        raw.send(get("/"))
        try:
            answer = raw.response()
        except (Truncated, ConnectionResetError):
            answer = None  # it visibly ended short
        except Malformed as problem:
            raise AssertionError(f"{case.place}: forwarded malformed: {problem}") from None
        refused = answer is None or answer.status == 502
        assert not (case.expect == "forward" and refused), f"{case.place}: {answer}"
        assert not (case.expect == "refuse" and not refused), f"{case.place}: {answer}"
        if answer is None:
            return
        if not refused:
            check_contents(case, answer)
        # Nothing of the case may be taken for an answer to the next request.
        assert answer.framing != "close" or not raw.reader.held
        recorder.reply = SECOND
        try:
            second = raw.ask(get("/second"))
        except (Truncated, ConnectionResetError, BrokenPipeError):
            recorder.reply = ANSWER  # closed behind the first answer: as good
            return
        assert second.body == b"second", f"{case.place}: {second}"


@pytest.mark.weir_only
def test_the_corpus_is_large_enough():
    assert len(CASES) >= 150


def test_the_recorder_works(proxy, recorder):
    recorder.news()
    assert b"answer" in exchange(proxy.port, get("/"))
    messages, rest = split(recorder.news()[0], Reader.request)
    assert (len(messages), rest) == (1, b"")
    assert proxy.alive()
