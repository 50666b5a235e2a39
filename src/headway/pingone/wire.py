"""One request, one answer: a bounded body, bounded times, and every way to fail under one name.

Redirects are not followed: with the request a bearer token, or a client secret, would go wherever the answer points.
No cookie is kept, and nothing is taken from the environment, whose `.netrc` could answer for us.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

import aiohttp
from yarl import URL

from headway.pingone.errors import PingOneError, Verdict, unreachable, unreadable
from headway.pingone.retries import asked_wait
from headway.pingone.servertime import ServerTime

__all__ = ["ANSWER_BYTES", "TIMEOUTS", "Answer", "Timeouts", "Wire"]

ANSWER_BYTES: Final = 32 * 1024 * 1024
"""Largest answer that is read. A page of 1,000 users, the most any document names, of 16 KB each is half of it."""
_REFUSAL_BYTES: Final = 256 * 1024
"""Of an answer that is no success. PingOne's are a few hundred; of a larger one the status is enough."""
_ID_CHARACTERS: Final = 100
"""Of a correlation id. PingOne's are UUIDs."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds."""

    connect: float = 10.0
    """Three lost SYNs of TCP are 7."""
    answer: float = 45.0
    """From the request to the last byte of its answer, which bounds both silence and dripping. A load balancer gives up
    on its own side after 29 or 30. One timer for both: another one for silence is set anew at every read, and shows."""


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
        self._answer_bytes = answer_bytes
        self._session: aiohttp.ClientSession | None = None

    def open(self) -> None:
        """Be ready. In the loop that will ask."""
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=self._connections),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=self._timeouts.answer, sock_connect=self._timeouts.connect),
            headers={"User-Agent": "headway", "Accept": "application/json"},
        )
        # It would send what it takes for idempotent again by itself, and a deletion whose answer was lost would look
        # like one of nobody. There is no public way to say so; a test notices if this one goes.
        self._session._retry_connection = False

    async def close(self) -> None:
        """Close every connection. Idempotent."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def ask(
        self, method: str, url: URL, body: bytes | None, headers: Mapping[str, str], name: str = ""
    ) -> Answer:
        """Send once; an answer of whatever status. Raises `PingOneError` if none came, with `uncertain` saying whether
        the request may have arrived. Cancelling leaves that open."""
        if self._session is None:
            raise RuntimeError("the connections to PingOne are not open")
        try:
            async with self._session.request(
                method, url, data=body, headers=headers, allow_redirects=False
            ) as response:
                content = await self._content(response, name)
                told = response.headers
                self._time.note(told.get("Date", ""))
                asked = told.get("Retry-After") if response.status >= 400 else None
                return Answer(
                    response.status,
                    content,
                    told.get("Content-Type", ""),
                    _correlation(response),
                    None if asked is None else asked_wait(asked, self._time.now()),
                )
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            # ValueError: aiohttp's own for some headers nobody should send.
            raise _failure(error, name) from None

    async def _content(self, response: aiohttp.ClientResponse, name: str) -> bytes:
        success = response.status < 300
        most = self._answer_bytes if success else _REFUSAL_BYTES
        length = response.content_length
        if length is not None and length <= most and "Content-Encoding" not in response.headers:
            return await response.read()
        pieces = bytearray()
        # Counted after it was unpacked, so that a small answer cannot become a large one.
        async for piece in response.content.iter_any():
            pieces += piece
            if len(pieces) > most:
                response.close()
                if not success:
                    return b""
                reason = f"is larger than {most} bytes"
                raise unreadable(response.status, reason, correlation_id=_correlation(response), transaction_id=name)
        return bytes(pieces)


def _correlation(response: aiohttp.ClientResponse) -> str:
    # The second is the same, where only Amazon's gateway answered.
    text = response.headers.get("correlation-id") or response.headers.get("x-amzn-requestid") or ""
    return text[:_ID_CHARACTERS] if text.isprintable() else ""


def _failure(error: Exception, name: str) -> PingOneError:
    """The error's own text is not repeated where it could quote what was sent."""
    match error:
        case aiohttp.ClientConnectorCertificateError():
            reason = "its certificate is not trusted here"
            return unreachable(reason, sent=False, transaction_id=name, judged=Verdict.STOP)
        case aiohttp.ClientSSLError():
            return unreachable("TLS cannot be agreed on", sent=False, transaction_id=name)
        case aiohttp.ClientConnectorDNSError():
            return unreachable("its host name is not found", sent=False, transaction_id=name)
        case aiohttp.ConnectionTimeoutError():
            return unreachable("connecting takes too long", sent=False, transaction_id=name)
        case aiohttp.ClientConnectorError():
            return unreachable("no connection can be made", sent=False, transaction_id=name)
        case aiohttp.InvalidURL() | aiohttp.InvalidUrlClientError():
            return unreachable("the address is none", sent=False, transaction_id=name, judged=Verdict.OUR_BUG)
        case asyncio.TimeoutError():
            return unreachable("the answer takes too long", sent=True, transaction_id=name)
        case aiohttp.ClientPayloadError():
            return unreachable("the answer breaks off", sent=True, transaction_id=name)
        case aiohttp.ClientResponseError():
            return unreachable("what comes back is not HTTP", sent=True, transaction_id=name)
        case _:
            return unreachable("the connection ends", sent=True, transaction_id=name)
