"""How an input is read as decisions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fuzz.choices import Choices, cut


def test_numbers_and_pieces_come_from_the_front() -> None:
    """Each takes what it needs; the rest is what is left."""
    choices = Choices(b"\x07\x02abcd")

    assert (choices.number(3), choices.piece(), choices.pick("xyz"), choices.rest(), bool(choices)) == (
        3,
        b"ab",
        "xyz"[ord("c") % 3],
        b"d",
        False,
    )


def test_a_long_piece() -> None:
    """255 as a length says that the length stands behind it."""
    assert Choices(b"\xff\x01\x2c" + b"a" * 400).piece() == b"a" * 300


def test_a_used_up_input_still_decides() -> None:
    """Every number is 0 and every piece empty, so that a short input is an input too."""
    choices = Choices(b"")

    assert (choices.number(), choices.piece(), choices.text(), choices.rest()) == (0, b"", "", b"")


@given(st.binary(max_size=300), st.binary(max_size=5))
def test_pieces_are_the_whole(data: bytes, sizes: bytes) -> None:
    """However data are cut, nothing is lost and no piece is empty."""
    pieces = list(cut(data, sizes))

    assert b"".join(pieces) == data
    assert all(pieces)


@pytest.mark.parametrize(
    ("sizes", "pieces"), [(b"", [b"a", b"b", b"c"]), (b"\x02", [b"ab", b"c"]), (b"\x09", [b"abc"])]
)
def test_sizes_decide_where_it_is_cut(sizes: bytes, pieces: list[bytes]) -> None:
    """No sizes are single bytes."""
    assert list(cut(b"abc", sizes)) == pieces
