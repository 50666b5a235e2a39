"""What looks like a secret is taken out of a text, wherever it stands; what does not stays."""

from __future__ import annotations

import json

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headway.server.masking import MASK, Mask, masked

TOKEN = jwt.encode({"sub": "ada", "exp": 2_000_000_000}, "k" * 32, algorithm="HS256")
SECRET = "hunter2-hunter2"


@pytest.mark.parametrize(
    "text",
    [
        TOKEN,
        f"Authorization: Bearer {TOKEN}",
        f"GET /ws/7?token={TOKEN}&x=1 HTTP/1.1",
        f"({TOKEN})",
        f"{TOKEN[:-20]}",
        "Authorization: Bearer " + SECRET,
        "authorization=Basic " + SECRET,
        f"'Authorization': 'Bearer {SECRET}'",
        f"token={SECRET}",
        f"HEADWAY_SECRET={SECRET}",
        f'HEADWAY_SECRET_PREVIOUS="{SECRET} {SECRET}"',
        f"password: {SECRET}",
        f"{{'password': '{SECRET}'}}",
        f"Settings(secret='{SECRET}', port=4000)",
        f"b'api_key': b'{SECRET}'",
        json.dumps({"password": f"a {SECRET} b", "user": "ada"}),
        json.dumps(json.dumps({"password": f"a {SECRET} b"})),
        f"https://ada:{SECRET}@example.org/jwks.json",
        f"/api/stream?channel=a&ticket={SECRET}",
        f"https://example.org/?anything={SECRET}",
        f"Cookie: theme=dark; headway_session={SECRET}; other=1",
        f"set-cookie: headway_session={SECRET}; Path=/; HttpOnly",
        f"refresh_token={SECRET}",
        f"client-secret : {SECRET}",
    ],
)
def test_secrets_are_taken_out(text: str) -> None:
    """Tokens, values of fields whose name says it, credentials of an address, queries, cookies."""
    clean = masked(text)

    assert MASK in clean
    assert SECRET not in clean
    assert not any(part in clean for part in TOKEN.split("."))


@pytest.mark.parametrize(
    "text",
    [
        "a token is needed",
        "the secret cannot be read from /etc/headway/key: no such file",
        "! the log in /var/lib/headway is damaged",
        "connection ended",
        "GET /api/channels/run:7/events failed",
        "what is this? nobody knows",
        "headway.server.metrics.Metrics",
        "the position 7k2m9qzt41xy.17 was not made by this server",
        "every eyewitness says: 1 = 1",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    """Sentences about secrets are no secrets."""
    assert masked(text) == text


def test_known_secrets_are_taken_out_wherever_they_stand() -> None:
    """Also in the middle of a word, the longest first; what is too short to be told from a word is left."""
    mask = Mask(["correct horse", "correct horse battery", "it", ""])

    assert mask.text("xcorrect horse batteryx it is") == f"x{MASK}x it is"


def test_values_are_masked_at_every_depth() -> None:
    """Names of fields decide, and what stands in lists, objects, bytes and anything that shows itself."""

    class Holder:
        def __repr__(self) -> str:
            return f"Holder(token={SECRET!r})"

    value = {"a": [{"Password": SECRET, "n": 1.5}, f"token={SECRET}"], "b": Holder(), "c": f"secret={SECRET}".encode()}
    shown = Mask().value(value)

    assert shown["a"][0] == {"Password": MASK, "n": 1.5}
    assert SECRET not in json.dumps(shown)


def test_what_cannot_be_shown_does_no_harm() -> None:
    """An object whose `__repr__` fails, one that holds itself, half a character."""

    class Broken:
        def __repr__(self) -> str:
            raise RuntimeError(SECRET)

    endless: list[object] = []
    endless.append(endless)

    assert Mask().value(Broken()) == "<Broken>"
    assert json.dumps(Mask().value(endless)).encode()
    assert Mask().value("\ud800").encode()


def test_a_field_without_a_value_shows_that_it_has_none() -> None:
    """Whether there is a secret is no secret."""
    assert Mask().value({"secret": None, "token": True}) == {"secret": None, "token": True}


@given(st.text(alphabet=st.sampled_from("ab=:?&\"'\\ .@/token secret eyJhbGciOi"), max_size=300))
def test_masking_ends_and_stays(text: str) -> None:
    """Whatever the text, a second look finds nothing more of a token."""
    once = masked(text)

    assert len(once) <= len(text) * 3 + 3
    assert not any(word.startswith("eyJhbGciOi") and word.count(".") >= 2 for word in once.split())


def test_a_long_text_is_masked_in_time() -> None:
    """No text makes the patterns try everything: this one would take hours if one did."""
    for piece in ("token=", "://", "?a", 'password="', "ey", "eyJhbGci.", "bearer ", '\\"', 'token=\\"'):
        masked(piece * 20_000)
