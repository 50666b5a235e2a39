"""What transports are given: open a session, or read and publish without one (polling and plain HTTP hold no session).

Every right is checked here or in `Session`, so that no transport can forget it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from headway.access.identity import Access, Identity
from headway.clock import Clock
from headway.codes import Close
from headway.events import Draft, channel_name
from headway.figures import Figures, Life
from headway.hub.cursors import Outlet
from headway.hub.hub import Hub, Start
from headway.limits import Limits
from headway.log.interface import Appended, Page
from headway.positions import Position
from headway.sessions.admission import Admission
from headway.sessions.pace import Pace
from headway.sessions.recovery import Recovery
from headway.sessions.registry import Registry
from headway.sessions.session import Forbidden, House, Published, Session, within

__all__ = ["Browsed", "Heard", "Sessions", "Start"]

_BROWSED: Final = 1_000
_LOOKED_THROUGH: Final = 10
"""Names of one read of the log, and reads of one answer: some ten milliseconds."""

Heard = Callable[[str, str, object, object, int], None]
"""Told what a client said: transport, session, type, channel, size. The words are the client's and may be anything."""


def _unheard(transport: str, session: str, type: object, channel: object, size: int) -> None:
    """Nobody wants to know."""


@dataclass(frozen=True, slots=True)
class Browsed:
    """Some channels."""

    channels: Sequence[Mapping[str, object]]
    next: str | None
    """After which name to go on; None: there are no more."""


class Sessions:
    """The way from a transport to the hub."""

    def __init__(
        self,
        hub: Hub,
        access: Access,
        limits: Limits,
        clock: Clock,
        registry: Registry,
        new_id: Callable[[], str],
        figures: Figures | None = None,
        *,
        heard: Heard = _unheard,
        published: Published | None = None,
    ) -> None:
        self._hub = hub
        self.access = access
        self.figures = figures or Figures()
        self.pace = Pace(limits, clock, self.figures.limits)
        self.heard = heard
        """To be told of what clients say."""
        self.admission = Admission(access, limits, clock, self.figures)
        house = House(hub, self.admission, limits)
        self._house = house if published is None else replace(house, published=published)
        self.limits = limits
        self.clock = clock
        self.registry = registry
        self.new_id = new_id
        """A fresh, unguessable id."""
        self.recovery = Recovery(hub)

    def open(
        self,
        transport: str,
        outlet: Outlet,
        end: Callable[[Close, str], None],
        identity: Identity | None = None,
        address: str | None = None,
        client: str | None = None,
    ) -> Session:
        """A session on a transport that holds a connection and can `end` it; with an identity where that is known, and
        with the name of its client where that has said one."""
        return Session(self.new_id(), transport, self._house, outlet, end, identity, address, client)

    def begin(self, transport: str, address: str | None) -> Life:
        """A connection opened: what it says and hears is counted."""
        return self.figures.begin(transport, address, now=self.clock.now(), monotonic=self.clock.monotonic())

    async def publish(
        self,
        identity: Identity,
        channel: object,
        drafts: Sequence[Draft],
        *,
        idempotency_key: str | None = None,
        address: str | None = None,
    ) -> Appended:
        """Publish on somebody's behalf. Raises `InvalidChannel`, `Forbidden`, `Overloaded`, and what `Log.append`
        raises."""
        name = channel_name(channel)
        self.publishable(identity, name)
        within(self.limits, drafts)
        appended = await self._hub.publish(name, drafts, idempotency_key=idempotency_key)
        self._house.published(identity, name, appended, address)
        return appended

    def publishable(self, identity: Identity, channel: object) -> str:
        """The channel's name if this identity may publish to it. Raises `InvalidChannel`, `Unauthorized`,
        `Forbidden`."""
        name = channel_name(channel)
        self.admission.valid(identity)
        if not identity.may_publish(name):
            raise Forbidden(f"this token does not allow to publish to {name!r}", details={"channel": name})
        return name

    async def start(self, identity: Identity, channel: object, since: Position | None) -> Start:
        """Where a reader without a session begins. Raises `InvalidChannel`, `Forbidden`, `StorageError`."""
        return await self._hub.start(self.readable(identity, channel), since)

    async def page(self, identity: Identity, channel: object, after: Position, limit: int) -> Page:
        """What comes after a position. Raises `InvalidChannel`, `Forbidden`, `StorageError`."""
        name = self.readable(identity, channel)
        return await self._hub.read(name, after, limit=limit, max_bytes=self.limits.page_bytes)

    async def changed(self, identity: Identity, channel: object, position: Position, wait: float) -> bool:
        """Wait until there is something after a position, but not longer than the token counts; whether there is."""
        wait = min(wait, self.admission.left(identity))
        return await self._hub.changed(self.readable(identity, channel), position, wait)

    async def describe(self, identity: Identity, channel: object) -> Mapping[str, object]:
        """A channel for people and producers: its head, its readers, what all of them have acknowledged."""
        name = self.readable(identity, channel)
        head = await self._hub.head(name)
        return {
            "channel": name,
            "position": str(head),
            "offset": head.offset,
            "readers": len(list(self._hub.readers(name))),
            "acknowledged": self._hub.acknowledged(name),
        }

    async def browse(self, identity: Identity, after: str, text: str, limit: int) -> Browsed:
        """Channels that this identity may read and whose names contain a text, by name, from the one after `after`.

        Looks through so many at most: who may see few of many asks again with `next`. Raises `StorageError`.
        """
        self.admission.valid(identity)
        found: list[Mapping[str, object]] = []
        for _ in range(_LOOKED_THROUGH):
            page = await self._hub.channels(after, _BROWSED)
            for name, head in page:
                after = name
                if text in name.lower() and identity.may_read(name):
                    readers = len(list(self._hub.readers(name)))
                    found.append({"channel": name, "position": str(head), "offset": head.offset, "readers": readers})
                    if len(found) == limit:
                        return Browsed(found, after)
            if len(page) < _BROWSED:
                return Browsed(found, None)
        return Browsed(found, after)

    def readable(self, identity: Identity, channel: object) -> str:
        """The channel's name if this identity may read it. Raises `InvalidChannel`, `Forbidden`."""
        name = channel_name(channel)
        self.admission.valid(identity)
        if not identity.may_read(name):
            raise Forbidden(f"this token does not allow to read {name!r}", details={"channel": name})
        return name
