"""YAML within bounds: what people mean, and nothing that hurts."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headway.apps.monitor.applications.documents import BYTES, document, dumped
from headway.errors import UsageError

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
TRICKY = st.sampled_from(
    ["yes", "on", "22:00", "2026-01-01", "1e5", "0o17", "010", "1_000", "~", "=", "<<", "1.0", ".inf"]
)
WHOLE = st.integers(-(10**17), 10**17)
VALUES = st.recursive(
    st.none() | st.booleans() | WHOLE | st.floats(allow_nan=False, allow_infinity=False, width=32) | TEXT | TRICKY,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


@given(VALUES)
def test_what_is_written_is_read_the_same(value: Any) -> None:
    """Texts that look like numbers, times or truths too."""
    assert document(dumped(value)) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("at: 22:00", {"at": "22:00"}),
        ("on: no", {"on": "no"}),
        ("day: 2026-01-01", {"day": "2026-01-01"}),
        ("a: 1.5\nb: 7\nc: true\nd: ~", {"a": 1.5, "b": 7, "c": True, "d": None}),
        ("200: ok", {"200": "ok"}),
        ("a: &x {b: 1}\nc: *x", {"a": {"b": 1}, "c": {"b": 1}}),
        ("base: &x {b: 1, c: 2}\nd:\n  <<: *x\n  c: 3", {"base": {"b": 1, "c": 2}, "d": {"c": 3, "b": 1}}),
        ("\ufeffa: 1", {"a": 1}),
        ("", None),
        ("--- \n", None),
        ("- |\n  two\n  lines", ["two\nlines"]),
    ],
)
def test_plain_values_are_what_people_mean(text: str, value: Any) -> None:
    """A time of a day is no number, and `no` is no truth; anchors and merges are read."""
    assert document(text) == value


BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{b}: &{b} [{','.join(['*' + a] * 9)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
)
MERGES = "a: &a {x: 1, y: 2}\n" + "".join(
    f"{b}: &{b} {{<<: [{','.join(['*' + a] * 9)}], v: [{','.join(['*' + a] * 9)}]}}\n"
    for a, b in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (BOMB, "more than 200000 values"),
        (MERGES, "more than 200000 values"),
        ("[" * 101 + "]" * 101, "more than 100 levels"),
        ("[" * 100_000, "levels"),
        ("a: " * 5_000, "line 1"),
        ("a: &x [*x]", "stands for nothing"),
        ("a: *b", "stands for nothing"),
        ("a: !!python/object/apply:os.system ['true']", "the tag"),
        ("a: !secret x", "the tag"),
        ("a: 1\nb: 2\na: 3", "line 3: 'a' stands here twice"),
        ("a: 1\n---\nb: 2", "second one"),
        ("a: [1", "line"),
        ("a:\n  b: 1\n c: 2", "line 3"),
        ("? [a]\n: b", "no list"),
        ("<<: 7", "<< merges"),
        ("a: \x00", "this is no YAML"),
        ("x" * (BYTES + 1), "larger than"),
    ],
)
def test_what_cannot_be_read_is_refused(text: str, words: str) -> None:
    """In no time, without a crash, and with a line where there is one."""
    with pytest.raises(UsageError, match=words):
        document(text)


def test_a_refusal_quotes_no_text() -> None:
    """It may hold what nobody is to see."""
    with pytest.raises(UsageError) as caught:
        document("token: 'hunter2\nmore: x")

    assert "hunter2" not in str(caught.value)


def test_other_bytes_are_refused() -> None:
    """UTF-8 it is."""
    with pytest.raises(UsageError, match="not UTF-8"):
        document(b"a: \xff\xfe")


def test_what_is_used_twice_is_written_twice() -> None:
    """People read it, and other programs."""
    shared = {"a": [1]}

    assert dumped([shared, shared]) == "- a:\n  - 1\n- a:\n  - 1\n"
