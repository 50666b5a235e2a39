"""What a transport is: it opens connections. A connection follows channels from positions and says what it hears. It
knows nothing of other connections, of scores, of coming back, or of what was told before: that is the ladder's and the
reader's.

Nothing here waits but `room`, and who awaits what `publish` returns: what takes time is the connection's own task.
"""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

import msgspec

from headway.client.address import Address
from headway.client.endings import Ended
from headway.client.runtime import Runtime
from headway.events import Draft

__all__ = [
    "CONNECT_SECONDS",
    "Connection",
    "Fields",
    "Follows",
    "Link",
    "Publication",
    "Transport",
    "bearer",
    "event_fields",
]

Fields = dict[str, Any]
"""A message of the native protocol as an object. Any: JSON values."""

Follows = Mapping[str, str | None]
"""Channels, and the position to follow each from as it is spelled. None: the state first."""

CONNECT_SECONDS: Final = 10.0
"""For a connection to stand; the default of the `websockets` library. A busy server needs far less, a lossy network
three tries of TCP."""


@dataclass(frozen=True, slots=True)
class Publication:
    """An event on its way to the server. The key makes sending it again safe."""

    channel: str
    draft: Draft
    key: str


class Link(Protocol):
    """What a connection is given, and whom it tells."""

    address: Address
    runtime: Runtime
    silence: float
    """Seconds of silence after which a connection counts as dead."""

    def token(self) -> str | None:
        """Who we are, as of this moment."""
        ...

    def follows(self) -> Follows:
        """What is to be followed, and from where, as of this moment."""
        ...

    def answered(self) -> None:
        """Everything that was asked for at the beginning has been answered: this connection can be relied on."""
        ...

    def heard(self) -> None:
        """A sign of life."""
        ...

    def told(self, channel: str, message: Fields) -> None:
        """Something about a channel: `subscribed`, a gap, or an event. Raises `PeerError` where it makes no sense."""
        ...

    def current(self, channel: str) -> None:
        """The reader of this channel has now been told all there is. Only said by who knows."""
        ...

    def refused(self, channel: str, ended: Ended) -> None:
        """The server does not let this channel be followed."""
        ...

    def authenticated(self, until: float | None) -> None:
        """The token holds until then, in seconds since 1970."""
        ...

    def ended(self, ended: Ended) -> None:
        """It is over. Nothing is said after this."""
        ...

    async def room(self, channel: str) -> None:
        """Wait until the readers of this channel can take more, or for as long as they may hold up the others."""
        ...


class Connection(Protocol):
    """One connection."""

    def follow(self, channel: str, since: str | None) -> None:
        """Follow a channel, or follow it anew from another position."""
        ...

    def unfollow(self, channel: str) -> None:
        """Follow it no more."""
        ...

    def publish(self, publication: Publication) -> Awaitable[str] | None:
        """Publish, and return the position. Raises `Ended`, whose advice is about this publication alone. None: not
        over this connection."""
        ...

    def ping(self) -> bool:
        """Ask for a sign of life. False: there is no way to ask."""
        ...

    def renew(self, token: str) -> None:
        """Go on with another token."""
        ...

    def close(self) -> None:
        """End, and say nothing more. Idempotent."""
        ...


class Transport(Protocol):
    """A way to reach the server."""

    name: str
    """As people write it."""

    def open(self, link: Link) -> Connection:
        """Open a connection. Returns at once; the link is told later, never from within."""
        ...


def bearer(token: str | None) -> dict[str, str]:
    """The header that says who we are. Never in a URL, where it would be logged."""
    return {} if token is None else {"Authorization": f"Bearer {token}"}


def event_fields(publication: Publication) -> Fields:
    """The event as it is published, on every wire."""
    draft = publication.draft
    fields: Fields = {"type": draft.type, "data": msgspec.Raw(draft.json)}
    return fields if draft.key is None else {**fields, "key": draft.key}
