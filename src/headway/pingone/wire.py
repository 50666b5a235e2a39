"""One request, one answer: a bounded body, bounded times, and every way to fail under one name.

    POST /v1/environments/…/users HTTP/1.1
    Host · User-Agent · Accept · Accept-Encoding        of every request
    Authorization · Content-Type · …                    as whoever asks says
    Content-Length

A client of its own (`connection`, `pool`), since it takes half of the processor time that the fastest library takes
for a request. Redirects are not followed: with the request a bearer token, or a client secret, would go wherever the
answer points. No cookie is kept, nothing is taken from the environment, whose `.netrc` could answer for us, and nothing
is sent twice: trying again is for whoever knows what that means. A line break in a header or an address would begin
another header; it is a mistake of ours, and nothing leaves.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from yarl import URL

from headway.pingone.connection import Bounds, Broken, Heard
from headway.pingone.errors import PingOneError, Verdict, unreachable, unreadable
from headway.pingone.pool import Origin, Pool
from headway.pingone.retries import asked_wait
from headway.pingone.servertime import ServerTime

__all__ = ["ANSWER_BYTES", "TIMEOUTS", "Answer", "Timeouts", "Wire"]

ANSWER_BYTES: Final = 32 * 1024 * 1024
"""Largest answer that is read. A page of 1,000 users, the most any document names, of 16 KB each is half of it."""
_REFUSAL_BYTES: Final = 256 * 1024
"""Of an answer that is no success. PingOne's are a few hundred; of a larger one the status is enough."""
_ID_CHARACTERS: Final = 100
"""Of a correlation id. PingOne's are UUIDs."""
_ALWAYS: Final = "\r\nUser-Agent: headway\r\nAccept: application/json\r\nAccept-Encoding: gzip"
_ALWAYS_BREAKS: Final = _ALWAYS.count("\n")


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds."""

    connect: float = 10.0
    """Until a connection is there, TLS included. Three lost SYNs of TCP are 7."""
    answer: float = 45.0
    """From the request to the last byte of its answer, which bounds both silence and dripping. A load balancer gives up
    on its own side after 29 or 30."""


TIMEOUTS: Final = Timeouts()


class Answer(NamedTuple):
    """What came back."""

    status: int
    content: bytes
    media: str
    correlation_id: str
    wait: float | None
    """Seconds to wait, if the answer asks for that."""


class Wire:
    """The connections to one PingOne. `open` before the first request, `close` in the end."""

    def __init__(
        self, time: ServerTime, timeouts: Timeouts, connections: int, answer_bytes: int = ANSWER_BYTES
    ) -> None:
        self._time = time
        self._timeouts = timeouts
        self._connections = connections
        self._bounds = Bounds(answer_bytes, _REFUSAL_BYTES)
        self._pool: Pool | None = None

    def open(self) -> None:
        """Be ready. In the loop that will ask."""
        self._pool = Pool(self._connections, self._timeouts.connect, self._timeouts.answer, self._bounds)

    async def close(self) -> None:
        """Close every connection. Idempotent."""
        if self._pool is not None:
            pool, self._pool = self._pool, None
            await pool.close()

    async def ask(
        self, method: str, url: URL, body: bytes | None, headers: Mapping[str, str], name: str = ""
    ) -> Answer:
        """Send once; an answer of whatever status. Raises `PingOneError` if none came, with `uncertain` saying whether
        the request may have arrived. Cancelling leaves that open."""
        if self._pool is None:
            raise RuntimeError("the connections to PingOne are not open")
        try:
            origin, request = _written(method, url, body, headers)
            heard = await self._pool.ask(origin, request)
        except Broken as error:
            raise unreachable(str(error), sent=True, transaction_id=name) from None
        except (OSError, ValueError) as error:
            raise _unsent(error, name) from None
        status, told, content = heard
        self._time.note(told.get(b"date", b"").decode("latin-1"))
        asked = told.get(b"retry-after") if status >= 400 else None
        answer = Answer(
            status,
            content or b"",
            told.get(b"content-type", b"").decode("latin-1"),
            _correlation(heard),
            None if asked is None else asked_wait(asked.decode("latin-1"), self._time.now()),
        )
        if content is None and status < 300:
            reason = f"is larger than {self._bounds.success} bytes"
            raise unreadable(status, reason, correlation_id=answer.correlation_id, transaction_id=name)
        return answer


def _written(method: str, url: URL, body: bytes | None, headers: Mapping[str, str]) -> tuple[Origin, bytes]:
    """Where to, and what goes there. Raises `ValueError` for an address that is none."""
    host, port, path = url.raw_host, url.port, url.raw_path_qs
    if not host or port is None or url.scheme not in ("http", "https") or " " in path:
        raise ValueError("no address of a server")
    lines = [f"{method} {path} HTTP/1.1\r\nHost: {url.host_port_subcomponent}{_ALWAYS}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if body is not None or method in ("POST", "PUT", "PATCH"):
        lines.append(f"Content-Length: {len(body or b'')}")
    head = "\r\n".join(lines)
    if head.count("\n") != len(lines) + _ALWAYS_BREAKS or head.count("\r") != head.count("\n"):
        raise ValueError("a line break where none belongs")
    return Origin(url.scheme == "https", host, port), b"".join((head.encode("latin-1"), b"\r\n\r\n", body or b""))


def _correlation(heard: Heard) -> str:
    # The second is the same, where only Amazon's gateway answered.
    text = (heard.headers.get(b"correlation-id") or heard.headers.get(b"x-amzn-requestid") or b"").decode("latin-1")
    return text[:_ID_CHARACTERS] if text.isprintable() else ""


def _unsent(error: Exception, name: str) -> PingOneError:
    """Nothing has left. The error's own text is not repeated where it could quote what was to be sent."""
    match error:
        case ssl.SSLCertVerificationError():
            reason = "its certificate is not trusted here"
            return unreachable(reason, sent=False, transaction_id=name, judged=Verdict.STOP)
        case ssl.SSLError():
            return unreachable("TLS cannot be agreed on", sent=False, transaction_id=name)
        case socket.gaierror():
            return unreachable("its host name is not found", sent=False, transaction_id=name)
        case TimeoutError():
            return unreachable("connecting takes too long", sent=False, transaction_id=name)
        case OSError():
            return unreachable("no connection can be made", sent=False, transaction_id=name)
        case _:
            return unreachable("the address is none", sent=False, transaction_id=name, judged=Verdict.OUR_BUG)
