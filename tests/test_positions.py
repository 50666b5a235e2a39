"""Positions: what travels as one opaque string on every wire."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headway.positions import BEGINNING, Gap, GapReason, Position, format_positions, parse_positions

epochs = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=1, max_size=32)
places = st.builds(Position, epochs, st.integers(0, 10**16 - 1))


@given(places)
def test_a_position_is_read_back(position: Position) -> None:
    """What was spelled is read as the same position, and needs no escaping in a URL, a header or a line."""
    spelled = str(position)

    assert Position.parse(spelled) == position
    assert set(spelled) <= set("abcdefghijklmnopqrstuvwxyz0123456789.")


def test_the_beginning_is_spelled_empty() -> None:
    """The empty string is the beginning, whatever the epoch."""
    assert str(BEGINNING) == ""
    assert Position.parse("") is BEGINNING


@pytest.mark.parametrize(
    "spelled",
    [
        "x",
        "7",
        ".",
        ".7",
        "a.",
        "a.-1",
        "a.01",
        "a.+1",
        "a.1 ",
        " a.1",
        "a.1\n",
        "A.1",
        "ä.1",
        "a.1.2",
        "a.1,b.2",
        "null",
    ],
)
def test_what_is_no_position(spelled: str) -> None:
    """Anything that this server did not spell is refused, in a sentence that shows it."""
    with pytest.raises(ValueError, match="is not a position"):
        Position.parse(spelled)


@pytest.mark.parametrize(
    "spelled",
    ["a" * 33 + ".1", "a." + "1" * 17, "a.1e3", "a.٣", "\ud800"],
)
def test_what_looks_like_a_position(spelled: str) -> None:
    """Digits of another script, numbers of another form and lengths out of bounds are refused like anything else."""
    with pytest.raises(ValueError, match="is not a position"):
        Position.parse(spelled)


@given(st.text())
def test_any_text_is_a_position_or_refused(spelled: str) -> None:
    """No text makes reading a position fail in another way, and each position has one spelling."""
    try:
        position = Position.parse(spelled)
    except ValueError:
        return
    assert str(position) == spelled


@given(st.lists(places, max_size=128, unique_by=lambda position: position.epoch))
def test_a_set_of_positions_is_read_back(positions: list[Position]) -> None:
    """A token of up to 128 positions is read as the same positions, each known by its epoch."""
    assert parse_positions(format_positions(positions)) == {position.epoch: position for position in positions}


def test_a_token_leaves_the_beginning_out() -> None:
    """Where a reader has been told nothing yet, there is nothing to spell."""
    assert format_positions([BEGINNING, Position("a", 1), BEGINNING]) == "a.1"
    assert format_positions([BEGINNING]) == ""
    assert parse_positions("") == {}


@pytest.mark.parametrize("token", [",", "a.1,", ",a.1", "a.1,,b.2", "a.1;b.2", "a.1, b.2", "a.1,b"])
def test_what_is_no_token(token: str) -> None:
    """A token with a part that is no position is refused as a whole."""
    with pytest.raises(ValueError, match=r"is not a position|has an empty part"):
        parse_positions(token)


def test_a_token_is_bounded() -> None:
    """A token longer than any this server spells is refused before it is taken apart."""
    with pytest.raises(ValueError, match="longer than 8192"):
        parse_positions("a.1," * 10_000)


@pytest.mark.parametrize(
    ("after", "until", "lost"),
    [
        (Position("a", 3), Position("a", 9), 6),
        (Position("a", 9), Position("a", 3), 6),
        (BEGINNING, Position("a", 4), 4),
        (Position("a", 3), Position("b", 9), None),
    ],
)
def test_what_a_gap_lost(after: Position, until: Position, lost: int | None) -> None:
    """A gap counts its offsets; between two lives of a log nobody can count."""
    assert Gap("run", after, until, GapReason.TRIMMED).lost == lost
