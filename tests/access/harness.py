"""Issuers with real keys, the sets they publish, and tokens of every kind."""

from __future__ import annotations

import functools
from base64 import urlsafe_b64encode
from typing import Any

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

SECRET = "a secret of sixty-four characters or more, which is what HS512 asks for"
OTHER_SECRET = "another secret of thirty-two characters or more"
NOW = 1_700_000_000
"""What a `FakeClock` begins with."""

ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
CURVES = {"ES256": ec.SECP256R1(), "ES384": ec.SECP384R1(), "ES512": ec.SECP521R1()}

Private = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
Member = dict[str, Any]
"""One key of a set. Any: JSON, often of a shape no key has."""


def private(algorithm: str, number: int = 0, bits: int = 2048) -> Private:
    """A private key for an algorithm: the same one for the same number."""
    return _made(algorithm, number, bits)


@functools.cache
def _made(algorithm: str, number: int, bits: int) -> Private:
    if algorithm[:2] in ("RS", "PS"):
        return rsa.generate_private_key(65_537, bits)
    if algorithm in CURVES:
        return ec.generate_private_key(CURVES[algorithm])
    return ed25519.Ed25519PrivateKey.generate()


def member(algorithm: str, number: int = 0, *, bits: int = 2048, **more: Any) -> Member:  # Any: JSON
    """The public key as an issuer publishes it; what is None is left out."""
    public = private(algorithm, number, bits).public_key()
    if isinstance(public, rsa.RSAPublicKey):
        spelled = RSAAlgorithm.to_jwk(public, as_dict=True)
    elif isinstance(public, ec.EllipticCurvePublicKey):
        spelled = ECAlgorithm.to_jwk(public, as_dict=True)
    else:
        spelled = OKPAlgorithm.to_jwk(public, as_dict=True)
    spelled.pop("key_ops", None)
    content = {**spelled, "kid": f"{algorithm}-{number}", "use": "sig", "alg": algorithm, **more}
    return {name: value for name, value in content.items() if value is not None}


def key_set(*members: object) -> bytes:
    """A set of such keys."""
    return msgspec.json.encode({"keys": members})


def claims(**more: Any) -> dict[str, Any]:  # Any: JSON
    """What a token says that holds for a minute; what is None is left out."""
    content = {"sub": "ann", "exp": NOW + 60, **more}
    return {name: value for name, value in content.items() if value is not None}


def token(secret: str = SECRET, algorithm: str = "HS256", headers: Member | None = None, **more: Any) -> str:
    """A token signed with a secret."""
    return jwt.encode(claims(**more), secret, algorithm, headers=headers)


def issued(algorithm: str, number: int = 0, *, kid: str | None = "", headers: Member | None = None, **more: Any) -> str:
    """A token signed with a private key, which it names unless `kid` says otherwise."""
    named = {"kid": f"{algorithm}-{number}" if kid == "" else kid} if kid is not None else {}
    return jwt.encode(claims(**more), private(algorithm, number), algorithm, headers={**named, **(headers or {})})


def part(value: bytes) -> str:
    """One part of a token."""
    return urlsafe_b64encode(value).decode().rstrip("=")


def joined(header: bytes, body: bytes, signature: bytes) -> str:
    """The text of a token of these three parts."""
    return ".".join(map(part, (header, body, signature)))
