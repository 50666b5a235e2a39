"""Idempotency keys: how a log knows that it was asked for the same thing before.

A key belongs to a channel and is known for a day. What was asked is kept as a digest, so that a key used for something
else is told apart; the events of the first call are built again from the drafts of the second, which are the same. Not
here: where keys are kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import Final

from headway.codes import Code
from headway.errors import Conflict
from headway.events import Draft, Event

__all__ = ["KEPT_SECONDS", "conflict", "digest", "placed"]

KEPT_SECONDS: Final = 86_400.0
"""How long a key is known. A day, as Stripe keeps them: longer than any retry, shorter than the life of most keys."""


def digest(drafts: Sequence[Draft]) -> bytes:
    """Return what tells these drafts from others."""
    state = blake2b(digest_size=16)
    for draft in drafts:
        kind, key = draft.type.encode(), b"" if draft.key is None else draft.key.encode()
        # Each part goes in behind its length, so that no two lists of drafts spell the same bytes. A key is never
        # empty.
        state.update(b"%d %d %d " % (len(kind), len(key), len(draft.json)))
        state.update(kind + key + draft.json)
    return state.digest()


def placed(channel: str, epoch: str, first: int, time: int, drafts: Sequence[Draft]) -> tuple[Event, ...]:
    """Return the drafts as the events they are or were stored as."""
    return tuple(
        Event(channel, epoch, offset, draft.type, draft.json, draft.key, time)
        for offset, draft in enumerate(drafts, first)
    )


def conflict(channel: str, key: str) -> Conflict:
    """Build the error for a key that was used for other drafts."""
    return Conflict(
        f"the idempotency key {key!r} was used for other events in this channel",
        code=Code.IDEMPOTENCY,
        details={"channel": channel, "idempotency_key": key},
    )
