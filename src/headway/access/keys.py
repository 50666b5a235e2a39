"""Keys that verify tokens, and the choice among them. What a key verifies is the key's to say, never the token's.

    key                         verifies
    a secret                    HS256
    RSA, 2,048 to 8,192 bits    RS256, RS384, RS512, PS256, PS384, PS512; only its `alg`, where it has one
    EC on P-256, P-384, P-521   ES256, ES384, ES512
    Ed25519                     EdDSA, also spelled Ed25519

So a token that says `none`, another algorithm than its key's, or HS256 with somebody's public key as the secret, finds
no key. A token that names a key (`kid`) is held against the keys of that id and those that have none; one that names
none against all of its algorithm.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final, Protocol

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt.algorithms import get_default_algorithms

from headway.access.identity import Unauthorized
from headway.access.jws import Claims, Signed
from headway.errors import UsageError

__all__ = ["Key", "KeyRing", "Keys", "secret_bytes", "secret_keys", "verified", "weakness"]

Material = bytes | RSAPublicKey | EllipticCurvePublicKey | Ed25519PublicKey

SECRET_BYTES: Final = 32
"""Fewest bytes of a secret: RFC 7518 asks of HS256 as many as SHA-256 has. A shorter one can be guessed, off line, by
whoever holds one token."""

_TRIES: Final = 16
"""Keys a token is held against. Each costs some 50 µs, and whoever sends the token has shown nothing yet."""

_ALGORITHMS: Final = get_default_algorithms()
_SPELLINGS: Final = {"Ed25519": "EdDSA"}
"""RFC 9864's names of what the library knows by the older ones."""


@dataclass(frozen=True, slots=True)
class Key:
    """One key. It never shows itself."""

    id: str | None
    algorithms: frozenset[str]
    material: Material = field(repr=False)

    def verifies(self, signed: Signed) -> bool:
        """Whether this key made the signature, by an algorithm that is its own."""
        if signed.algorithm not in self.algorithms:
            return False
        algorithm = _ALGORITHMS[_SPELLINGS.get(signed.algorithm, signed.algorithm)]
        return bool(algorithm.verify(signed.content, self.material, signed.signature))


class Keys(Protocol):
    """Where keys come from."""

    def find(self, algorithm: str, id: str | None) -> Sequence[Key]:
        """Keys that may have signed a token which names this algorithm and this key. At once: nothing is fetched."""
        ...

    def missed(self, algorithm: str, id: str | None) -> None:
        """Such a token was verified by none of them: perhaps its key is newer than what is known here."""
        ...


@dataclass(frozen=True, slots=True)
class KeyRing:
    """Keys that do not change."""

    keys: tuple[Key, ...]

    def find(self, algorithm: str, id: str | None) -> Sequence[Key]:
        return among(self.keys, algorithm, id)

    def missed(self, algorithm: str, id: str | None) -> None:
        """There is nowhere to look for more."""


def among(keys: Iterable[Key], algorithm: str, id: str | None) -> list[Key]:
    """The keys, a bounded number of them, that may have signed a token which names this algorithm and this key."""
    fitting = (key for key in keys if algorithm in key.algorithms and (id is None or key.id is None or key.id == id))
    return list(islice(fitting, _TRIES))


def verified(signed: Signed, keys: Keys) -> Claims:
    """What a token says, once one of the keys has verified it. Raises `Unauthorized`."""
    if not any(key.verifies(signed) for key in keys.find(signed.algorithm, signed.key)):
        keys.missed(signed.algorithm, signed.key)
        raise Unauthorized("the token is invalid")
    return signed.claims()


def secret_keys(*secrets: str | None) -> tuple[Key, ...]:
    """The keys of the secret and of the one before it, where there are any. Raises `UsageError` for an empty one."""
    return tuple(Key(None, frozenset({"HS256"}), secret_bytes(secret)) for secret in secrets if secret is not None)


def secret_bytes(secret: str) -> bytes:
    """The bytes of a secret. Raises `UsageError` if there are none."""
    try:
        value = secret.encode()
    except UnicodeEncodeError:  # bytes of the environment that are no text
        raise UsageError("the secret is not UTF-8; make one with: openssl rand -base64 48") from None
    if not value:
        raise UsageError("the secret is empty; make one with: openssl rand -base64 48")
    return value


def weakness(secret: str) -> str | None:
    """What is wrong with a secret that works, in a sentence that does not show it; None for a good one."""
    size = len(secret.encode(errors="surrogateescape"))
    if size >= SECRET_BYTES:
        return None
    return (
        f"the secret has {size} bytes and can be guessed; it needs {SECRET_BYTES} or more. "
        "Make one with: openssl rand -base64 48"
    )
