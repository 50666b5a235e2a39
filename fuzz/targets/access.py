"""Who somebody is: tokens, grants and tickets (`tokens`), the key sets of issuers (`keysets`), and what proxies say of
the client's address (`addresses`).

Law: there is an identity or `Unauthorized`, whose sentence does not repeat the token. Whoever does not know the secret
gets no identity, and what a grant says is believed only when it is signed with the key of its kind. A token's identity
ends. A key of a set verifies nothing that nobody signed. An address is one, or what was said is not believed.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import json
import math
from base64 import urlsafe_b64encode
from typing import Final

from fuzz.choices import Choices
from fuzz.target import Target, require
from headway.access.addresses import network
from headway.access.grants import Grants
from headway.access.identity import Identity, Unauthorized
from headway.access.jwks import parse
from headway.access.jws import Signed
from headway.access.keys import KeyRing, secret_keys
from headway.access.proxies import Proxies
from headway.access.tokens import TokenAccess
from headway.errors import UsageError
from headway.testing.clock import FakeClock

__all__ = ["TARGETS"]

_SECRET: Final = "a secret of the fuzzer, long enough for HS256"
_CLOCK: Final = FakeClock(1_700_000_000.0)
_KEYS: Final = KeyRing(secret_keys(_SECRET))
_PLAIN: Final = TokenAccess(_KEYS, _CLOCK)
_WHOLE: Final = TokenAccess(
    _KEYS, _CLOCK, audience="headway", issuer="issuer", grants=Grants([_SECRET], _CLOCK, lambda: "id")
)
_KINDS: Final = ("headway-share", "headway-sign-in", "headway-ticket")
_HEADER: Final = b'{"alg":"HS256","typ":"JWT"}'
_CLAIMS: Final = b'{"sub":"ada","exp":1700003600,"aud":"headway","iss":"issuer"}'


def _signed(header: bytes, claims: bytes, key: bytes = _SECRET.encode()) -> str:
    body = b".".join((_spelled(header), _spelled(claims)))
    return b".".join((body, _spelled(hmac.digest(key, body, hashlib.sha256)))).decode()


def _spelled(data: bytes) -> bytes:
    return urlsafe_b64encode(data).rstrip(b"=")


def _check(data: bytes) -> None:
    choices = Choices(data)
    match choices.number(3):
        case 0:
            _check_token(choices.rest().decode(errors="replace"), plain=False, whole=False)
        case 1:
            _check_token(_signed(_HEADER, choices.rest()), plain=True, whole=True)
        case 2:
            _check_token(_signed(choices.rest(), _CLAIMS), plain=True, whole=True)
        case _:
            # A grant, by the key of its kind or of another.
            kind, by = choices.pick(_KINDS), choices.pick((*_KINDS, ""))
            key = hmac.digest(_SECRET.encode(), by.encode(), hashlib.sha256) if by else _SECRET.encode()
            header = json.dumps({"alg": "HS256", "typ": kind}).encode()
            _check_token(_signed(header, choices.rest(), key), plain=not by, whole=by == kind)


def _check_token(text: str, *, plain: bool, whole: bool) -> None:
    """`plain` and `whole` say who may believe it: who makes no grants, and who does."""
    for access, believed in ((_PLAIN, plain), (_WHOLE, whole)):
        try:
            identity = access.authenticate(text)
        except Unauthorized as error:
            _check_refusal(error, text)
        else:
            require(believed, f"an identity without the secret: {identity}")
            require(identity.expires is not None and math.isfinite(identity.expires), "an identity that does not end")
            _check_identity(identity)
    try:
        ticket = _WHOLE.redeem(text)
    except Unauthorized as error:
        _check_refusal(error, text)
    else:
        require(whole, f"a ticket without the secret: {ticket}")
        _check_identity(ticket.identity)


def _check_refusal(error: Unauthorized, token: str) -> None:
    require(len(token) < 12 or token not in str(error), "the error repeats the token")


def _check_identity(identity: Identity) -> None:
    require(identity.user is None or (identity.user.isprintable() and 1 <= len(identity.user) <= 255), "a strange user")
    for channel in ("run:7", "", "a" * 255, "ab" * 127):
        identity.may_read(channel)
        identity.may_publish(channel)


def _check_set(data: bytes) -> None:
    try:
        found = parse(data)
    except UsageError:
        return
    require(found.keys, "a set without a key")
    for key in found.keys:
        require(key.algorithms and "HS256" not in key.algorithms, "a published key that is a secret")
        for algorithm in ("HS256", "RS256", "PS512", "ES256", "ES512", "EdDSA"):
            signed = Signed(algorithm, key.id, None, b"content", b"signature" * 8, b"{}")
            require(not key.verifies(signed), "a key verifies what nobody signed")


_PROXIES: Final = (Proxies(), Proxies(["*"]), Proxies(["10.0.0.0/8", "2001:db8::/32"]))


def _check_addresses(data: bytes) -> None:
    peer, *values = data.decode("latin-1").split("\n")
    require(len(network(peer)) <= max(255, len(peer)), "a long name of an address")
    for proxies in _PROXIES:
        client = proxies.client(peer, values)
        if client != peer:
            require(client is not None, "a client without an address")
            ipaddress.ip_address(client or "")
    require(_PROXIES[0].client(peer, values) == peer, "nobody is trusted")


_RSA: Final = b'{"kty":"RSA","kid":"1","use":"sig","alg":"RS256","e":"AQAB","n":"%s"}' % _spelled(b"\xc1" * 256)
_OKP: Final = b'{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}'
_EC: Final = (
    b'{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",'
    b'"y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}'
)
TARGETS: Final = (
    Target(
        "tokens",
        _check,
        (
            b"\x00eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZGEiLCJleHAiOjE3MDAwMDM2MDB9.",
            b"\x00a.b.c",
            b"\x00" + _signed(_HEADER, _CLAIMS).encode()[:-1] + b"\xc3\xa9",
            b"\x01" + _CLAIMS,
            b'\x01{"sub":"ada","exp":1700003600,"channels":["run:*","a*b*c"],"publish":["run:7"],"role":"operator"}',
            b'\x01{"user_id":7,"exp":1700003600.5,"nbf":1700000000,"iat":1700000000,"jti":"x","aud":["headway"]}',
            b'\x01{"sub":"ada","exp":NaN,"nbf":-Infinity}',
            b'\x01{"sub":"ada","exp":1' + b"0" * 400 + b"}",
            b'\x01{"sub":"ada","exp":1700003600,"role":["admin"]}',
            b'\x01{"sub":["ada"],"exp":true,"channels":"*"}',
            b'\x01{"sub":"ada","exp":1700003600,"channels":["' + b"*a" * 200 + b'"]}',
            b"\x01" + b"[" * 500,
            b"\x02" + _HEADER,
            b'\x02{"alg":"none"}',
            b'\x02{"alg":"HS256","crit":["b64"],"b64":false,"kid":"a","jku":"http://127.0.0.1/"}',
            b'\x02{"alg":["HS256"],"typ":7}',
            b'\x03\x00\x00{"jti":"1","iat":1700000000,"exp":1700003600,"only":"run:7","channels":[],"publish":[]}',
            b'\x03\x01\x01{"jti":"1","iat":1700000000,"exp":1700003600,"sub":"ada","channels":["*"],"role":"admin"}',
            b'\x03\x02\x02{"jti":"1","exp":1700000060,"sub":"ada","token":"t","issued":1,"ends":1700000600}',
            b'\x03\x00\x03{"jti":"1","exp":1700003600,"only":"run:7"}',
            b'\x03\x00\x03{"sub":"ada","exp":1700003600,"aud":"headway","iss":"issuer"}',
        ),
    ),
    Target(
        "keysets",
        _check_set,
        (
            b'{"keys":[' + b",".join((_RSA, _OKP, _EC)) + b"]}",
            b'{"keys":[{"kty":"oct","k":"AAAA"},{"kty":"RSA","n":"AQAB","e":"AQAB"}]}',
            b'{"keys":[' + _EC.replace(b"P-256", b"P-521") + b"]}",
            b'{"keys":[' + _OKP.replace(b'"OKP"', b'"OKP","use":"enc"') + b"]}",
            b'{"keys":[' + _OKP + b"," + b"[" * 300 + b"]" * 300 + b"]}",
        ),
    ),
    Target(
        "addresses",
        _check_addresses,
        (
            b"10.0.0.2\n6.6.6.6, 203.0.113.9, 10.0.0.7",
            b"10.0.0.2\n[2001:db8::1]:4711, 203.0.113.9:80\n::ffff:10.0.0.3",
            b"::ffff:10.0.0.2\nfe80::1%eth0, unknown",
            b"\n" + b"10.0.0.1," * 100,
        ),
    ),
)
