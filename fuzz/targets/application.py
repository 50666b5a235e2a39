"""The whole application, through ASGI: requests (`http`) and what is said on a WebSocket (`dialogue`). The server below
it has read the bytes; everything else of a request is a stranger's.

Tokens are needed, and most clients have one that lets them do everything; what tokens may be is fuzzed in `access.py`.

Law: an answer is whole, its status is none of 5xx but 501 (not set up), an error has the one shape errors have, and no
header or status is something a server could not write. What is said on a WebSocket is answered, or ends the connection
by a code of ours; nothing is logged as a mistake of ours, and nothing stays behind.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import Coroutine, Iterator, MutableMapping, Sequence
from typing import Any, Final

import msgspec

from fuzz.choices import Choices
from fuzz.target import Target, require
from headway.access.jws import sign
from headway.limits import Limits
from headway.server.live import Headway
from headway.server.security import Security

__all__ = ["TARGETS", "close"]

Message = MutableMapping[str, Any]  # Any: ASGI's own shapes

_EACH: Final = 500
"""Inputs that one application takes before a fresh one, so that what is published does not pile up."""
_SECRET: Final = "a secret of the fuzzer, long enough for HS256"
_TOKEN: Final = sign({"sub": "ada", "exp": 4_000_000_000, "role": "admin", "publish": ["*"]}, _SECRET.encode())
_BEARER: Final = (b"authorization", b"Bearer " + _TOKEN.encode())
_METHODS: Final = ("GET", "POST", "HEAD", "OPTIONS", "PUT", "DELETE", "G\xc3T")
_PATHS: Final = (
    b"/api/channels/%s/events",
    b"/api/channels/%s/stream",
    b"/api/channels/%s",
    b"/api/import/progress/%s",
    b"/api/stream?channel=a&%s",
    b"/socket.io/?EIO=4&transport=polling&%s",
    b"/socket.io/?%s",
    b"/%s",
)
_HEADERS: Final = (
    b"content-type",
    b"content-length",
    b"accept",
    b"authorization",
    b"if-none-match",
    b"last-event-id",
    b"idempotency-key",
    b"origin",
    b"host",
    b"access-control-request-method",
)


class _Mistakes(logging.Handler):
    """What the application logs as an error is a finding, whatever it answered."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.found: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.found.append(record)

    @contextlib.contextmanager
    def watching(self, *names: str) -> Iterator[None]:
        """Take what these loggers say, and keep it from everybody else."""
        loggers = [logging.getLogger(name) for name in names]
        self.found.clear()
        for logger in loggers:
            logger.addHandler(self)
            logger.propagate = False
        try:
            yield
        finally:
            for logger in loggers:
                logger.removeHandler(self)
                logger.propagate = True

    def take(self) -> None:
        """Raise what was logged last."""
        if self.found:
            record = self.found[-1]
            self.found.clear()
            error = record.exc_info[1] if record.exc_info else None
            raise AssertionError(f"the application logs: {record.getMessage()}") from error


class _Home:
    """The loop and the application that the inputs of a process share."""

    def __init__(self) -> None:
        self._mistakes = _Mistakes()
        self._runner: asyncio.Runner | None = None
        self._left = 0
        self.live = Headway()

    def run(self, coroutine: Coroutine[Any, Any, None]) -> None:  # Any: the loop's own
        """Run to the end, and see that nothing stays behind."""
        if self._runner is None:
            # Not the loop of the thread: the tests have theirs.
            self._runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
        with self._mistakes.watching("headway", "asyncio"):
            self._runner.run(self._whole(coroutine))
        self._mistakes.take()

    def close(self) -> None:
        """End the application and the loop. The next input makes new ones."""
        if self._runner is not None:
            self._runner.run(self.live.close())
            self._runner.close()
        self._runner, self._left, self.live = None, 0, Headway()

    async def _whole(self, coroutine: Coroutine[Any, Any, None]) -> None:
        if self._left == 0:
            await self.live.close()
            self.live = Headway(
                limits=Limits(body_bytes=20_000, message_bytes=4_000, event_bytes=4_000),
                security=Security(secret=_SECRET, origins=("http://a.b",)),
            )
            await self.live.start()
            self._left = _EACH
        self._left -= 1
        before = asyncio.all_tasks()
        await coroutine
        for _ in range(200):
            staying = {task for task in asyncio.all_tasks() - before if not task.done()}
            if not staying:
                return
            await asyncio.sleep(0)
        raise AssertionError(f"tasks stay behind: {staying}")


_HOME: Final = _Home()


def close() -> None:
    """End what the inputs of this process shared."""
    _HOME.close()


def _check_request(data: bytes) -> None:
    choices = Choices(data)
    method = choices.pick(_METHODS)
    target = choices.pick(_PATHS) % choices.piece()
    known = choices.number(3) != 3
    headers = [(choices.pick(_HEADERS), choices.piece()) for _ in range(choices.number(4))]
    headers += [_BEARER] if known else []
    cuts, body = choices.number(3), choices.rest()
    path, _, query = target.partition(b"?")
    scope: dict[str, Any] = {  # Any: ASGI's own shapes
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path.decode("latin-1"),
        "raw_path": path,
        "query_string": query,
        "root_path": "",
        "headers": headers,
        "client": ("127.0.0.1", 40_000),
        "server": ("127.0.0.1", 4_000),
        "extensions": {},
    }
    _HOME.run(_ask(scope, _parts(body, cuts)))


def _parts(body: bytes, cuts: int) -> list[Message]:
    size = max(1, len(body) // (cuts + 1))
    pieces = [body[at : at + size] for at in range(0, len(body), size)] or [b""]
    return [
        {"type": "http.request", "body": piece, "more_body": place < len(pieces) - 1}
        for place, piece in enumerate(pieces)
    ]


async def _ask(scope: dict[str, Any], parts: list[Message]) -> None:  # Any: ASGI's own shapes
    sent: list[Message] = []

    async def receive() -> Message:
        # A client that has said all and then leaves, so that no stream and no poll waits.
        return parts.pop(0) if parts else {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    await _HOME.live(scope, receive, send)
    _check_answer(scope["method"], sent)


def _check_answer(method: str, sent: Sequence[Message]) -> None:
    require(sent and sent[0]["type"] == "http.response.start", "there is no answer")
    status, headers = sent[0]["status"], dict(sent[0]["headers"])
    body = b"".join(message.get("body", b"") for message in sent[1:])
    require(200 <= status < 500 or status == 501, f"{status}: {body[:500]!r}")
    for name, value in sent[0]["headers"]:
        require(name == name.lower() and not any(byte in value for byte in b"\r\n\0"), f"a header {name!r}: {value!r}")
    kind = headers.get(b"content-type", b"")
    if kind.startswith(b"text/event-stream"):
        return  # it ends when the client leaves
    require(not sent[-1].get("more_body"), "the answer has no end")
    if b"content-length" in headers and method != "HEAD":
        require(int(headers[b"content-length"]) == len(body), "the answer is longer or shorter than it says")
    if kind == b"application/json" and method != "HEAD":
        fields = json.loads(body)
        require(status < 400 or set(fields) in ({"error"}, {"code", "message", "reason"}), f"an error like {fields}")


def _check_dialogue(data: bytes) -> None:
    choices = Choices(data)
    protocol = choices.pick(("headway.json", "headway.msgpack", ""))
    known, query = choices.number(3) != 3, choices.piece()
    messages: list[Message] = [{"type": "websocket.connect"}]
    while choices:
        text = choices.number(1) == 0
        said: str | bytes = choices.text() if text else choices.piece()
        messages.append({"type": "websocket.receive", "text" if text else "bytes": said})
    scope: dict[str, Any] = {  # Any: ASGI's own shapes
        "type": "websocket",
        "http_version": "1.1",
        "scheme": "ws",
        "path": "/ws",
        "raw_path": b"/ws",
        "query_string": query,
        "root_path": "",
        "headers": [_BEARER] if known else [],
        "subprotocols": [protocol] if protocol else [],
        "client": ("127.0.0.1", 40_000),
        "server": ("127.0.0.1", 4_000),
        "extensions": {},
    }
    _HOME.run(_talk(scope, messages))


async def _talk(scope: dict[str, Any], messages: list[Message]) -> None:  # Any: ASGI's own shapes
    sent: list[Message] = []

    async def receive() -> Message:
        if messages:
            return messages.pop(0)
        # What was said is handled before the client leaves.
        for _ in range(50):
            await asyncio.sleep(0)
        return {"type": "websocket.disconnect", "code": 1005}

    async def send(message: Message) -> None:
        sent.append(message)

    await _HOME.live(scope, receive, send)
    for message in sent:
        match message["type"]:
            case "websocket.accept" | "websocket.http.response.start" | "websocket.http.response.body":
                pass
            case "websocket.close":
                require(1000 <= message["code"] < 5000, "a close without a code")
                require(len(message["reason"].encode()) <= 123, "a reason that does not fit")
            case "websocket.send":
                fields = json.loads(message["text"]) if "text" in message else msgspec.msgpack.decode(message["bytes"])
                require(isinstance(fields, dict) and "type" in fields, f"a message like {fields}")
                require(fields.get("code") != "internal", f"a mistake of ours: {fields}")
            case other:
                raise AssertionError(f"a message of type {other}")


def _piece(data: bytes) -> bytes:
    return bytes((len(data),)) + data if len(data) < 255 else bytes((255, len(data) >> 8, len(data) & 255)) + data


def _request(
    method: int,
    path: int,
    rest: bytes,
    body: bytes = b"",
    headers: Sequence[tuple[int, bytes]] = (),
    cuts: int = 0,
    known: int = 0,
) -> bytes:
    spelled = b"".join(bytes((name,)) + _piece(value) for name, value in headers)
    return bytes((method, path)) + _piece(rest) + bytes((known, len(headers))) + spelled + bytes((cuts,)) + body


def _saying(protocol: int, *messages: object) -> bytes:
    """Messages of a client; bytes as they stand, everything else as the protocol writes it."""
    said = b""
    for message in messages:
        if isinstance(message, bytes):
            said += b"\0" + _piece(message)
        elif protocol == 1:
            said += b"\1" + _piece(msgspec.msgpack.encode(message))
        else:
            said += b"\0" + _piece(msgspec.json.encode(message))
    return bytes((protocol, 0)) + _piece(b"") + said


_LINES: Final = b'{"type":"a"}\n\n{"type":"b","data":{"x":1}}\n'
_REQUESTS: Final = (
    _request(1, 0, b"run:7", b'{"type":"progress","data":{"percent":40},"key":"k"}'),
    _request(1, 0, b"a%2Fb", b'[{"type":"a"},{"type":"b"}]', [(6, b"key-1"), (0, b"application/json")], cuts=2),
    _request(1, 0, b"run:7", _LINES, [(0, b"application/x-ndjson")], cuts=1),
    _request(1, 0, b"run:7", b"\xff\xfe{", [(1, b"5"), (7, b"http://127.0.0.1:4000"), (8, b"127.0.0.1:4000")]),
    _request(0, 0, b"run:7"),
    _request(0, 7, b"api/channels/run:7/events?since=&limit=5&wait=0.5"),
    _request(0, 7, b"api/channels/run:7/events?since=abc.1&limit=inf&wait=nan", b"", [(4, b'W/"abc.1"')]),
    _request(0, 1, b"%E2%82%AC", b"", [(2, b"text/event-stream"), (5, b"7k2m9qzt41.1")]),
    _request(0, 3, b"s", b"", [(2, b"text/event-stream")]),
    _request(0, 3, b"s", b"", [(4, b'"x.1"')]),
    _request(0, 4, b"channel=b&since=a.1,b.2"),
    _request(0, 5, b"t=1"),
    _request(1, 5, b"sid=x", b'42["a"]'),
    _request(3, 0, b"a", b"", [(7, b"http://a.b"), (9, b"POST")]),
    _request(0, 2, b"%FF"),
    _request(0, 0, b"run:7", known=3),
    _request(0, 7, b"api/me"),
    _request(0, 7, b"api/sign-in"),
    _request(1, 7, b"api/sign-in", b'{"user":"ada","password":"x"}', known=3),
    _request(1, 7, b"api/sign-out"),
    _request(1, 7, b"api/tickets"),
    _request(1, 7, b"api/shares", b'{"channel":"run:7","seconds":60}'),
    _request(1, 7, b"api/revocations", b'{"user":"bob"}'),
    _request(0, 7, b"api/metrics"),
    _request(0, 7, b"metrics"),
    _request(0, 7, b"api/debug/messages?limit=5"),
    _request(0, 7, b"api/stream?channel=a&ticket=x"),
    _request(4, 0, b"a\r\nx"),
)
_PUBLISH: Final = {"type": "publish", "channel": "a", "event": {"type": "b", "data": {"x": 1}}, "id": "1"}
_TALKS: Final = (
    _saying(0, {"type": "ping", "id": 7}, {"type": "subscribe", "channel": "a"}, _PUBLISH),
    _saying(
        1, {"type": "ping", "id": {"a": [1, b"b"]}}, {"type": "subscribe", "channel": "a", "batch": True}, _PUBLISH
    ),
    _saying(2, {"sessionId": "a"}, {"type": "auth", "token": "t"}, {"type": "ack", "channel": "a", "offset": 2**63}),
    _saying(0, b'{"type":"ping","id":123456789012345678901234567890}', b"nonsense", b'{"type":"nothing"}'),
    _saying(1, b'{"type":"ping","id":123456789012345678901234567890}'),
    _saying(1, {"type": "ping", "id": msgspec.msgpack.Ext(5, b"abcd")}, {"type": "subscribe", "channel": "a"}),
    _saying(0, b'{"type":"ping","id":' + b"[" * 900 + b"]" * 900 + b"}"),
    _saying(0, {"type": "auth", "token": _TOKEN}, {"type": "subscribe", "channel": "a", "since": "x.1"}, _PUBLISH),
)
TARGETS: Final = (Target("http", _check_request, _REQUESTS), Target("dialogue", _check_dialogue, _TALKS))
