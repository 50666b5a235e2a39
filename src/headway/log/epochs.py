"""How a channel gets its epoch: from the epoch of the log and its own name.

So a channel that nobody has published to has a valid, stable position without a write, no two channels share an epoch,
and a log that starts a new life changes all of them at once. Not here: when a log takes a new epoch.
"""

from __future__ import annotations

from base64 import b32encode
from functools import lru_cache
from hashlib import blake2b
from typing import Final

__all__ = ["channel_epoch"]

_LENGTH: Final = 12
"""Characters of 5 bits. With 60 bits a million channels meet a chance of a shared epoch of 4e-7."""

_REMEMBERED: Final = 16_384
"""Names kept with their epoch: about 3 MB. Hashing one anew costs two microseconds."""


@lru_cache(maxsize=_REMEMBERED)
def channel_epoch(log_epoch: str, channel: str) -> str:
    """Return the epoch of a channel in one life of a log."""
    digest = blake2b(channel.encode(), key=log_epoch.encode(), digest_size=8)
    return b32encode(digest.digest())[:_LENGTH].decode().lower()
