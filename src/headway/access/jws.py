"""Signed tokens as text: the compact form of RFC 7515, and no more of it than tokens need.

    BASE64URL(header) . BASE64URL(claims) . BASE64URL(signature)

A token is taken apart strictly: three parts, none of them empty, nothing outside the alphabet, no padding and no spare
bits, a header that is a JSON object with `alg`. A header that brings or names a key of its own (`jwk`, `jku`, `x5c`,
`x5u`) or changes what is signed (`crit`, `b64`) is refused: keys are the server's to choose. Nothing of the claims is
looked at before somebody's key has verified the signature. Not here: which key.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from headway.access.identity import Unauthorized

__all__ = ["TOKEN_CHARACTERS", "Claims", "Signed", "sign", "take_apart"]

Claims = dict[str, Any]
"""What a token says. Any: JSON values, of whatever kind until they are checked."""

TOKEN_CHARACTERS: Final = 16 * 1024
"""Longest token that is looked at. Issuers' tokens have 1 to 4 KB, and no header of a common server carries more than
16."""

_FORM: Final = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)")
_REFUSED: Final = frozenset({"jwk", "jku", "x5c", "x5u", "crit", "b64"})


@dataclass(frozen=True, slots=True)
class Signed:
    """A token that was taken apart and that nobody has verified yet."""

    algorithm: str
    """What the header says signed it: a claim like any other, good for nothing but choosing among the server's keys."""
    key: str | None
    """The id of the key (`kid`) it says signed it."""
    type: str | None
    """What the header says it is (`typ`)."""
    content: bytes = field(repr=False)
    """The bytes the signature is over."""
    signature: bytes = field(repr=False)
    claims_json: bytes = field(repr=False)

    def claims(self) -> Claims:
        """What it says. Only to be asked once the signature is verified. Raises `Unauthorized`."""
        return _object(self.claims_json)


def take_apart(token: str, limit: int = TOKEN_CHARACTERS) -> Signed:
    """Take a token apart. Raises `Unauthorized` for all that is none, without doing much work for it."""
    parts = _FORM.fullmatch(token) if len(token) <= limit else None
    if parts is None:
        raise _invalid()
    header = _object(_bytes(parts[1]))
    algorithm, key, type = header.get("alg"), header.get("kid"), header.get("typ")
    if not isinstance(algorithm, str) or not _REFUSED.isdisjoint(header):
        raise _invalid()
    if not isinstance(key, str | None) or not isinstance(type, str | None):
        raise _invalid()
    content = token[: parts.end(2)].encode("ascii")
    return Signed(algorithm, key, type, content, _bytes(parts[3]), _bytes(parts[2]))


def sign(claims: Mapping[str, Any], secret: bytes, type: str = "JWT") -> str:  # Any: JSON
    """A token that says this, signed with the secret (HS256)."""
    header = {"alg": "HS256", "typ": type}
    content = f"{_text(msgspec.json.encode(header))}.{_text(msgspec.json.encode(claims))}"
    return f"{content}.{_text(hmac.digest(secret, content.encode('ascii'), hashlib.sha256))}"


def _bytes(part: str) -> bytes:
    """The bytes of a part that is spelled as its bytes are, in the one way there is."""
    try:
        value = urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except ValueError:  # a length no bytes have
        raise _invalid() from None
    if _text(value) != part:
        raise _invalid()
    return value


def _text(value: bytes) -> str:
    return urlsafe_b64encode(value).rstrip(b"=").decode("ascii")


def _object(json: bytes) -> Claims:
    try:
        value = msgspec.json.decode(json)
    except (ValueError, RecursionError):  # no JSON, not UTF-8, a number out of range, or nested beyond reason
        raise _invalid() from None
    if not isinstance(value, dict):
        raise _invalid()
    return value


def _invalid() -> Unauthorized:
    return Unauthorized("the token is invalid")
