"""What all readers share: their face, their words for a beginning, an error and an end."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Protocol, Self

import msgspec

__all__ = ["Beginning", "Ended", "Face", "Fields", "Reader", "Refused", "refusal"]

Fields = dict[str, Any]
"""A message as an object. Any: JSON values."""


class Refused(Exception):
    """The server answered with an error: `code` as in `codes.py`, and the HTTP status where there is one."""

    def __init__(self, code: str, message: str, status: int | None = None) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status


class Ended(Exception):
    """The connection is over. `code` is the close code of a WebSocket; `retry` the milliseconds the server named to
    come back after."""

    def __init__(self, code: int | None = None, retry: int | None = None) -> None:
        super().__init__(f"ended with {code}, come back after {retry}")
        self.code = code
        self.retry = retry


@dataclass(frozen=True, slots=True)
class Beginning:
    """What a reader is told before the first event."""

    position: str
    recovered: bool
    snapshot: list[Fields] | None
    """The state; None for a reader that came with a position."""


class Reader(Protocol):
    """A reader of any transport."""

    @property
    def token(self) -> str:
        """What this wire's own client would come back with."""
        ...

    def position(self, channel: str) -> str:
        """Where to go on in a channel, on any transport."""
        ...

    async def subscribe(self, channel: str, since: str | None = None) -> Beginning:
        """Follow a channel. Raises `Refused`, `Ended`."""
        ...

    async def next(self) -> Fields:
        """The next event or gap. Raises `Ended` when the connection is over, `Refused` on an error. Cancel freely."""
        ...

    def stall(self) -> None:
        """Read nothing from the socket from now on."""
        ...

    def resume(self) -> None:
        """Read again."""
        ...

    async def cut(self) -> None:
        """Be gone without a word, as a train in a tunnel."""
        ...

    async def close(self) -> None:
        """Leave as this wire has it."""
        ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def __aiter__(self) -> AsyncIterator[Fields]: ...


class Face:
    """What all readers share: positions are learnt from what passes by, and leaving closes."""

    def __init__(self) -> None:
        self._positions: dict[str, str] = {}
        self._last = ""

    @property
    def token(self) -> str:
        """What this wire's own client would come back with."""
        return self._last

    def position(self, channel: str) -> str:
        """Where to go on in a channel, on any transport."""
        return self._positions[channel]

    def _told(self, fields: Fields) -> Fields:
        self._positions[fields["channel"]] = self._last = fields["position"]
        return fields

    async def next(self) -> Fields:
        raise NotImplementedError  # each wire has its own

    async def close(self) -> None:
        raise NotImplementedError  # each wire has its own

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def __aiter__(self) -> AsyncIterator[Fields]:
        while True:
            try:
                yield await self.next()
            except Ended:
                return


def refusal(status: int, body: bytes | bytearray) -> Refused:
    """An HTTP answer that is an error."""
    try:
        error = msgspec.json.decode(body)["error"]
    except (msgspec.DecodeError, KeyError, TypeError):
        return Refused("", bytes(body[:200]).decode("latin-1"), status)
    return Refused(error["code"], error["message"], status)
