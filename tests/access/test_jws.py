"""Signed tokens as text."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode

import jwt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headway.access.identity import Unauthorized
from headway.access.jws import TOKEN_CHARACTERS, sign, take_apart
from tests.access.harness import SECRET, claims, part, token

HEADER = part(b'{"alg":"HS256"}')
CLAIMS = part(b'{"sub":"ann"}')


def test_a_token_is_taken_apart() -> None:
    """Header, claims and signature are what they were when the token was made."""
    signed = take_apart(token(headers={"kid": "k1"}))

    assert (signed.algorithm, signed.key, signed.type) == ("HS256", "k1", "JWT")
    assert signed.claims() == claims()


def test_a_token_is_signed() -> None:
    """What we sign, everybody's library verifies."""
    held = sign(claims(), SECRET.encode(), "headway-share")

    assert jwt.decode(held, SECRET, ["HS256"], options={"verify_exp": False}) == claims()
    assert take_apart(held).type == "headway-share"


@pytest.mark.parametrize(
    "held",
    [
        "",
        "x",
        "a.b.c",
        "....",
        f"{HEADER}.{CLAIMS}.",
        f"{HEADER}.{CLAIMS}",
        f"{HEADER}.{CLAIMS}.AA.AA.AA",
        f" {HEADER}.{CLAIMS}.AA",
        f"{HEADER}.{CLAIMS}.AA\n",
        f"{HEADER}.{CLAIMS}.AA==",
        f"{HEADER}.{CLAIMS}.AB",
        f"{HEADER}.{CLAIMS}.A",
        f"{HEADER}.{CLAIMS}.+/",
        "\ud800.a.b",
        "é.é.é",
        "\x00",
        part(b"[]") + ".e30.AA",
        part(b"{}") + ".e30.AA",
        part(b'{"alg":null}') + ".e30.AA",
        part(b'{"alg":["HS256"]}') + ".e30.AA",
        part(b'{"alg":"HS256","kid":7}') + ".e30.AA",
        part(b'{"alg":"HS256","typ":{}}') + ".e30.AA",
        part(b'{"alg":"HS256"') + ".e30.AA",
        part(b'{"alg":"\xff"}') + ".e30.AA",
        part(b"[" * 6_000 + b"]" * 6_000) + ".e30.AA",
        part(b'{"alg":' * 1_700) + ".e30.AA",
        "a" * 1_000_000,
    ],
    ids=range(27),
)
def test_nonsense_is_refused(held: str) -> None:
    """Text that is no token is refused like any other, whatever it is made of."""
    with pytest.raises(Unauthorized, match="the token is invalid"):
        take_apart(held)


@pytest.mark.parametrize("name", ["jwk", "jku", "x5c", "x5u", "crit", "b64"])
def test_a_token_brings_no_key(name: str) -> None:
    """A header that brings or names a key of its own, or changes what is signed, is refused, whatever it holds."""
    for value in (b"null", b"true", b'["b64"]', b'"https://evil.example.org/keys"', b'{"kty":"oct","k":"AA"}'):
        with pytest.raises(Unauthorized):
            take_apart(part(b'{"alg":"HS256","%b":%b}' % (name.encode(), value)) + f".{CLAIMS}.AA")


def test_a_long_token_is_refused() -> None:
    """A token of 16 KB is looked at, one that is longer is not."""
    held = f"{HEADER}.{CLAIMS}."
    fits = (TOKEN_CHARACTERS - len(held)) // 4 * 4
    assert len(take_apart(held + "A" * fits).signature) == fits // 4 * 3

    with pytest.raises(Unauthorized):
        take_apart(held + "A" * (fits + 4))


def test_a_token_does_not_show_itself() -> None:
    """What is logged of a token holds neither its claims nor its signature."""
    held = token(sub="somebody")
    shown = repr(take_apart(held))

    assert "somebody" not in shown
    assert repr(urlsafe_b64decode(held.rpartition(".")[2] + "==")) not in shown


@pytest.mark.parametrize("said", [b"[]", b"null", b"7", b"{", b"\xff", b'{"exp":1e400}', b"[" * 4_000], ids=range(7))
def test_claims_are_an_object(said: bytes) -> None:
    """Claims that are no JSON object, or hold a number beyond all others, are refused."""
    with pytest.raises(Unauthorized, match="the token is invalid"):
        take_apart(f"{HEADER}.{part(said)}.AA").claims()


@settings(deadline=None)
@given(st.text() | st.from_regex(r"[A-Za-z0-9_-]{0,40}\.[A-Za-z0-9_-]{0,40}\.[A-Za-z0-9_-]{0,40}"))
def test_any_text_is_a_token_or_refused(held: str) -> None:
    """No text makes the check fail in another way."""
    try:
        signed = take_apart(held)
    except Unauthorized:
        return
    assert held.encode().startswith(signed.content)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(["alg", "kid", "typ", "crit", "b64", "cty", "jwk"]), JSON), st.binary())
def test_what_is_a_token_here_is_one_elsewhere(header: dict[str, object], signature: bytes) -> None:
    """Our reading is never laxer than the field's: what is taken apart here, PyJWT takes apart too, to the same end."""
    try:
        text = json.dumps(header, allow_nan=True)
        held = f"{part(text.encode())}.{CLAIMS}.{part(signature)}"
        signed = take_apart(held)
    except Unauthorized:
        return

    theirs = jwt.api_jws.decode_complete(held, options={"verify_signature": False})
    assert theirs["header"]["alg"] == signed.algorithm
    assert theirs["header"].get("kid") == signed.key
    assert theirs["signature"] == signed.signature == signature
