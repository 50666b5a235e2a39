"""Who somebody is, and what that covers."""

from __future__ import annotations

import fnmatch
from base64 import urlsafe_b64encode
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headway.access.identity import ANONYMOUS, Identity, OpenAccess, TokenAccess, Unauthorized
from headway.codes import Code
from headway.testing.clock import FakeClock

SECRET = "a secret of sixty-four characters or more, which is what HS512 asks for"


@pytest.fixture
def clock() -> FakeClock:
    """Time that stands still."""
    return FakeClock()


@pytest.fixture
def access(clock: FakeClock) -> TokenAccess:
    """Access by tokens."""
    return TokenAccess(SECRET, clock)


def token(clock: FakeClock, *, secret: str = SECRET, algorithm: str = "HS256", **claims: Any) -> str:  # Any: JSON
    """A token that holds for a minute, with these claims; a claim that is None is left out."""
    content = {"sub": "ann", "exp": int(clock.now()) + 60, **claims}
    return jwt.encode({name: value for name, value in content.items() if value is not None}, secret, algorithm)


def test_open_access() -> None:
    """Without a secret everybody is the same anonymous user and may do everything, whatever the token."""
    for held in (None, "", "nonsense"):
        assert OpenAccess().authenticate(held) == ANONYMOUS
    assert ANONYMOUS.may_read("run:7")
    assert ANONYMOUS.may_publish("run:7")


def test_a_token_covers_what_it_says(access: TokenAccess, clock: FakeClock) -> None:
    """`channels` names what may be read, `publish` what may be written, by pattern."""
    ann = access.authenticate(token(clock, channels=["run:*", "news"], publish=["run:7"]))

    assert ann.user == "ann"
    assert ann.expires == clock.now() + 60
    assert [ann.may_read(name) for name in ("run:7", "run:", "news", "newsroom", "other")] == [True] * 3 + [False] * 2
    assert [ann.may_publish(name) for name in ("run:7", "run:8", "news")] == [True, False, False]


def test_a_token_that_says_nothing(access: TokenAccess, clock: FakeClock) -> None:
    """Without patterns a token reads everything and writes nothing; an empty list reads nothing either."""
    ann = access.authenticate(token(clock))
    bob = access.authenticate(token(clock, sub=None, user_id="bob", channels=[]))

    assert (ann.may_read("run"), ann.may_publish("run")) == (True, False)
    assert (bob.user, bob.may_read("run"), bob.may_publish("run")) == ("bob", False, False)


def test_a_token_expires(access: TokenAccess, clock: FakeClock) -> None:
    """It holds until a minute after its expiry, because clocks differ."""
    held = token(clock)
    clock.advance(120)
    assert access.authenticate(held).user == "ann"
    clock.advance(1)

    with pytest.raises(Unauthorized, match="has expired"):
        access.authenticate(held)


def test_a_token_begins(access: TokenAccess, clock: FakeClock) -> None:
    """It holds from a minute before its beginning."""
    held = token(clock, nbf=int(clock.now()) + 61)
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


@pytest.mark.parametrize(
    ("claims", "sentence"),
    [
        ({"exp": None}, "no expiry"),
        ({"exp": "tomorrow"}, "no expiry"),
        ({"sub": None}, "names no user"),
        ({"channels": "run:*"}, "'channels' is not a list"),
        ({"channels": [7]}, "'channels' is not a list"),
        ({"publish": {"run": True}}, "'publish' is not a list"),
        ({"secret": "another secret of thirty-two characters"}, "invalid"),
        ({"algorithm": "HS512"}, "invalid"),
    ],
)
def test_other_tokens_are_refused(access: TokenAccess, clock: FakeClock, claims: dict[str, Any], sentence: str) -> None:
    """A token without expiry or user, with other than patterns, of another secret or another algorithm is refused."""
    held = token(clock, **claims)
    with pytest.raises(Unauthorized, match=sentence) as caught:
        access.authenticate(held)

    assert held not in str(caught.value)


def test_unsigned_tokens_are_refused(access: TokenAccess) -> None:
    """The algorithm `none` is no signature."""
    with pytest.raises(Unauthorized, match="invalid"):
        access.authenticate(jwt.encode({"sub": "ann", "exp": 4e9}, None, "none"))


@pytest.mark.parametrize(
    "held",
    [
        "x",
        "a.b.c",
        "....",
        "\ud800.a.b",
        "é.é.é",
        "\x00",
        urlsafe_b64encode(b"[" * 60_000 + b"]" * 60_000).decode().rstrip("=") + ".e30.AA",
        urlsafe_b64encode(b'{"alg":' * 20_000).decode().rstrip("=") + ".e30.AA",
        "a" * 1_000_000,
    ],
    ids=range(9),
)
def test_nonsense_is_refused(access: TokenAccess, held: str) -> None:
    """Text that is no token is refused like any other, whatever it is made of."""
    with pytest.raises(Unauthorized, match="invalid"):
        access.authenticate(held)


@given(st.text())
def test_any_text_is_refused(held: str) -> None:
    """No text is a token by accident, and none makes the check fail in another way."""
    with pytest.raises(Unauthorized):
        TokenAccess(SECRET, FakeClock()).authenticate(held)


@pytest.mark.parametrize(
    ("pattern", "covered", "others"),
    [
        ("*", ["run", "a*b"], []),
        ("run:*", ["run:", "run:7"], ["run", "xrun:7"]),
        ("*:log", ["a:log", ":log"], ["a:logs", "log"]),
        ("a*b*c", ["abc", "axbxc", "abbcc"], ["acb", "ab", "abcd"]),
        ("ab*ba", ["abba", "abxba"], ["aba"]),
        ("test[1]", ["test[1]"], ["test1"]),
        ("test?", ["test?"], ["test1"]),
        ("a**b", ["ab", "axb"], ["a", "b"]),
        ("", [], ["run"]),
    ],
)
def test_patterns(pattern: str, covered: list[str], others: list[str]) -> None:
    """A `*` stands for any run of characters, and every other character for itself."""
    identity = Identity("ann", readable=(pattern,), writable=())

    assert [name for name in covered + others if identity.may_read(name)] == covered
    assert not any(identity.may_publish(name) for name in covered)


@given(st.text("ab*", max_size=8), st.text("ab", max_size=10))
def test_patterns_are_what_everybody_knows(pattern: str, name: str) -> None:
    """Where only `*` is special, a pattern covers what a shell's would."""
    assert Identity("ann", readable=(pattern,)).may_read(name) == fnmatch.fnmatchcase(name, pattern)


def test_a_pattern_takes_no_time() -> None:
    """A pattern of many stars is matched in one pass."""
    assert not Identity("ann", readable=("*a" * 100 + "*b",)).may_read("a" * 255)
