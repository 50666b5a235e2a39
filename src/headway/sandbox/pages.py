"""Pages and their cursors. A cursor says where the next page begins and of which list; it is signed, because it is
opaque: a client that makes or changes one is told so.

    base64url( signature of 12 bytes + {"after": 200, "limit": 100, "filter": "…", "count": 412, "list": "<path>"} )
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from typing import Final

import msgspec

from headway.sandbox.errors import Problem, Refusal, invalid_parameter

__all__ = ["Cursor", "Cursors", "limit_of"]

_SIGNATURE: Final = 12
"""Bytes: enough against chance, and nobody attacks a sandbox."""
_MOST: Final = 1000
"""The largest `limit` of the specification; a page holds fewer."""


class Cursor(msgspec.Struct, frozen=True):
    """Where a page begins."""

    list: str
    """Path of the collection."""
    limit: int
    after: int = 0
    """Position in the collection up to which everything was shown."""
    filter: str = ""
    count: int | None = None
    """What the first page said."""


class Cursors:
    """Spells cursors, and reads back its own."""

    def __init__(self, seed: int) -> None:
        self._key = hashlib.sha256(f"{seed}:cursors".encode()).digest()

    def spelled(self, cursor: Cursor) -> str:
        """The cursor as a token."""
        content = msgspec.json.encode(cursor)
        return base64.urlsafe_b64encode(self._signature(content) + content).rstrip(b"=").decode()

    def read(self, token: str, collection: str) -> Cursor:
        """The cursor of a token that was made for this list. Raises `Refusal`."""
        try:
            data = base64.urlsafe_b64decode(token.encode("ascii") + b"==")
        except (binascii.Error, ValueError):
            raise _bad() from None
        signature, content = data[:_SIGNATURE], data[_SIGNATURE:]
        if not hmac.compare_digest(signature, self._signature(content)):
            raise _bad()
        cursor = msgspec.json.decode(content, type=Cursor)
        if cursor.list != collection:
            raise _bad()
        return cursor

    def _signature(self, content: bytes) -> bytes:
        return hmac.digest(self._key, content, hashlib.sha256)[:_SIGNATURE]


def _bad() -> Refusal:
    return invalid_parameter(Problem("INVALID_PARAMETER", "cursor", "is not a cursor of this collection"))


def limit_of(query: Mapping[str, str], most: int) -> int:
    """How many things a page of this request holds. Raises `Refusal`."""
    given = query.get("limit")
    if given is None:
        return most
    # More digits than any limit has are not even read.
    if not (given.isascii() and given.isdigit() and len(given) <= 9 and 1 <= int(given) <= _MOST):
        inner = {"rangeMinimumValue": 1, "rangeMaximumValue": _MOST}
        raise invalid_parameter(Problem("INVALID_PARAMETER", "limit", f"must be a number from 1 to {_MOST}", inner))
    return min(int(given), most)
