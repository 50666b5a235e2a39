"""Where reading begins: the table at the top of `headway.log.extent`, row by row."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headway.log.extent import Extent, start
from headway.positions import BEGINNING, GapReason, Position

HELD = Extent("run", "now", trimmed=10, head=20)


@pytest.mark.parametrize(
    ("after", "inherited", "begins", "reason"),
    [
        (BEGINNING, None, 10, None),
        (Position("now", 15), None, 15, None),
        (Position("now", 10), None, 10, None),
        (Position("now", 20), None, 20, None),
        (Position("now", 21), None, 20, GapReason.AHEAD),
        (Position("now", 9), None, 10, GapReason.TRIMMED),
        (Position("now", 0), None, 10, GapReason.TRIMMED),
        (Position("before", 14), 14, 14, None),
        (Position("before", 9), 14, 10, GapReason.TRIMMED),
        (Position("before", 15), 14, 14, GapReason.EPOCH),
        (Position("before", 7), 5, 10, GapReason.EPOCH),
        (Position("other", 15), None, 10, GapReason.EPOCH),
    ],
)
def test_reading_begins(after: Position, inherited: int | None, begins: int, reason: GapReason | None) -> None:
    """Each kind of position has one beginning, and a gap where something is missing."""
    offset, gap = start(HELD, after, inherited)

    assert offset == begins
    assert (gap and gap.reason) == reason
    if gap is not None:
        assert (gap.channel, gap.after, gap.until) == ("run", after, Position("now", begins))


@given(
    epoch=st.sampled_from(["now", "before", "other", ""]),
    offset=st.integers(0, 30),
    inherited=st.integers(0, 20),
    trimmed=st.integers(0, 20),
    held=st.integers(0, 10),
)
def test_reading_begins_within_what_is_held(epoch: str, offset: int, inherited: int, trimmed: int, held: int) -> None:
    """Never before the trimmed edge, never after the head; without a gap it begins where the reader stands."""
    extent = Extent("run", "now", trimmed, trimmed + held)
    after = Position(epoch, offset) if epoch else BEGINNING
    known = min(inherited, extent.head) if epoch == "before" else None

    begins, gap = start(extent, after, known)

    assert extent.trimmed <= begins <= extent.head
    assert gap is not None or after == BEGINNING or begins == offset
