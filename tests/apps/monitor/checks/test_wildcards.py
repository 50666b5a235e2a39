"""Patterns with stars."""

from __future__ import annotations

import fnmatch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headway.apps.monitor.checks.wildcards import Wildcard
from headway.errors import UsageError


@pytest.mark.parametrize(
    ("pattern", "text", "matches"),
    [
        ("*", "", True),
        ("", "", True),
        ("", "a", False),
        ("a*b*c", "a//b\nc", True),
        ("a*a", "a", False),
        ("*ab", "aab", True),
        ("*a*ab*", "aab", True),
        ("a?c", "a\nc", True),
        ("[a-c]x", "bx", True),
        ("[^a-c]x", "bx", False),
        ("[]]", "]", True),
        ("[\\]-a]", "^", True),
        (r"\*", "*", True),
        (r"\*", "a", False),
        ("a.c", "abc", False),
        ("(a|b)+", "a", False),
    ],
)
def test_a_pattern(pattern: str, text: str, matches: bool) -> None:
    """Stars, sets, and characters that mean something elsewhere."""
    assert Wildcard(pattern).matches(text) is matches


@given(st.text("ab*?", max_size=12), st.text("ab\n", max_size=20))
def test_stars_and_question_marks_are_those_of_the_shell(pattern: str, text: str) -> None:
    """The same verdicts as the standard library's, which tries every way."""
    assert Wildcard(pattern).matches(text) is fnmatch.fnmatchcase(text, pattern)


@pytest.mark.parametrize("pattern", ["[", "[a", "[a-", "\\", "[z-a]"])
def test_what_is_no_pattern_is_refused(pattern: str) -> None:
    """With a sentence."""
    with pytest.raises(UsageError, match="pat"):
        Wildcard(pattern)


def test_many_stars_take_no_time() -> None:
    """A pattern that a backtracking matcher would never finish."""
    assert not Wildcard("*a" * 100 + "b").matches("a" * 100_000)
