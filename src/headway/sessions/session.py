"""A session: one logical client on one transport at a time, the channels it follows, and its rights.

Its states, and what is allowed in them:

    NEW ──authenticate──▶ READY ──close──▶ CLOSED
     └───────────────────close────────────────▲

A session follows a channel in two steps, so that a client is told where it begins before it is told anything else:
`begin` finds the start (and may wait for the log), `follow` attaches the cursor (and never waits).
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import Any, Final

from headway.access.identity import Access, Identity, Unauthorized
from headway.codes import Code
from headway.errors import Closed, HeadwayError, Overloaded, UsageError
from headway.events import Draft, channel_name
from headway.hub.cursors import Cursor, Outlet, WireForm
from headway.hub.hub import Hub, Start
from headway.limits import Limits
from headway.log.interface import Appended
from headway.positions import Position

__all__ = ["Forbidden", "Session", "State", "within"]


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


class Session:
    """What one client follows and may do."""

    __slots__ = ("_access", "_hub", "_identity", "_limits", "_state", "cursors", "id", "outlet", "transport")

    def __init__(
        self,
        id: str,
        transport: str,
        hub: Hub,
        access: Access,
        limits: Limits,
        outlet: Outlet,
        identity: Identity | None = None,
    ) -> None:
        self.id = id
        self.transport = transport
        """The name of the transport, for people."""
        self.outlet = outlet
        self.cursors: dict[str, Cursor] = {}
        """What it follows, by channel, in the order it asked."""
        self._hub = hub
        self._access = access
        self._limits = limits
        self._state = State.NEW
        self._identity: Identity | None = None
        if identity is not None:
            self._state, self._identity = self._next("authenticate"), identity
        elif access.open:
            self.authenticate(None)

    @property
    def state(self) -> State:
        """Where it is in its life."""
        return self._state

    @property
    def identity(self) -> Identity | None:
        """Who it is, once that is known."""
        return self._identity

    def authenticate(self, token: str | None) -> Identity:
        """Say, or say anew, who this is. Raises `Unauthorized`; the session then stays as it was."""
        state = self._next("authenticate")
        self._identity = self._access.authenticate(token)
        self._state = state
        return self._identity

    async def begin(self, channel: object, since: Position | None) -> Start:
        """Find where this client begins in a channel.

        Raises `InvalidChannel`, `Forbidden`, `Unauthorized`, `Overloaded` (too many subscriptions), `StorageError`.
        Changes nothing: cancel freely. A channel that is followed already is simply begun again at `follow`.
        """
        name = channel_name(channel)
        self._require(self._known().may_read(name), "read", name)
        if name not in self.cursors and len(self.cursors) >= self._limits.subscriptions:
            raise Overloaded(
                f"a session follows at most {self._limits.subscriptions} channels",
                code=Code.TOO_MANY,
                details={"channel": name},
            )
        return await self._hub.start(name, since)

    def follow(self, channel: str, start: Start, form: WireForm, *, acknowledge: bool = False) -> Cursor:
        """Follow the channel from where it begins. Events are written from now on, some perhaps before this returns."""
        if self._state is State.CLOSED:
            raise Closed("the session is closed")
        self.unfollow(channel)
        cursor = Cursor(channel, start.position, form, self.outlet, whole_until=start.whole_until)
        if acknowledge:
            cursor.acknowledged = start.position.offset
        self.cursors[channel] = cursor
        self._hub.attach(cursor)
        return cursor

    def unfollow(self, channel: str) -> bool:
        """Follow the channel no more; whether it was followed. Nothing of it is written after this."""
        cursor = self.cursors.pop(channel, None)
        if cursor is None:
            return False
        self._hub.detach(cursor)
        return True

    def change_carrier(self, form: WireForm, outlet: Outlet) -> None:
        """Go on over another outlet and in another form, every cursor from exactly where it stands."""
        self.outlet = outlet
        for cursor in self.cursors.values():
            self._hub.detach(cursor)
            cursor.form, cursor.outlet = form, outlet
        for cursor in list(self.cursors.values()):
            self._hub.attach(cursor)

    def wake(self) -> None:
        """The outlet can be written again."""
        for cursor in list(self.cursors.values()):
            self._hub.wake(cursor)

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
        self._require(self._known().may_publish(name), "publish to", name)
        within(self._limits, drafts)
        return await self._hub.publish(name, drafts, idempotency_key=idempotency_key)

    def positions(self) -> list[Position]:
        """How far this client is in everything it follows."""
        return [cursor.position for cursor in self.cursors.values()]

    def close(self) -> None:
        """Follow nothing any more. Idempotent."""
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
