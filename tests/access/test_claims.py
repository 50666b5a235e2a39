"""What a token's claims must be."""

from __future__ import annotations

import math

import pytest

from headway.access import claims
from headway.access.identity import Role, Unauthorized
from headway.access.jws import Claims

BAD_MOMENTS: list[object] = [True, False, "1700000000", [1], {}, math.nan, math.inf, -math.inf]
BAD_MOMENTS += [1e300, 10**400, -(10**400), 253_402_300_800]
NO_NAMES: list[object] = ["x" * 256, "a\nb", "a\x00", "a\u202eb", "\ud800", True, 1.5, 1e400, [], {}, 1 << 64]


@pytest.mark.parametrize("value", [None, *BAD_MOMENTS], ids=repr)
def test_an_expiry_is_a_moment(value: object) -> None:
    """An expiry is a number before the year 10000; anything else, and none, is refused."""
    with pytest.raises(Unauthorized, match=r"no expiry|beyond the year"):
        claims.lifetime({"exp": value}, 0.0, 5.0)


@pytest.mark.parametrize("name", ["nbf", "iat"])
@pytest.mark.parametrize("value", BAD_MOMENTS, ids=repr)
def test_a_beginning_is_a_moment(name: str, value: object) -> None:
    """A beginning is missing or a number; anything else is refused."""
    with pytest.raises(Unauthorized, match=f"{name}"):
        claims.lifetime({"exp": 100, name: value}, 0.0, 5.0)


@pytest.mark.parametrize(
    ("said", "now"),
    [
        ({"exp": 100}, 105.0),
        ({"exp": 100.5}, 105.5),
        ({"exp": 100, "nbf": 70}, 10.0),
        ({"exp": 100, "iat": 70.0}, 10.0),
    ],
)
def test_a_lifetime(said: Claims, now: float) -> None:
    """A token counts until the grace after its end, and from a minute before its beginning: to the very moment."""
    ends, made = claims.lifetime(said, now, 5.0)
    assert (ends, made) == (said["exp"], said.get("iat"))

    with pytest.raises(Unauthorized):
        claims.lifetime(said, math.nextafter(now, 1e9 if now > 100 else -1e9), 5.0)


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ({"sub": "ann"}, "ann"),
        ({"sub": "ann", "user_id": "bob"}, "ann"),
        ({"user_id": "bob"}, "bob"),
        ({"sub": None, "user_id": 7}, "7"),
        ({"sub": 0}, "0"),
        ({"sub": "Ann von Öd <a@example.org>"}, "Ann von Öd <a@example.org>"),
        ({"sub": "x" * 255}, "x" * 255),
    ],
)
def test_a_user(said: Claims, name: str) -> None:
    """The user is `sub`, or `user_id` where there is no `sub`: text or a whole number."""
    assert claims.user(said) == name


@pytest.mark.parametrize(
    "said",
    [{}, {"sub": ""}, {"sub": "", "user_id": "bob"}, *({"sub": value} for value in NO_NAMES)],
    ids=repr,
)
def test_no_user(said: Claims) -> None:
    """Without a user, or with one whose name is empty, endless, not to be printed or no name, a token is refused."""
    with pytest.raises(Unauthorized, match="names no user"):
        claims.user(said)


def test_an_id() -> None:
    """A token's id is text, or missing."""
    assert claims.token_id({"jti": "t1"}) == "t1"
    assert claims.token_id({}) is None
    for value in (7, "", "x" * 256, "a\nb", ["t1"]):
        with pytest.raises(Unauthorized, match="not an id"):
            claims.token_id({"jti": value})


def test_patterns() -> None:
    """Patterns are a list of text; missing is not empty."""
    assert claims.patterns({"channels": ["a*", ""]}, "channels", ("*",)) == ("a*", "")
    assert claims.patterns({}, "channels", ("*",)) == ("*",)
    assert claims.patterns({"channels": []}, "channels", ("*",)) == ()


@pytest.mark.parametrize("value", ["run:*", [7], {"run": True}, True, [["a"]], [None]], ids=repr)
def test_what_is_no_list_of_patterns(value: object) -> None:
    """Anything but a list of text is refused."""
    with pytest.raises(Unauthorized, match="'publish' is not a list of patterns"):
        claims.patterns({"publish": value}, "publish", ())


def test_patterns_are_bounded() -> None:
    """A thousand patterns of 255 characters and 16 stars are the most."""
    most = ["*" * 16 + "x" * 239] * 1_000

    assert len(claims.patterns({"channels": most}, "channels", ())) == 1_000
    for more in (["a"] * 1_001, ["x" * 256], ["*" * 17]):
        with pytest.raises(Unauthorized, match="has more than"):
            claims.patterns({"channels": more}, "channels", ())


@pytest.mark.parametrize("value", ["root", "", "Admin", 1, True, [], {}, ["admin"]], ids=repr)
def test_roles(value: object) -> None:
    """A role is one of three, viewer where none is named, and anything else is refused."""
    assert [claims.role({"role": role.value}) for role in Role] == list(Role)
    assert claims.role({}) is Role.VIEWER
    with pytest.raises(Unauthorized, match="none of viewer, operator, admin"):
        claims.role({"role": value})
