"""A session: one logical client on one transport at a time, the channels it follows, and its rights.

Its states, and what is allowed in them:

    NEW ──authenticate──▶ READY ──close──▶ CLOSED
     └───────────────────close────────────────▲

A session follows a channel in two steps, so that a client is told where it begins before it is told anything else:
`begin` finds the start (and may wait for the log), `follow` attaches the cursor (and never waits).

A session that says anew who it is keeps its positions, but follows no more what the new token does not cover.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from headway.access.identity import Identity, Unauthorized
from headway.codes import Close, Code
from headway.errors import Closed, HeadwayError, Overloaded, UsageError
from headway.events import Draft, channel_name
from headway.hub.cursors import Cursor, Outlet, WireForm
from headway.hub.hub import Hub, Start
from headway.limits import Limits
from headway.log.interface import Appended
from headway.positions import Position
from headway.sessions.admission import Admission

__all__ = ["Forbidden", "House", "Published", "Session", "State", "within"]

Published = Callable[[Identity, str, Appended, str | None], None]
"""Told who published what, and from which address."""


class Forbidden(HeadwayError):
    """The identity's rights do not cover this. Says nothing about whether the channel exists."""

    default = Code.FORBIDDEN


class State(Enum):
    """Where a session is in its life."""

    NEW = "new"
    """Nobody has said who it is."""
    READY = "ready"
    """Its identity is known; it may follow and publish within its rights."""
    CLOSED = "closed"
    """It is over."""


TRANSITIONS: Final[dict[tuple[State, str], State]] = {
    (State.NEW, "authenticate"): State.READY,
    (State.READY, "authenticate"): State.READY,
    (State.NEW, "close"): State.CLOSED,
    (State.READY, "close"): State.CLOSED,
    (State.CLOSED, "close"): State.CLOSED,
}


def within(limits: Limits, drafts: Sequence[Draft]) -> None:
    """Raise `Overloaded` if these are more events than one publish takes."""
    if len(drafts) > limits.publish_events:
        raise Overloaded(
            f"one publish takes at most {limits.publish_events} events, not {len(drafts)}", code=Code.TOO_LARGE
        )


def _unnoted(identity: Identity, channel: str, appended: Appended, address: str | None) -> None:
    """Nobody wants to know."""


@dataclass(frozen=True, slots=True)
class House:
    """What all sessions of a server share."""

    hub: Hub
    admission: Admission
    limits: Limits
    published: Published = _unnoted


class Session:
    """What one client follows and may do."""

    __slots__ = (
        "_address",
        "_end",
        "_house",
        "_identity",
        "_state",
        "client",
        "cursors",
        "id",
        "outlet",
        "transport",
    )

    def __init__(
        self,
        id: str,
        transport: str,
        house: House,
        outlet: Outlet,
        end: Callable[[Close, str], None],
        identity: Identity | None = None,
        address: str | None = None,
        client: str | None = None,
    ) -> None:
        self.id = id
        self.transport = transport
        """The name of the transport, for people."""
        self.client = client
        """The name that its client gave itself: other sessions of it are its, too."""
        self.outlet = outlet
        self.cursors: dict[str, Cursor] = {}
        """What it follows, by channel, in the order it asked."""
        self._house = house
        self._end = end
        self._address = address
        self._state = State.NEW
        self._identity: Identity | None = None
        if identity is not None:
            self.identify(identity)
        elif house.admission.access.open:
            self.authenticate(None)

    @property
    def state(self) -> State:
        """Where it is in its life."""
        return self._state

    @property
    def identity(self) -> Identity | None:
        """Who it is, once that is known."""
        return self._identity

    @property
    def user(self) -> str | None:
        """The name of who it is, if that is known and has one."""
        return self._identity.user if self._identity is not None else None

    def authenticate(self, token: str | None) -> Identity:
        """Say, or say anew, who this is. Raises `Unauthorized`; the session then stays as it was."""
        self._next("authenticate")
        identity = self._house.admission.access.authenticate(token)
        self.identify(identity)
        return identity

    def identify(self, identity: Identity) -> None:
        """It is somebody recognised already."""
        state = self._next("authenticate")
        # Before the identity changes: it is left under the old one.
        self._house.admission.leave(self)
        self._state, self._identity = state, identity
        self._house.admission.enter(self, identity)

    def narrow(self) -> list[str]:
        """Follow no more what this client may not read any more; the channels. Nothing of them is written after
        this."""
        identity = self._known()
        lost = [channel for channel in self.cursors if not identity.may_read(channel)]
        for channel in lost:
            self.unfollow(channel)
        return lost

    def end(self, close: Close, reason: str) -> None:
        """Have its connection end, in its own way."""
        self._end(close, reason)

    async def begin(self, channel: object, since: Position | None) -> Start:
        """Find where this client begins in a channel.

        Raises `InvalidChannel`, `Forbidden`, `Unauthorized`, `Overloaded` (too many subscriptions), `StorageError`.
        Changes nothing: cancel freely. A channel that is followed already is simply begun again at `follow`.
        """
        name = channel_name(channel)
        self._require(self._known().may_read(name), "read", name)
        if name not in self.cursors and len(self.cursors) >= self._house.limits.subscriptions:
            self._house.admission.figures.limits.add("subscriptions")
            raise Overloaded(
                f"a session follows at most {self._house.limits.subscriptions} channels",
                code=Code.TOO_MANY,
                details={"channel": name},
            )
        return await self._house.hub.start(name, since)

    async def head(self, channel: str) -> Position:
        """Where a channel that it follows ends. Raises `StorageError`."""
        return await self._house.hub.head(channel)

    def follow(self, channel: str, start: Start, form: WireForm, *, acknowledge: bool = False) -> Cursor:
        """Follow the channel from where it begins. Events are written from now on, some perhaps before this returns."""
        if self._state is State.CLOSED:
            raise Closed("the session is closed")
        self.unfollow(channel)
        cursor = Cursor(channel, start.position, form, self.outlet, whole_until=start.whole_until)
        if acknowledge:
            cursor.acknowledged = start.position.offset
        self.cursors[channel] = cursor
        self._house.hub.attach(cursor, start)
        return cursor

    def unfollow(self, channel: str) -> bool:
        """Follow the channel no more; whether it was followed. Nothing of it is written after this."""
        cursor = self.cursors.pop(channel, None)
        if cursor is None:
            return False
        self._house.hub.detach(cursor)
        return True

    def change_carrier(self, form: WireForm, outlet: Outlet) -> None:
        """Go on over another outlet and in another form, every cursor from exactly where it stands."""
        self.outlet = outlet
        for cursor in self.cursors.values():
            self._house.hub.detach(cursor)
            cursor.form, cursor.outlet = form, outlet
        for cursor in list(self.cursors.values()):
            self._house.hub.attach(cursor)

    def wake(self) -> None:
        """The outlet can be written again."""
        for cursor in list(self.cursors.values()):
            self._house.hub.wake(cursor)

    def acknowledge(self, channel: object, offset: object) -> None:
        """The client confirms that it has handled everything up to an offset. Raises `UsageError`."""
        cursor = self.cursors.get(channel_name(channel))
        if cursor is None or cursor.acknowledged is None:
            raise UsageError(f'channel {channel!r} was not subscribed with "ack"')
        if not isinstance(offset, int) or isinstance(offset, bool) or not 0 <= offset <= cursor.offset:
            raise UsageError(f"an acknowledged offset is a number up to {cursor.offset}, the last one sent")
        cursor.acknowledged = max(cursor.acknowledged, offset)

    async def publish(
        self, channel: object, drafts: Sequence[Draft], *, idempotency_key: str | None = None
    ) -> Appended:
        """Publish within this client's rights.

        Raises what `Hub.publish` raises, `Forbidden`, `Unauthorized`, and `Overloaded` (too many events at once).
        """
        name = channel_name(channel)
        identity = self._known()
        self._require(identity.may_publish(name), "publish to", name)
        within(self._house.limits, drafts)
        appended = await self._house.hub.publish(name, drafts, idempotency_key=idempotency_key)
        self._house.published(identity, name, appended, self._address)
        return appended

    def positions(self) -> list[Position]:
        """How far this client is in everything it follows."""
        return [cursor.position for cursor in self.cursors.values()]

    def close(self) -> None:
        """Follow nothing any more. Idempotent."""
        self._house.admission.leave(self)
        self._state = self._next("close")
        for channel in list(self.cursors):
            self.unfollow(channel)

    def _next(self, trigger: str) -> State:
        state = TRANSITIONS.get((self._state, trigger))
        if state is None:
            raise Closed(f"a session that is {self._state.value} cannot {trigger}")
        return state

    def _known(self) -> Identity:
        if self._state is State.CLOSED:
            raise Closed("the session is closed")
        if self._identity is None:
            raise Unauthorized("a token is needed: authenticate first")
        return self._identity

    @staticmethod
    def _require(allowed: bool, verb: str, channel: str) -> None:
        if not allowed:
            raise Forbidden(f"this token does not allow to {verb} {channel!r}", details={"channel": channel})

    def statistics(self) -> dict[str, Any]:  # Any: numbers and strings for people
        """How far it is, and whether it keeps up."""
        return {
            "id": self.id,
            "transport": self.transport,
            "state": self._state.value,
            "user": self._identity.user if self._identity else None,
            "writable": self.outlet.writable,
            "channels": {channel: cursor.offset for channel, cursor in self.cursors.items()},
        }
