"""The share links that were made, on record: a channel of the log with one key for each link.

    {"id": "<jti>", "of": "run:7", "by": "ann", "made": 1700000000.0, "expires": 1700600000.0}

The link itself is not kept: its token is shown once, to whoever makes it. The id is what a link is revoked by. Links
that ended or were revoked are passed over when they are listed. A log in memory forgets the list at a restart, and a
link counts on as long as the secret does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from headway.events import Draft, Event
from headway.hub.hub import Hub
from headway.limits import Retention

__all__ = ["KEPT", "SHARED", "Share", "Shared"]

SHARED: Final = " shared"
"""The channel of the records. It begins with a space: no channel a client can name does."""

KEPT: Final = Retention(events=10_000, seconds=367 * 86_400.0, bytes=8 * 1024 * 1024)
"""A day longer than the longest link. Who makes more of them can still revoke by the link itself."""

_TYPE: Final = "share"
_NAMES: Final = {"of": "channel"}


@dataclass(frozen=True, slots=True)
class Share:
    """One link, without what opens it."""

    id: str
    channel: str
    by: str | None
    """Who made it; None: somebody without a name."""
    made: float
    """Seconds since 1970, as the next."""
    expires: float


class Shared:
    """Keeps the record."""

    def __init__(self, hub: Hub, now: Callable[[], float], revoked: Callable[[str], bool]) -> None:
        """`now` is the clock's, for people; `revoked` says whether a link was, by its id."""
        self._hub = hub
        self._now = now
        self._revoked = revoked

    async def add(self, share: Share) -> None:
        """A link was made. On record when this returns. Raises `StorageError`."""
        # An event's own `channel` is where it stands.
        record = {"id": share.id, "of": share.channel, "by": share.by, "made": share.made, "expires": share.expires}
        await self._hub.publish(SHARED, [Draft.of(_TYPE, record, key=_key(share.id))])

    async def find(self, id: str) -> Share | None:
        """The link with this id; None where none counts. Raises `StorageError`."""
        snapshot = await self._hub.snapshot(SHARED, [_key(id)])
        return next(iter(self._counting(snapshot.events)), None)

    async def newest_first(self) -> list[Share]:
        """Every link that counts. Raises `StorageError`."""
        snapshot = await self._hub.snapshot(SHARED)
        return sorted(self._counting(snapshot.events), key=lambda share: share.made, reverse=True)

    def _counting(self, events: Sequence[Event]) -> list[Share]:
        now = self._now()
        shares = (Share(**{_NAMES.get(name, name): value for name, value in event.data.items()}) for event in events)
        return [share for share in shares if share.expires > now and not self._revoked(share.id)]


def _key(id: str) -> str:
    """A key of bounded length, whatever is named."""
    return f"share:{sha256(id.encode(errors='surrogatepass')).hexdigest()}"
