"""Which of samples, hours and days says what."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from headway.apps.monitor.figures.samples import LONGEST
from headway.apps.monitor.figures.windows import DAY, HOUR, Marks, Piece, aligned, pieces
from tests.apps.monitor.figures.stage import MIDNIGHT

moments = st.integers(0, 40 * DAY).map(lambda seconds: MIDNIGHT + seconds)
marks_of_any_kind = st.builds(
    lambda rolled, samples, hours: Marks(
        MIDNIGHT + rolled * HOUR,
        MIDNIGHT + min(samples, rolled) * HOUR,
        MIDNIGHT + min(hours * 24, min(samples, rolled) // 24 * 24) * HOUR,
    ),
    st.integers(0, 960),
    st.integers(0, 960),
    st.integers(0, 40),
)


def test_the_coarsest_that_fit() -> None:
    """Samples at the edges, hours behind them, days in the middle."""
    begin, end = MIDNIGHT + 1.5 * HOUR, MIDNIGHT + 3 * DAY + 2.5 * HOUR
    found = list(pieces(begin, end, Marks(MIDNIGHT + 3 * DAY + 2 * HOUR)))

    assert found == [
        Piece(0, begin, MIDNIGHT + 2 * HOUR),
        Piece(HOUR, MIDNIGHT + 2 * HOUR, MIDNIGHT + DAY),
        Piece(DAY, MIDNIGHT + DAY, MIDNIGHT + 3 * DAY),
        Piece(HOUR, MIDNIGHT + 3 * DAY, MIDNIGHT + 3 * DAY + 2 * HOUR),
        Piece(0, MIDNIGHT + 3 * DAY + 2 * HOUR, end),
    ]


def test_nothing_rolled_up_is_all_samples() -> None:
    """And so is what is within an hour."""
    assert list(pieces(MIDNIGHT, MIDNIGHT + DAY, Marks())) == [Piece(0, MIDNIGHT, MIDNIGHT + DAY)]
    assert list(pieces(MIDNIGHT + 5, MIDNIGHT + 9, Marks(MIDNIGHT + DAY))) == [Piece(0, MIDNIGHT + 5, MIDNIGHT + 9)]


def test_no_coarser_than_a_chart_can_use() -> None:
    """An hour's bucket has no use for days."""
    marks = Marks(MIDNIGHT + 2 * DAY)

    assert [one.span for one in pieces(MIDNIGHT, MIDNIGHT + 2 * DAY, marks, HOUR)] == [HOUR]
    assert [one.span for one in pieces(MIDNIGHT, MIDNIGHT + 2 * DAY, marks, 60)] == [0]


@given(moments, moments, marks_of_any_kind, st.sampled_from([60, HOUR, DAY]))
def test_pieces_follow_each_other(one: float, other: float, marks: Marks, coarsest: int) -> None:
    """From the beginning to the end, and each stands where its roll-ups do."""
    begin, end = sorted((aligned(one, marks), aligned(other, marks)))
    found = list(pieces(begin, end, marks, coarsest))

    at = begin
    for piece in found:
        assert piece.begin == at < piece.end
        at = piece.end
        if piece.span:
            assert piece.begin % piece.span == piece.end % piece.span == 0
            assert piece.end <= marks.rolled
            assert piece.span <= coarsest
    assert at == end


@given(moments, moments, marks_of_any_kind)
def test_nothing_is_asked_of_what_is_no_longer_kept(one: float, other: float, marks: Marks) -> None:
    """Where samples or hours are gone, coarser ones speak."""
    begin, end = sorted((aligned(one, marks), aligned(other, marks)))
    for piece in pieces(begin, end, marks):
        if piece.span == 0 and piece.begin < marks.rolled:
            assert piece.begin >= marks.samples + LONGEST
        if piece.span == HOUR:
            assert piece.begin >= marks.hours


@given(moments, moments, marks_of_any_kind)
def test_aligning_keeps_the_order_and_stays(one: float, other: float, marks: Marks) -> None:
    """So stretches that follow each other still do."""
    one, other = sorted((one, other))

    assert one <= aligned(one, marks) <= one + DAY
    assert aligned(one, marks) <= aligned(other, marks)
    assert aligned(aligned(one, marks), marks) == aligned(one, marks)
