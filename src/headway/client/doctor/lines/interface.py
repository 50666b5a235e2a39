"""What a line is, what it is made with, and how what a library raised becomes a `Trouble`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

import httpx2
import msgspec
from websockets.exceptions import ConnectionClosed, InvalidStatus

from headway.client.address import Address
from headway.client.doctor.inbox import Inbox
from headway.client.doctor.observed import Answerer, Failed, Kind, Notes, Stage, Trouble
from headway.client.doctor.patience import Patience
from headway.client.endings import answered, closed, failed, refused
from headway.client.transports.http import new_http
from headway.client.transports.interface import Fields
from headway.clock import Clock
from headway.codes import Code

__all__ = [
    "Line",
    "Told",
    "Tools",
    "answerer",
    "answers_whole",
    "read_answer",
    "refusal",
    "trouble_of",
    "upgrade_trouble",
]

_BAD_HANDSHAKE: Final = 3
"""Engine.IO's own code for a request that is no handshake."""


@dataclass(frozen=True, slots=True)
class Tools:
    """What every line is made with."""

    address: Address
    token: str | None
    channel: str
    quiet: str | None
    """A channel in which nothing happens, where there is one."""
    patience: Patience
    clock: Clock


class Line(Protocol):
    """One connection. Every method raises `Failed`."""

    inbox: Inbox
    notes: Notes

    async def open(self) -> None:
        """Until the handshake is answered."""
        ...

    async def follow(self) -> None:
        """Until the state of the channel has been told."""
        ...

    async def ping(self) -> bool:
        """Ask, and wait for the answer. False: there is no way to ask."""
        ...

    async def close(self) -> None:
        """End it. Idempotent; raises nothing."""
        ...


@dataclass(frozen=True, slots=True)
class Told:
    """An HTTP answer, as far as it matters who gave it."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def answerer(headers: Mapping[str, str]) -> Answerer:
    """Who says that they have answered, or have passed it on."""
    server, via = headers.get("server"), headers.get("via") or headers.get("x-cache")
    return Answerer(_short(server), _short(via))


def read_answer(told: Told, stage: Stage) -> Trouble:
    """An HTTP answer that is not the one hoped for."""
    ended = answered(told.status, told.body, told.headers.get("retry-after"))
    code = ended.code if ended.announced else None
    reason = ended.reason if code is not None else f"HTTP {told.status}"
    return Trouble(Kind.STATUS, stage, reason, told.status, code, answerer(told.headers), retry=ended.retry)


def upgrade_trouble(told: Told) -> Trouble:
    """An answer to an upgrade that is none. Where a Headway says that there is nothing to be had here, it was not asked
    for an upgrade any more."""
    trouble = read_answer(told, Stage.OPEN)
    stripped = trouble.code is Code.NOT_FOUND or _engine_code(told.body) == _BAD_HANDSHAKE
    if not stripped:
        return trouble
    by = trouble.by
    return Trouble(Kind.STRIPPED, Stage.OPEN, "the server was not asked for an upgrade", told.status, trouble.code, by)


def trouble_of(error: BaseException, stage: Stage) -> Trouble:
    """What a library raised."""
    match error:
        case Failed():
            return error.trouble
        case InvalidStatus():
            response = error.response
            headers = {name.lower(): value for name, value in response.headers.raw_items()}
            return upgrade_trouble(Told(response.status_code, headers, bytes(response.body or b"")))
        case ConnectionClosed() if error.rcvd is not None and error.rcvd.code >= 1000:
            ended = closed(error.rcvd.code, error.rcvd.reason)
            kind = Kind.CLOSED if ended.announced else Kind.CUT
            code = Code.UNAUTHORIZED if ended.refusal().token else None
            return Trouble(kind, stage, ended.reason, error.rcvd.code, code)
        case TimeoutError() | httpx2.TimeoutException():
            return Trouble(Kind.SILENT, stage, "no answer in time")
        case msgspec.DecodeError() | LookupError() | TypeError() | ValueError():
            return Trouble(Kind.NONSENSE, stage, "what came back is not what a Headway says")
        case _:
            return Trouble(Kind.CUT, stage, failed(error).reason)


def refusal(error: Fields, stage: Stage) -> Trouble:
    """An error that a Headway says on an open connection."""
    ended = refused(error)
    return Trouble(Kind.CLOSED, stage, ended.reason, code=ended.code or Code.FORBIDDEN)


async def answers_whole(tools: Tools, url: str) -> bool:
    """Whether an answer that ends, on a connection that is closed behind it, comes through. Any answer will do."""
    try:
        async with new_http(tools.address) as http:
            await http.get(url, headers={"Connection": "close"}, timeout=tools.patience.answer)
    except (httpx2.HTTPError, OSError):
        return False
    return True


def _engine_code(body: bytes) -> object:
    try:
        fields: Any = msgspec.json.decode(body)  # Any: JSON
    except msgspec.DecodeError:
        return None
    return fields.get("code") if isinstance(fields, dict) else None


def _short(text: str | None) -> str | None:
    """A header may say anything, at any length."""
    return text[:80] if text else None
