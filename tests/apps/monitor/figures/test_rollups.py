"""Hours and days: derived, as often as one likes."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, func, select

from headway.apps.monitor.figures.rollups import GRACE, Keeping, due, read_marks, roll, totals_of, write_marks
from headway.apps.monitor.figures.samples import Look
from headway.apps.monitor.figures.status import OUTCOMES, Status
from headway.apps.monitor.figures.windows import DAY, HOUR, Marks
from headway.apps.monitor.records import INCIDENTS, ROLLUPS, SAMPLES, TRANSITIONS
from tests.apps.monitor.figures.stage import MIDNIGHT, database, look, roll_all, take


def stored(connection: Connection) -> list[tuple[Any, ...]]:
    """All roll-ups."""
    order = (ROLLUPS.c.application, ROLLUPS.c.span, ROLLUPS.c.at)
    return [tuple(row) for row in connection.execute(select(ROLLUPS).order_by(*order))]


@st.composite
def looks(draw: st.DrawFn) -> list[Look]:
    """Looks at two applications over three days, in order of time."""
    times = draw(st.lists(st.integers(0, 3 * DAY), min_size=1, max_size=60, unique=True))
    return [
        look(
            MIDNIGHT + at,
            draw(st.sampled_from(OUTCOMES)),
            draw(st.floats(0, 2_000)),
            application=draw(st.integers(1, 2)),
            seconds=draw(st.sampled_from([60.0, 4_000.0, 90_000.0])),
        )
        for at in sorted(times)
    ]


def test_an_hour_is_rolled_up_when_it_is_over() -> None:
    """A minute later, for looks that are under way; a day with its last hour."""
    with database() as connection:
        take(connection, look(MIDNIGHT + 10, seconds=HOUR))
        marks = read_marks(connection)
        assert marks == Marks(rolled=MIDNIGHT)
        assert not due(marks, MIDNIGHT + HOUR + GRACE - 1)
        assert due(marks, MIDNIGHT + HOUR + GRACE)

        roll_all(connection, MIDNIGHT + DAY)
        assert [row[1:3] for row in stored(connection)] == [(HOUR, MIDNIGHT), (HOUR, MIDNIGHT + HOUR)]
        roll_all(connection, MIDNIGHT + DAY + GRACE)
        day = connection.execute(select(ROLLUPS).where(ROLLUPS.c.span == DAY)).mappings().one()

        assert (day["up"], day["unknown"], day["looks"]) == (HOUR, DAY - HOUR, 1)


@settings(deadline=None, max_examples=25)
@given(looks(), st.integers(0, 80))
def test_twice_is_once(some: list[Look], hour: int) -> None:
    """From whatever hour it is done again, as after a crash, or after a look that came late."""
    end = MIDNIGHT + 5 * DAY
    with database(2) as connection:
        take(connection, *some)
        roll_all(connection, end)
        once = stored(connection)
        write_marks(connection, Marks(rolled=MIDNIGHT + hour * HOUR), end)
        roll_all(connection, end)

        assert stored(connection) == once


@settings(deadline=None, max_examples=25)
@given(looks(), st.lists(st.integers(0, 4 * DAY), max_size=5))
def test_when_it_is_done_makes_no_difference(some: list[Look], moments: list[int]) -> None:
    """While looks come, or when all have."""
    end = MIDNIGHT + 5 * DAY
    with database(2) as connection:
        take(connection, *some)
        roll_all(connection, end)
        afterwards = stored(connection)
    with database(2) as connection:
        for one in some:
            if any(MIDNIGHT + moment < one.at for moment in moments):
                roll_all(connection, one.at)
            take(connection, one)
        roll_all(connection, end)

        assert stored(connection) == afterwards


def test_a_late_look_has_its_hour_done_again() -> None:
    """It was under way for long."""
    with database() as connection:
        take(connection, look(MIDNIGHT + 60), look(MIDNIGHT + 120, application=1))
        roll_all(connection, MIDNIGHT + 2 * HOUR)
        take(connection, look(MIDNIGHT + 3 * HOUR), look(MIDNIGHT + HOUR - 600, Status.ERROR))
        assert read_marks(connection).rolled == MIDNIGHT
        roll_all(connection, MIDNIGHT + 5 * HOUR)
        rows = connection.execute(select(ROLLUPS).where(ROLLUPS.c.at == MIDNIGHT)).mappings().all()

        assert [totals_of(row).failures for row in rows] == [1]


def test_much_to_do_is_done_in_pieces() -> None:
    """Two days at once: who wants to write waits meanwhile."""
    with database() as connection:
        take(connection, look(MIDNIGHT))

        assert roll(connection, MIDNIGHT + 30 * DAY, Keeping()).rolled == MIDNIGHT + 2 * DAY


def test_what_is_old_goes_when_the_coarser_is_there() -> None:
    """Samples, then hours, then days; incidents that ended and changes of the status."""
    keeping = Keeping(samples=2, hours=5, days=10, incidents=7)
    now = MIDNIGHT + 20 * DAY + 2 * GRACE
    with database() as connection:
        for day in range(20):
            at = MIDNIGHT + day * DAY + 600.0
            take(connection, *(look(at + n, Status.ERROR) for n in range(3)), *(look(at + 10 + n) for n in range(2)))
        roll_all(connection, now, keeping)

        def least(column: Any) -> Any:
            return connection.execute(select(func.min(column))).scalar()

        assert least(SAMPLES.c.at) == MIDNIGHT + 18 * DAY + 600
        spans = connection.execute(select(ROLLUPS.c.span, func.min(ROLLUPS.c.at)).group_by(ROLLUPS.c.span)).all()
        assert [tuple(row) for row in spans] == [(HOUR, MIDNIGHT + 15 * DAY), (DAY, MIDNIGHT + 10 * DAY)]
        assert least(INCIDENTS.c.began) == MIDNIGHT + 13 * DAY + 600
        assert least(TRANSITIONS.c.at) >= MIDNIGHT + 13 * DAY
        assert read_marks(connection) == Marks(
            MIDNIGHT + 20 * DAY, samples=MIDNIGHT + 18 * DAY, hours=MIDNIGHT + 15 * DAY
        )


def test_nothing_goes_that_is_not_rolled_up() -> None:
    """Though it is old: the server was off for a month."""
    with database() as connection:
        take(connection, look(MIDNIGHT), look(MIDNIGHT + 3 * DAY))
        marks = roll(connection, MIDNIGHT + 30 * DAY, Keeping())

        assert marks.samples == marks.rolled == MIDNIGHT + 2 * DAY
        assert connection.execute(select(func.count()).select_from(SAMPLES)).scalar() == 1
        roll_all(connection, MIDNIGHT + 30 * DAY)
        assert len([row for row in stored(connection) if row[1] == DAY]) == 2
