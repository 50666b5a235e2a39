"""The audit trail: who did what, to what, when, from where. It is a channel of the log itself, so it is durable,
bounded by its own retention, and read like any other:

    GET /api/audit?since=&last=&limit=&wait=
                                          {"events": [{"action": "published", "user": "ada", "target": "run:7",
                                          "address": …, "count": 3, "ranges": [[5, 7]], …}], "position", "more"}

Without `since` it begins where the log begins, or so many entries before its end: the `last`. What was published is
gathered: at most one entry a second for each user and channel, with the offsets as ranges. Everything else is written
at once. Of what nobody in particular publishes there is no entry.

Law: writing down what somebody did never delays it and never makes it fail. What the log does not take is tried again
with the next, up to a bound; beyond it entries are lost, counted, and the log of the server says so.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final

from headway.access.identity import Identity
from headway.errors import HeadwayError, PeerError
from headway.events import Draft
from headway.hub.hub import Hub
from headway.limits import Limits, Retention
from headway.log.interface import Appended, Page
from headway.positions import BEGINNING, Position
from headway.protocols.stream import flat_fields, gap_fields, since_of
from headway.transports.requests import Receive, unless_left

__all__ = ["AUDIT", "KEPT", "Action", "Audit"]

_LOG: Final = logging.getLogger("headway.audit")

AUDIT: Final = " audit"
"""The channel of the entries. It begins with a space: no channel a client can name does."""

KEPT: Final = Retention(events=1_000_000, seconds=90 * 86_400.0, bytes=256 * 1024 * 1024)
"""A quarter of a year, as people who ask for an audit trail expect; at 250 bytes an entry a million of them."""

_TYPE: Final = "audit"

_GATHER_SECONDS: Final = 1.0
"""For which what a user publishes to a channel becomes one entry."""
_WAITING: Final = 1_000
"""Entries that wait at most, of each kind: what a log that hangs for some seconds leaves behind."""
_RANGES: Final = 64
"""Ranges of one entry. One user's events in a second are neighbours, unless others publish between them."""
_PAGE: Final = 100
_MOST: Final = 1_000
_LONGEST: Final = 256
"""Characters of a name in an entry: a user's name comes from a token, and what failed to sign in from anybody."""


class Action(Enum):
    """What is written down."""

    SIGNED_IN = "signed_in"
    SIGN_IN_FAILED = "sign_in_failed"
    SIGNED_OUT = "signed_out"
    PUBLISHED = "published"
    PAUSED = "paused"
    RESUMED = "resumed"
    CANCELLED = "cancelled"
    REVOKED = "revoked"
    SHARED = "shared"
    USERS_CHANGED = "users_changed"
    ENDED = "ended"
    DID = "did"
    """Something of an application's: `what` says it."""


@dataclass(slots=True)
class _Published:
    """What a user published to a channel since the last entry."""

    address: str | None
    count: int = 0
    ranges: list[list[int]] = field(default_factory=list)

    def take(self, first: int, last: int, count: int) -> None:
        self.count += count
        if self.ranges and self.ranges[-1][1] + 1 == first:
            self.ranges[-1][1] = last
        elif len(self.ranges) < _RANGES:
            self.ranges.append([first, last])
        else:
            # Too many pieces: the last one then spans some events of others.
            self.ranges[-1][1] = last


class Audit:
    """Writes the trail, and reads it."""

    def __init__(self, hub: Hub, limits: Limits) -> None:
        self._hub = hub
        self._wait_seconds = limits.wait_seconds
        self._page_bytes = limits.page_bytes
        self._entries: list[Draft] = []
        self._published: dict[tuple[str, str], _Published] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._writing: asyncio.Task[None] | None = None
        self._closed = False
        self.stored = self.lost = self.failures = 0

    # Writing. None of these waits or raises.

    def note(
        self,
        action: Action,
        *,
        user: str | None,
        target: str | None = None,
        address: str | None = None,
        **more: object,
    ) -> None:
        """Somebody did something. `more` are words of ours that say how."""
        if len(self._entries) >= _WAITING or self._closed:
            self._lose(1)
            return
        try:
            self._entries.append(_entry(action, user, target, address, more))
        except HeadwayError as error:
            _LOG.error("! an entry of the audit trail cannot be written down: %s", error)
            self._lose(1)
            return
        self._write_soon()

    def published(self, identity: Identity, channel: str, appended: Appended, address: str | None = None) -> None:
        """Somebody published. A repetition stored nothing and is passed over."""
        user = identity.user
        if user is None or appended.replayed or not appended.events:
            return
        if self._closed:
            self._lose(1)
            return
        known = self._published.get((user, channel))
        if known is None:
            if len(self._published) >= _WAITING:
                self._lose(1)
                return
            known = self._published[user, channel] = _Published(address)
        known.take(appended.events[0].offset, appended.events[-1].offset, len(appended.events))
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_GATHER_SECONDS, self._gathered)

    async def flush(self) -> None:
        """Write down what waits. Returns when it is stored, or when the log would not take it."""
        self._gather()
        while self._entries or self._writing is not None:
            failures = self.failures
            self._write_soon()
            if self._writing is not None:
                await asyncio.wait({self._writing})
            if self.failures > failures:
                return

    async def close(self) -> None:
        """Write down what waits, once; take nothing more. Idempotent. Before the hub is closed."""
        if self._timer is not None:
            self._timer.cancel()
        await self.flush()
        self._closed = True
        self._stop_timer()
        self._lose(len(self._entries))
        self._entries.clear()

    def _gathered(self) -> None:
        self._timer = None
        self._gather()
        self._write_soon()

    def _gather(self) -> None:
        """Make entries of what was published, as far as there is room; the rest waits on."""
        room = max(0, _WAITING - len(self._entries))
        for user, channel in list(self._published)[:room]:
            one = self._published.pop((user, channel))
            more = {"count": one.count, "ranges": one.ranges}
            self._entries.append(_entry(Action.PUBLISHED, user, channel, one.address, more))

    def _write_soon(self) -> None:
        if self._writing is None and self._entries:
            self._writing = asyncio.get_running_loop().create_task(self._write(), name="audit")

    async def _write(self) -> None:
        """Store what waits, again and again until nothing does, or until it fails."""
        try:
            while self._entries:
                batch = self._entries[:_WAITING]
                await self._hub.publish(AUDIT, batch)
                del self._entries[: len(batch)]
                self.stored += len(batch)
        except HeadwayError as error:
            self._failed(error)
        except Exception as error:  # whatever it is, what people do must go on
            _LOG.exception("! the audit trail failed")
            self._failed(error)
        finally:
            self._writing = None

    def _failed(self, error: Exception) -> None:
        self.failures += 1
        _LOG.warning("! %d entries of the audit trail wait, they cannot be stored: %s", len(self._entries), error)
        if self._timer is None and not self._closed:
            self._timer = asyncio.get_running_loop().call_later(_GATHER_SECONDS, self._gathered)

    def _lose(self, count: int) -> None:
        if count:
            self.lost += count
            if self.lost == count or self.lost % _WAITING == 0:
                _LOG.error("! entries of the audit trail are lost, %d so far: the log does not take them", self.lost)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    # Reading.

    async def page(self, query: Mapping[str, str], receive: Receive) -> dict[str, Any]:  # Any: JSON
        """The body of `/api/audit`. Raises `PeerError`, also when the client leaves while it waits, and `StorageError`.
        Cancelling gives up waiting."""
        limit = max(1, int(_number(query, "limit", _PAGE, _MOST)))
        wait = _number(query, "wait", 0.0, self._wait_seconds)
        since = since_of(query) or await self._before(int(_number(query, "last", 0, _MOST)))
        page = await self._read(since, limit)
        nothing = not page.events and page.gap is None
        if nothing and wait and await unless_left(self._hub.changed(AUDIT, page.reached, wait), receive):
            page = await self._read(page.reached, limit)
        events = [
            {name: value for name, value in flat_fields(event).items() if name != "channel"} for event in page.events
        ]
        if page.gap is not None:
            events.insert(0, gap_fields(page.gap, ()))
        return {"events": events, "position": str(page.reached), "more": page.reached.offset < page.head}

    async def _before(self, last: int) -> Position:
        """The position before so many of the newest entries; the beginning where none are named."""
        if not last:
            return BEGINNING
        head = await self._hub.head(AUDIT)
        return Position(head.epoch, max(0, head.offset - last))

    async def _read(self, since: Position, limit: int) -> Page:
        return await self._hub.read(AUDIT, since, limit=limit, max_bytes=self._page_bytes)

    def statistics(self) -> dict[str, int]:
        """What was stored and lost, and what waits."""
        return {
            "stored": self.stored,
            "lost": self.lost,
            "failures": self.failures,
            "waiting": len(self._entries) + len(self._published),
        }


def _entry(
    action: Action, user: str | None, target: str | None, address: str | None, more: Mapping[str, object]
) -> Draft:
    who = {"user": _short(user), "target": _short(target), "address": _short(address)}
    return Draft.of(_TYPE, {"action": action.value, **who, **more})


def _short(name: str | None) -> str | None:
    return name if name is None else name[:_LONGEST].encode("utf-8", "replace").decode()


def _number(query: Mapping[str, str], name: str, default: float, most: float) -> float:
    given = query.get(name, "")
    if not given:
        return default
    if not (given.isascii() and given.isdigit()) or len(given) > 9:
        raise PeerError(f"{name} is a number", details={"field": name})
    return min(float(given), most)
