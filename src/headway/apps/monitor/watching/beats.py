"""The tokens by which applications tell us that they live: one for each, good for nothing else.

A token is made of a key in a file of its own and the application's id, so none is stored, and a copy of the records
tells none. Who removes the file makes all of them new.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
from pathlib import Path

__all__ = ["Tokens"]


class Tokens:
    """All of them. Reads or makes a file: make it in a thread."""

    def __init__(self, file: Path) -> None:
        self._key = _key(file)

    def of(self, id: str) -> str:
        """The token of an application: 160 bits."""
        digest = hmac.digest(self._key, f"beat:{id}".encode(), hashlib.sha256)[:20]
        return base64.b32encode(digest).decode().lower()

    def holds(self, id: str, token: str | None) -> bool:
        """Whether somebody may tell for it."""
        return token is not None and hmac.compare_digest(self.of(id).encode(), token.encode())


def _key(file: Path) -> bytes:
    try:
        opened = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return file.read_bytes()
    with os.fdopen(opened, "wb") as new:
        key = secrets.token_bytes(32)
        new.write(key)
        new.flush()
        os.fsync(new.fileno())
    return key
