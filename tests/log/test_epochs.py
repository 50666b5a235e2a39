"""Epochs of channels."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from headway.log.epochs import channel_epoch
from headway.positions import Position

names = st.text(min_size=1, max_size=30)


@given(st.from_regex(r"[a-z0-9]{1,32}", fullmatch=True), names)
def test_an_epoch_is_part_of_a_position(life: str, channel: str) -> None:
    """It is spelled in the characters a position allows, for any name."""
    epoch = channel_epoch(life, channel)

    assert Position.parse(f"{epoch}.17") == Position(epoch, 17)


@given(names, names)
def test_an_epoch_is_of_one_channel_in_one_life(one: str, other: str) -> None:
    """The same pair has the same epoch, another has another."""
    assert channel_epoch("a", one) == channel_epoch("a", one) != channel_epoch("b", one)
    assert (channel_epoch("a", one) == channel_epoch("a", other)) == (one == other)


def test_an_epoch_never_changes() -> None:
    """Positions outlive releases: this one is written down."""
    assert channel_epoch("7k2m9qzt41", "run") == "ngqu7kbyul2q"
