"""The SCIM subset, parsed and matched."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headway.sandbox.errors import Refusal
from headway.sandbox.filters import All, Comparison, Either, Not, matcher, parse, pinned

TEXTS = ("eq", "sw", "ew", "co")
SUPPORTED = {
    "username": TEXTS,
    "name.family": TEXTS,
    "badges": TEXTS,
    "enabled": ("eq",),
    "updatedAt": ("eq", "ge", "le"),
}
ADA = {
    "username": "ada",
    "name.family": 'O"Brien\\x',
    "badges": ["red", "Blue"],
    "enabled": True,
    "updatedAt": "2026-01-31T12:00:00.500Z",
}


def matches(text: str, thing: dict[str, Any] | None = None) -> bool:  # Any: JSON values
    """Whether the filter finds her."""
    return matcher(parse(text, SUPPORTED), lambda one, path: one.get(path))(ADA if thing is None else thing)


@pytest.mark.parametrize(
    "text",
    [
        'username eq "ADA"',
        'USERNAME EQ "ada"',
        'userName eq "ada"',
        'username sw "A"',
        'username ew "da"',
        'username co "D"',
        r'name.family eq "o\"brien\\X"',
        r'username eq "\u0061da"',
        "enabled eq true",
        "enabled eq TRUE",
        'badges eq "blue"',
        'updatedAt ge "2026-01-31T12:00:00Z"',
        'updatedAt le "2026-01-31T13:00:00.500+01:00"',
        'username eq "bob" or username eq "ada"',
        'not username eq "bob"',
        'not (username eq "bob" or enabled eq false)',
        'username eq "bob" and enabled eq false or enabled eq true',
        '((username eq "ada"))and(enabled eq true)',
    ],
)
def test_what_finds_her(text: str) -> None:
    """Operators, letter case, escapes, times in other zones; and binds before or."""
    assert matches(text)


@pytest.mark.parametrize(
    "text",
    [
        'username eq "bob"',
        'username sw "da"',
        "enabled eq false",
        'enabled eq "true"',
        'username eq "bob" and (enabled eq false or enabled eq true)',
        'not enabled eq true and username eq "ada"',
        'updatedAt ge "2026-01-31T12:00:00.501Z"',
        'badges eq "green"',
        "username eq 1",
    ],
)
def test_what_does_not_find_her(text: str) -> None:
    """A value of another type is not equal; not binds before and."""
    assert not matches(text)


def test_an_absent_attribute_matches_nothing() -> None:
    """Whatever the operator is."""
    assert not any(matches(f'username {name} "a"', {}) for name in TEXTS)


@pytest.mark.parametrize(
    ("text", "member"),
    [
        ("", "supportedAttributes"),
        ('shoeSize eq "1"', "supportedAttributes"),
        ('memberOfGroups[id eq "x"]', "supportedAttributes"),
        ('eq "x"', "supportedAttributes"),
        ("username", "supportedOperators"),
        ('username gt "x"', "supportedOperators"),
        ('enabled co "x"', "supportedOperators"),
        ("username sw 1", "supportedOperators"),
        ("username eq", None),
        ("username eq ada", None),
        ('username eq "ada', None),
        ('username eq "\n"', None),
        (r'username eq "\x"', None),
        ('username eq "ada" username', None),
        ('(username eq "ada"', None),
        ('username eq "ada")', None),
        ('updatedAt ge "yesterday"', None),
        ('updatedAt ge "0001-01-01T00:00:00+23:00"', None),
        ("(" * 4000, None),
        ("not " * 2000, None),
        ("\x00", None),
    ],
)
def test_what_cannot_be_read(text: str, member: str | None) -> None:
    """INVALID_FILTER, with what could have stood there."""
    with pytest.raises(Refusal) as caught:
        parse(text, SUPPORTED)

    (problem,) = caught.value.details
    assert (caught.value.status, problem.code, problem.target) == (400, "INVALID_FILTER", "filter")
    assert list(problem.inner) == ([member] if member else [])


def test_the_tree_is_as_the_words_bind() -> None:
    """or is above and, and is above not."""
    one, two, three = (f'username eq "{name}"' for name in "abc")

    assert parse(f"{one} or {two} and not {three}", SUPPORTED) == Either(
        (
            Comparison("username", "eq", "a"),
            All((Comparison("username", "eq", "b"), Not(Comparison("username", "eq", "c")))),
        )
    )


def test_a_name_that_is_asked_for_can_be_looked_up() -> None:
    """Only where every match must bear it."""
    assert pinned(parse('enabled eq true and username eq "ada"', SUPPORTED), "username") == "ada"
    for text in ('username sw "a"', 'not username eq "ada"', 'username eq "a" or username eq "b"'):
        assert pinned(parse(text, SUPPORTED), "username") is None


@given(
    st.text(alphabet=st.sampled_from(list('usernameandornoteq ().\\"1-[]ü\x00')), max_size=60) | st.text(max_size=40)
)
def test_whatever_is_sent_is_read_or_refused(text: str) -> None:
    """No text makes anything else of the parser."""
    with contextlib.suppress(Refusal):
        assert matcher(parse(text, SUPPORTED), lambda one, path: one.get(path))(ADA) in (True, False)
