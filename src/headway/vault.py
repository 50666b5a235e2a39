"""Secrets at rest: encrypted under a key in a file of its own, which only this user can read.

    seal("hunter2") -> "gAAAAAB…"        unseal(…) -> "hunter2"        "${env:NAME}" stands as it is, and is looked up

Who has a copy of the records without the key's file has no secret. Who names a variable keeps the secret out of both.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from cryptography.fernet import Fernet, InvalidToken

from headway.errors import UsageError

__all__ = ["Vault", "variable"]

_VARIABLE: Final = re.compile(r"\$\{env:([A-Za-z_][A-Za-z0-9_]*)\}")


def variable(text: str | None) -> str | None:
    """The variable that a secret names; None where it is one itself."""
    match = _VARIABLE.fullmatch(text or "")
    return match[1] if match else None


class Vault:
    """The one key."""

    def __init__(self, file: Path, environment: Mapping[str, str]) -> None:
        """The key is made with its file, where that is missing."""
        self._fernet = Fernet(_key(file))
        self._environment = environment

    def seal(self, secret: str) -> str:
        """As it may be stored. A name of a variable stands as it is."""
        return secret if variable(secret) else self._fernet.encrypt(secret.encode()).decode()

    def unseal(self, stored: str) -> str:
        """The secret. Raises `UsageError` where the variable is not set, or the key is not the one it was sealed by."""
        name = variable(stored)
        if name is not None:
            if not self._environment.get(name):
                raise UsageError(f"the secret is in the variable {name}, which is not set where the server runs")
            return self._environment[name]
        try:
            return self._fernet.decrypt(stored.encode()).decode()
        except InvalidToken:
            raise UsageError("the secret was stored under another key; enter it again") from None


def _key(file: Path) -> bytes:
    try:
        opened = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return file.read_bytes().strip()
    with os.fdopen(opened, "wb") as new:
        key = Fernet.generate_key()
        new.write(key)
        new.flush()
        os.fsync(new.fileno())
    return key
