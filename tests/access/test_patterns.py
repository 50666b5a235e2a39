"""Which channels a pattern covers."""

from __future__ import annotations

import fnmatch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headway.access.patterns import covered


@pytest.mark.parametrize(
    ("pattern", "within", "others"),
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
def test_patterns(pattern: str, within: list[str], others: list[str]) -> None:
    """A `*` stands for any run of characters, and every other character for itself."""
    assert [name for name in within + others if covered(name, (pattern,))] == within


def test_one_pattern_is_enough() -> None:
    """A channel is covered if one of several patterns covers it; no pattern covers nothing."""
    assert covered("news", ("run:*", "news"))
    assert not covered("news", ())


@given(st.text("ab*", max_size=8), st.text("ab", max_size=10))
def test_patterns_are_what_everybody_knows(pattern: str, name: str) -> None:
    """Where only `*` is special, a pattern covers what a shell's would."""
    assert covered(name, (pattern,)) == fnmatch.fnmatchcase(name, pattern)


def test_a_pattern_takes_no_time() -> None:
    """A pattern of many stars is matched in one pass."""
    assert not covered("a" * 255, ("*a" * 100 + "*b",))
