"""Who takes part: what signs tokens, the people who are let in, and what an attacker may have got hold of.

ann reads `victim:*`, and the word `TREASURE` stands in every event there. The attacker is eve, who has a token of her
own for `eve:*`, tokens that do not count any more or never did, and the cookie of ann's browser where she can have it
sent but not see it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from headway.access.grants import Grants
from headway.access.identity import Identity, Role
from headway.access.jws import sign
from headway.clock import SystemClock

__all__ = [
    "AUDIENCE",
    "EVES",
    "HIDDEN",
    "SECRET",
    "SENT",
    "TICKET",
    "TREASURE",
    "KeySet",
    "bad_tokens",
    "cookie_of",
    "kid_tokens",
    "token",
]

SECRET: Final = "a secret of at least thirty-two bytes, for nobody but this siege"
AUDIENCE: Final = "siege"
"""What the tokens are for."""
TREASURE: Final = b"TREASURE"
"""What nobody but ann may be told."""
HIDDEN: Final = "victim:run"
"""A channel that exists; `victim:none` does not."""
EVES: Final = "eve:run"
SENT: Final = "sent"
"""The field of an event that says when it was sent, in nanoseconds."""
TICKET: Final = "a ticket as a token"
_AN_HOUR: Final = 3_600.0


@dataclass(frozen=True, slots=True)
class KeySet:
    """A key pair whose public half the server knows, and everybody else."""

    file: Path
    private: rsa.RSAPrivateKey

    @classmethod
    def make(cls, folder: Path) -> KeySet:
        """Make one, and write the public half as the server reads it."""
        private = rsa.generate_private_key(public_exponent=65_537, key_size=2048)
        members: dict[str, Any] = json.loads(RSAAlgorithm.to_jwk(private.public_key()))  # Any: JSON
        file = folder / "jwks.json"
        file.write_text(json.dumps({"keys": [{**members, "kid": "one", "use": "sig", "alg": "RS256"}]}))
        return cls(file, private)

    @property
    def pem(self) -> bytes:
        """The public half as it is found on any page about key confusion."""
        public = self.private.public_key()
        return public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def token(user: str, channels: list[str], *, publish: list[str] | None = None, **claims: Any) -> str:
    """A token that counts for an hour. Any: claims are JSON."""
    said = {"sub": user, "exp": time.time() + _AN_HOUR, "aud": AUDIENCE, "channels": channels}
    return jwt.encode({**said, "publish": publish or [], **claims}, SECRET, "HS256")


def cookie_of(user: str, role: Role = Role.ADMIN) -> str:
    """What a browser holds in which somebody has signed in."""
    grants = Grants([SECRET], SystemClock(), lambda: f"{user}-browser")
    return grants.sign_in(user, role, ["*"], ["*"], _AN_HOUR)


def bad_tokens(keys: KeySet | None = None) -> dict[str, str]:
    """Tokens that must not count, by what is wrong with them. Whatever they say of themselves, it is ann's rights."""
    now = time.time()
    good = {"sub": "ann", "exp": now + _AN_HOUR, "aud": AUDIENCE, "channels": ["*"], "publish": ["*"], "role": "admin"}
    body = _part(good)
    tokens = {
        "expired": _signed({**good, "exp": now - 120}),
        "not valid yet": _signed({**good, "nbf": now + 300}),
        "made in the future": _signed({**good, "iat": now + 300}),
        "endless": _signed({name: value for name, value in good.items() if name != "exp"}),
        "exp that is no number": _signed({**good, "exp": "tomorrow"}),
        "exp beyond all calendars": _signed({**good, "exp": 1e300}),
        "of another audience": _signed({**good, "aud": "another"}),
        "of no audience": _signed({name: value for name, value in good.items() if name != "aud"}),
        "of nobody": _signed({**good, "sub": ""}),
        "signed with another secret": jwt.encode(good, "another secret of thirty-two bytes!!", "HS256"),
        "signed with the empty secret": sign(good, b""),
        "changed afterwards": _changed(_signed({**good, "sub": "eve"}), good),
        TICKET: _ticket(),
    }
    for spelling in ("none", "None", "NONE", "nOnE"):
        tokens[f"alg={spelling}"] = f"{_part({'alg': spelling, 'typ': 'JWT'})}.{body}."
        tokens[f"alg={spelling} with a signature"] = f"{_part({'alg': spelling, 'typ': 'JWT'})}.{body}.AAAA"
    for name, header in _HEADERS.items():
        tokens[name] = _with_header(header, good)
    for kind in ("headway-share", "headway-sign-in", "headway-ticket"):
        tokens[f"typ={kind}"] = _with_header({"typ": kind}, good)
    if keys is not None:
        tokens |= _confused(keys, good)
    return tokens


_HEADERS: Final[Mapping[str, Mapping[str, object]]] = {
    "jku": {"jku": "https://evil.example/jwks.json"},
    "x5u": {"x5u": "https://evil.example/cert.pem"},
    "jwk": {"jwk": {"kty": "oct", "k": base64.urlsafe_b64encode(b"mine" * 8).decode()}},
    "crit": {"crit": ["b64"], "b64": False},
    "alg=HS512": {"alg": "HS512"},
    "alg that is a list": {"alg": ["HS256"]},
}
"""Headers that bring their own key or rule. The signature is right: only the header makes them bad."""


def kid_tokens() -> dict[str, str]:
    """Tokens whose `kid` would name a file of known content, or end a query, each signed with what would come of it."""
    good = {"sub": "ann", "exp": time.time() + _AN_HOUR, "aud": AUDIENCE, "channels": ["*"]}
    secrets = {
        "../../../../../../dev/null": b"",
        "/dev/null": b"",
        "../../../etc/hostname": b"localhost\n",
        "x' UNION SELECT 'mine'; --": b"mine",
        "one\0": b"one",
        "$(id)": b"id",
    }
    return {f"kid={kid!r}": _hand_signed({"kid": kid}, good, secret) for kid, secret in secrets.items()}


def _confused(keys: KeySet, good: Mapping[str, object]) -> dict[str, str]:
    """The public key taken for a shared secret, in every spelling of it."""
    members = json.loads(keys.file.read_text())["keys"][0]
    public = keys.private.public_key()
    spellings = {
        "PEM": keys.pem,
        "PEM without its last line feed": keys.pem.rstrip(),
        "DER": public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo),
        "modulus": base64.urlsafe_b64decode(members["n"] + "=="),
        "modulus as text": members["n"].encode(),
        "whole key set": keys.file.read_bytes(),
    }
    tokens = {
        f"HS256 with the public key ({name})": _hand_signed({"kid": "one"}, good, value)
        for name, value in spellings.items()
    }
    stranger = rsa.generate_private_key(public_exponent=65_537, key_size=2048)
    tokens["RS256 by a stranger under our kid"] = jwt.encode(dict(good), stranger, "RS256", headers={"kid": "one"})
    tokens["RS512 where the key is for RS256"] = jwt.encode(dict(good), keys.private, "RS512", headers={"kid": "one"})
    return tokens


def _signed(claims: Mapping[str, object]) -> str:
    return sign(claims, SECRET.encode())


def _hand_signed(header: Mapping[str, object], claims: Mapping[str, object], secret: bytes) -> str:
    content = f"{_part({'alg': 'HS256', 'typ': 'JWT', **header})}.{_part(claims)}"
    signature = base64.urlsafe_b64encode(hmac.digest(secret, content.encode(), hashlib.sha256)).rstrip(b"=").decode()
    return f"{content}.{signature}"


def _with_header(header: Mapping[str, object], claims: Mapping[str, object]) -> str:
    return _hand_signed(header, claims, SECRET.encode())


def _changed(signed: str, claims: Mapping[str, object]) -> str:
    first, _, last = signed.split(".")
    return f"{first}.{_part(claims)}.{last}"


def _ticket() -> str:
    grants = Grants([SECRET], SystemClock(), lambda: "ticket-1")
    return grants.ticket(Identity("ann", ("*",), ("*",), Role.ADMIN), 30.0)


def _part(value: Mapping[str, object]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()
