"""Key sets (JWKS, RFC 7517) as issuers publish them: `{"keys": [{"kty": "RSA", "kid": …, "n": …, "e": …}, …]}`.

Of a set whose frame is right, the keys that can be used are taken and the others ignored, each with a reason that can
be logged: an issuer may publish kinds of keys we do not know, for others. Ignored, too, are keys that would make
forging easy: secrets (`oct`) and private keys, which are no longer secret once they are in a set, and weak ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm
from jwt.exceptions import PyJWTError

from headway.access.keys import Key
from headway.errors import UsageError

__all__ = ["DOCUMENT_BYTES", "KeySet", "parse"]

DOCUMENT_BYTES: Final = 256 * 1024
"""Largest set that is read: 64 keys with their chains of certificates are half of it."""
_KEYS: Final = 64
"""Keys in one set. Large issuers publish about ten."""
_RSA_BITS: Final = range(2_048, 8_192 + 1)
"""Fewer can be broken; with more, verifying one token takes milliseconds."""
_RSA_EXPONENT: Final = 1 << 32
"""Everybody's is 65,537, and the time of verifying grows with it."""
_MEMBER_CHARACTERS: Final = 2_048
"""Longest number of a key in text: 8,192 bits are 1,366."""
_ID_CHARACTERS: Final = 255

_RSA_ALGORITHMS: Final = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"})
_EDDSA: Final = frozenset({"EdDSA", "Ed25519"})
_CURVES: Final = {"P-256": "ES256", "P-384": "ES384", "P-521": "ES512"}
_PRIVATE: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})

_Members = Mapping[str, Any]
"""One key of a set. Any: JSON values, checked here."""


@dataclass(frozen=True, slots=True)
class KeySet:
    """What was found in a set."""

    keys: tuple[Key, ...]
    ignored: tuple[str, ...]
    """Why each of the others was not taken."""


class _Unusable(Exception):
    """This one key is not to be used."""


def parse(document: bytes) -> KeySet:
    """Read a set. Raises `UsageError` saying why it is none, or if none of its keys can be used."""
    if len(document) > DOCUMENT_BYTES:
        raise UsageError(f"it is larger than {DOCUMENT_BYTES} bytes")
    try:
        content = msgspec.json.decode(document)
    except (ValueError, RecursionError):
        raise UsageError("it is not JSON") from None
    members = content.get("keys") if isinstance(content, dict) else None
    if not isinstance(members, list):
        raise UsageError('it has no list of "keys"')
    if len(members) > _KEYS:
        raise UsageError(f"it has more than {_KEYS} keys")
    keys: list[Key] = []
    ignored: list[str] = []
    for place, member in enumerate(members, 1):
        try:
            keys.append(_key(member))
        except _Unusable as reason:
            ignored.append(f"key {place} of {len(members)} {reason}")
    if not keys:
        raise UsageError("; ".join(["it has no key that can be used", *ignored[:3]]))
    return KeySet(tuple(keys), tuple(ignored))


def _key(members: object) -> Key:
    if not isinstance(members, dict):
        raise _Unusable("is not an object")
    kind, id, uses = members.get("kty"), members.get("kid"), members.get("key_ops")
    if kind == "oct":
        raise _Unusable("is a secret (oct), which is none once it is published")
    if not _PRIVATE.isdisjoint(members):
        raise _Unusable("is a private key, which is known to others once it is published")
    if members.get("use", "sig") != "sig" or (uses is not None and not (isinstance(uses, list) and "verify" in uses)):
        raise _Unusable("is not for signatures")
    if id is not None and not (isinstance(id, str) and 0 < len(id) <= _ID_CHARACTERS):
        raise _Unusable("has an id that is no text")
    algorithms, material = _material(kind, members)
    named = members.get("alg")
    if named is None:
        return Key(id, algorithms, material)
    if not isinstance(named, str) or named not in algorithms:
        raise _Unusable("names an algorithm that is not one of its kind")
    # The two spellings of one algorithm are one.
    return Key(id, _EDDSA if named in _EDDSA else frozenset({named}), material)


def _material(
    kind: object, members: _Members
) -> tuple[frozenset[str], RSAPublicKey | EllipticCurvePublicKey | Ed25519PublicKey]:
    curve = members.get("crv")
    match kind:
        case "RSA":
            return _RSA_ALGORITHMS, _rsa(members)
        case "EC" if isinstance(curve, str) and curve in _CURVES:
            key = _built(ECAlgorithm, members, "crv", "x", "y")
            if isinstance(key, EllipticCurvePublicKey):
                return frozenset({_CURVES[curve]}), key
        case "OKP" if curve == "Ed25519":
            key = _built(OKPAlgorithm, members, "crv", "x")
            if isinstance(key, Ed25519PublicKey):
                return _EDDSA, key
    raise _Unusable("is of a kind that is not known here")


def _rsa(members: _Members) -> RSAPublicKey:
    key = _built(RSAAlgorithm, members, "n", "e")
    if not isinstance(key, RSAPublicKey) or key.key_size not in _RSA_BITS:
        raise _Unusable(f"does not have {_RSA_BITS[0]} to {_RSA_BITS[-1]} bits")
    if key.public_numbers().e >= _RSA_EXPONENT:
        raise _Unusable("has an exponent that makes verifying slow")
    return key


def _built(
    algorithm: type[RSAAlgorithm] | type[ECAlgorithm] | type[OKPAlgorithm], members: _Members, *names: str
) -> object:
    """The key that these members spell. Only they are handed on, and no sentence of the library, which quotes them."""
    used = {name: members.get(name) for name in ("kty", *names)}
    if not all(isinstance(value, str) and len(value) <= _MEMBER_CHARACTERS for value in used.values()):
        raise _Unusable("is not spelled as its kind is")
    try:
        return algorithm.from_jwk(used)
    except (PyJWTError, UnsupportedAlgorithm, ValueError, TypeError, OverflowError):
        raise _Unusable("is not spelled as its kind is") from None
