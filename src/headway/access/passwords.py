"""Passwords of local users, kept as argon2id hashes (RFC 9106).

Every call that hashes takes a tenth of a second or two and 64 MiB: callers use a thread, and few of them.
"""

from __future__ import annotations

import unicodedata
from typing import Final

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from headway.errors import UsageError

__all__ = ["PASSWORD_BYTES", "hashed", "matches", "outdated"]

PASSWORD_BYTES: Final = range(8, 1_024 + 1)
"""NIST SP 800-63B asks for eight characters at least; more than a thousand is no password, only work for the server."""

_HASHER: Final = PasswordHasher(
    # What OWASP recommends for a server: one lane, so that a try takes one core and no more, and 19 MiB. The choices
    # of RFC 9106 take four cores and 64 MiB, or 2 GiB.
    time_cost=2,
    memory_cost=19 * 1024,
    parallelism=1,
    hash_len=32,
    salt_len=16,
    type=Type.ID,
)
_NOBODYS: Final = "$argon2id$v=19$m=19456,t=2,p=1$Y9t7OtVpnNI5/YPst16dSA$N39ECwJhG5si9MAyKWa6IYWplO1++JhpzcoccYXlS7g"
"""The hash of a password nobody knows: an unknown user costs the same time as a known one."""


def hashed(password: str) -> str:
    """The hash to keep of a password. Raises `UsageError` if it is too short or too long. Blocks: use a thread."""
    value = _bytes(password)
    if value is None:
        least, most = PASSWORD_BYTES[0], PASSWORD_BYTES[-1]
        raise UsageError(f"a password has {least} to {most} bytes of text")
    return _HASHER.hash(value)


def matches(hash: str | None, password: str) -> bool:
    """Whether this is the password whose hash was kept; of an unknown user (None) none is, and finding that out takes
    as long. Blocks: use a thread."""
    value = _bytes(password)
    if value is None:
        return False
    try:
        return _HASHER.verify(_NOBODYS if hash is None else hash, value) and hash is not None
    except InvalidHashError:  # what is kept is no hash, and takes the time of one
        return matches(None, password)
    except VerificationError:
        return False


def outdated(hash: str) -> bool:
    """Whether a new password of today would be kept in another way: at the next sign-in, keep `hashed` of it."""
    try:
        return _HASHER.check_needs_rehash(hash)
    except InvalidHashError:
        return True


def _bytes(password: str) -> bytes | None:
    """The bytes of a password, the same for é typed on any keyboard; None if it cannot be one."""
    if len(password) > PASSWORD_BYTES[-1]:  # before it is normalised, which takes its time
        return None
    try:
        value = unicodedata.normalize("NFC", password).encode()
    except UnicodeEncodeError:
        return None
    return value if len(value) in PASSWORD_BYTES else None
