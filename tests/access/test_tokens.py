"""What is asked of a token before its claims are believed."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headway.access.grants import Grants
from headway.access.identity import Identity, Role, Unauthorized
from headway.access.jwks import parse
from headway.access.jws import sign
from headway.access.keys import KeyRing, secret_keys
from headway.access.tokens import TokenAccess
from headway.codes import Code
from headway.testing.clock import FakeClock
from tests.access.harness import NOW, OTHER_SECRET, SECRET, claims, issued, key_set, member, token

KEYS = KeyRing(secret_keys(SECRET))


@pytest.fixture
def clock() -> FakeClock:
    """Time that stands still."""
    return FakeClock(NOW)


@pytest.fixture
def access(clock: FakeClock) -> TokenAccess:
    """Access by tokens."""
    return TokenAccess(KEYS, clock)


def test_a_token_covers_what_it_says(access: TokenAccess) -> None:
    """Who it is, what may be read and written, the role, and by what it can be revoked all come from the token."""
    ann = access.authenticate(token(channels=["run:*"], publish=["run:7"], role="operator", jti="t1", iat=NOW - 9))

    assert ann == Identity("ann", ("run:*",), ("run:7",), Role.OPERATOR)
    assert (ann.expires, ann.token, ann.issued) == (NOW + 60, "t1", NOW - 9)
    assert not access.open
    assert access.still(ann)


def test_a_token_that_says_little(access: TokenAccess) -> None:
    """A token of a user and an expiry reads everything and writes nothing."""
    assert access.authenticate(token()) == Identity("ann", ("*",), (), Role.VIEWER)


def test_an_issuers_token(clock: FakeClock) -> None:
    """A token of an issuer's key, and one of the secret, may come to the same server."""
    access = TokenAccess(KeyRing((*KEYS.keys, *parse(key_set(member("ES256"))).keys)), clock)

    assert access.authenticate(issued("ES256", sub="bob")).user == "bob"
    assert access.authenticate(token()).user == "ann"


def test_a_token_expires(access: TokenAccess, clock: FakeClock) -> None:
    """A token counts until five seconds after its end: as long as connections that were opened with it."""
    held = token()
    clock.advance(65)
    assert access.authenticate(held).user == "ann"
    clock.advance(1)

    with pytest.raises(Unauthorized, match="has expired"):
        access.authenticate(held)


@pytest.mark.parametrize("name", ["nbf", "iat"])
def test_a_token_begins(access: TokenAccess, clock: FakeClock, name: str) -> None:
    """A token counts from a minute before its beginning, and before it was made, because clocks differ."""
    held = sign(claims(exp=NOW + 600, **{name: NOW + 61}), SECRET.encode())
    with pytest.raises(Unauthorized, match="not valid yet"):
        access.authenticate(held)
    clock.advance(1)

    assert access.authenticate(held).user == "ann"


@pytest.mark.parametrize("held", [None, ""])
def test_a_token_is_needed(access: TokenAccess, held: str | None) -> None:
    """Nothing is no token."""
    with pytest.raises(Unauthorized, match="a token is needed") as caught:
        access.authenticate(held)

    assert caught.value.code is Code.UNAUTHORIZED


@pytest.mark.parametrize("audience", ["headway", ["other", "headway"]])
def test_a_token_for_us(clock: FakeClock, audience: object) -> None:
    """Where an audience is set, a token that names it is taken, alone or among others."""
    assert TokenAccess(KEYS, clock, audience="headway").authenticate(token(aud=audience)).user == "ann"


@pytest.mark.parametrize(
    "audience", [None, "other", "headway2", "", ["other"], [], ["headwa", "y"], {"headway": True}, 7, [7, ["headway"]]]
)
def test_a_token_for_somebody_else(clock: FakeClock, audience: object) -> None:
    """Where an audience is set, a token that does not name it is refused; so is one that names any where none is
    set."""
    held = sign(claims(aud=audience), SECRET.encode())
    with pytest.raises(Unauthorized, match="not for this server"):
        TokenAccess(KEYS, clock, audience="headway").authenticate(held)
    if audience is not None:
        with pytest.raises(Unauthorized, match="not for this server"):
            TokenAccess(KEYS, clock).authenticate(held)


@pytest.mark.parametrize(
    "issuer", [None, "https://evil.example.org", "https://id.example.org/", ["https://id.example.org"]]
)
def test_a_token_of_another_issuer(clock: FakeClock, issuer: object) -> None:
    """Where an issuer is set, its tokens are taken and no others."""
    access = TokenAccess(KEYS, clock, issuer="https://id.example.org")

    assert access.authenticate(token(iss="https://id.example.org")).user == "ann"
    with pytest.raises(Unauthorized, match="another issuer"):
        access.authenticate(sign(claims(iss=issuer), SECRET.encode()))


def test_a_revoked_token_is_refused(access: TokenAccess) -> None:
    """A token that was revoked is refused, and who came with it before is known to be out."""
    held = token(jti="t1")
    ann = access.authenticate(held)
    access.revocations.revoke_token("t1", NOW + 60)

    assert not access.still(ann)
    with pytest.raises(Unauthorized, match="has been revoked"):
        access.authenticate(held)
    assert access.authenticate(token(jti="t2")).user == "ann"


def test_what_the_server_signed(clock: FakeClock) -> None:
    """A share link and a sign-in are taken as tokens, and can be revoked; a ticket is taken only where it is
    redeemed."""
    grants = Grants([SECRET], clock, iter("abcdef").__next__)
    access = TokenAccess(KEYS, clock, grants=grants, audience="headway")
    shared = access.authenticate(grants.share("run:7", NOW + 60))
    ticket = grants.ticket(shared)

    assert (shared.user, shared.only, shared.token) == (None, "run:7", "a")
    assert access.authenticate(grants.sign_in("ann", Role.ADMIN, ["*"], [], 60)).role is Role.ADMIN
    with pytest.raises(Unauthorized):
        access.authenticate(ticket)
    assert access.redeem(ticket).identity == shared
    access.revocations.revoke_token("a", NOW + 60)
    with pytest.raises(Unauthorized, match="revoked"):
        access.redeem(ticket)
    with pytest.raises(Unauthorized, match="invalid"):
        TokenAccess(KEYS, clock).redeem(ticket)


def test_without_a_secret_nothing_is_granted(clock: FakeClock) -> None:
    """A server that makes no grants takes none, whoever signed them."""
    made = Grants([SECRET], clock, lambda: "id").share("run:7", NOW + 60)
    with pytest.raises(Unauthorized, match="invalid"):
        TokenAccess(KEYS, clock).authenticate(made)


@pytest.mark.parametrize("type", ["headway-share", "headway-sign-in", "headway-ticket"])
def test_a_token_is_no_grant(clock: FakeClock, type: str) -> None:
    """A token that somebody signed with the secret itself does not become a grant by calling itself one."""
    said = claims(jti="x", role="admin", only="run:7", ends=NOW + 60, issued=NOW, token="t")
    held = sign(said, SECRET.encode(), type)
    access = TokenAccess(KEYS, clock, grants=Grants([SECRET], clock, lambda: "id"))

    with pytest.raises(Unauthorized, match="invalid"):
        access.authenticate(held)
    with pytest.raises(Unauthorized, match="invalid"):
        access.redeem(held)


def test_a_sentence_does_not_hold_the_token(access: TokenAccess) -> None:
    """Whatever is wrong with a token, neither it nor what it says stands in the sentence."""
    for held in (
        token(OTHER_SECRET, sub="somebody"),
        token(sub="somebody", exp=1),
        token(sub="somebody", role="somebody"),
        token(sub="somebody", channels=["somebody" * 40]),
        token(sub="somebody\n"),
    ):
        with pytest.raises(Unauthorized) as caught:
            access.authenticate(held)
        assert "somebody" not in str(caught.value)
        assert held.rpartition(".")[2] not in str(caught.value)


JSON: st.SearchStrategy[Any] = st.recursive(  # Any: JSON
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)
NAMES = ["sub", "user_id", "exp", "nbf", "iat", "aud", "iss", "jti", "channels", "publish", "role", "only"]
VALUES = JSON | st.sampled_from([NOW, NOW + 60, NOW - 1, 10**400, 1e308, "ann", "admin", ["*"], "https://i", "a"])


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(NAMES), VALUES), st.sampled_from(["JWT", "headway-share", "headway-ticket"]))
def test_any_claims_are_somebody_or_refused(said: dict[str, Any], type: str) -> None:
    """Whatever a rightly signed token says, it is somebody or refused, and fails in no other way."""
    clock = FakeClock(NOW)
    grants = Grants([SECRET], clock, lambda: "id")
    access = TokenAccess(KEYS, clock, issuer="https://i", audience="a", grants=grants)
    held = sign({"sub": "ann", "exp": NOW + 60, "aud": "a", "iss": "https://i", **said}, SECRET.encode(), type)
    try:
        identity = access.authenticate(held)
    except Unauthorized:
        return
    assert identity.user is not None
    assert identity.user.isprintable()
    assert identity.expires is not None
    assert NOW - 5 <= identity.expires <= 253_402_300_799
    assert identity.only is None
    assert all(isinstance(pattern, str) for pattern in identity.readable + identity.writable)


@settings(deadline=None)
@given(st.text() | st.binary().map(lambda raw: raw.decode("latin-1")))
def test_any_text_is_refused(held: str) -> None:
    """No text is a token by accident, and none makes the check fail in another way."""
    with pytest.raises(Unauthorized):
        TokenAccess(KEYS, FakeClock()).authenticate(held)


def test_json_beyond_python(access: TokenAccess) -> None:
    """Numbers that JSON can spell and nobody can count with are refused."""
    for spelled in (b"1e400", b"-1e400", b"1" + b"0" * 400, b"NaN", b"Infinity", b'"1e9"', b"true"):
        said = msgspec.Raw(b'{"sub":"ann","exp":%b}' % spelled)
        with pytest.raises(Unauthorized):
            access.authenticate(sign(said, SECRET.encode()))  # type: ignore[arg-type]  # JSON no dict can be
