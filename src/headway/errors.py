"""What can go wrong, as a tree. Data stands in attributes, the sentence comes from `str()`.

HeadwayError              everything below; carries a `Code` and details
├── UsageError            our caller gave something that cannot be: fix the call
│   ├── InvalidEvent      an event that cannot be built: its type, key, data or size
│   └── InvalidChannel    a channel name outside the rule
├── PeerError             the other side of a connection broke the protocol
├── Conflict              the state does not allow it (HTTP 409, or 422 for a reused idempotency key)
├── Overloaded            a bound is reached; try again later
├── StorageError          the log or the records cannot be written or read now; nothing was stored
└── Closed                the thing was closed; it takes no more calls
"""

from __future__ import annotations

from typing import Any

from headway.codes import Code

__all__ = [
    "Closed",
    "Conflict",
    "HeadwayError",
    "InvalidChannel",
    "InvalidEvent",
    "Overloaded",
    "PeerError",
    "StorageError",
    "UsageError",
]

Details = dict[str, Any]
"""What a program may want to know beside the sentence. Any: JSON values of the caller's own choice."""


class HeadwayError(Exception):
    """Everything Headway raises on purpose."""

    default: Code = Code.INTERNAL

    def __init__(self, message: str, *, code: Code | None = None, details: Details | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.default
        self.details = details or {}

    def __str__(self) -> str:
        return self.message


class UsageError(HeadwayError):
    """Our caller gave something that cannot be."""

    default = Code.BAD_MESSAGE


class InvalidEvent(UsageError):
    """An event that cannot be built."""


class InvalidChannel(UsageError):
    """A channel name outside the rule."""

    default = Code.BAD_CHANNEL


class PeerError(HeadwayError):
    """The other side of a connection broke the protocol."""

    default = Code.BAD_MESSAGE


class Conflict(HeadwayError):
    """The state does not allow it."""

    default = Code.CONFLICT


class Overloaded(HeadwayError):
    """A bound is reached; trying again later can help."""

    default = Code.OVERLOADED


class StorageError(HeadwayError):
    """The log cannot be written or read now. Nothing of the failed call was stored."""

    default = Code.STORAGE


class Closed(HeadwayError):
    """The thing was closed; it takes no more calls."""

    default = Code.SHUTTING_DOWN
