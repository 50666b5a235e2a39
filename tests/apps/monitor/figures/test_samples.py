"""Looks as they are stored."""

from __future__ import annotations

import pytest

from headway.apps.monitor.figures.samples import LONGEST, clean, latest, placed, raw, within
from headway.apps.monitor.figures.status import Status
from headway.apps.monitor.figures.totals import Sample
from headway.errors import UsageError
from tests.apps.monitor.figures.stage import MIDNIGHT, database, look, take


def test_a_sample_is_what_was_seen() -> None:
    """With code, message and timings."""
    with database() as connection:
        timings = {"dns": 1.0, "total": 12.5}
        take(connection, look(MIDNIGHT, Status.ERROR, 12.5, code="TIMEOUT", message="no answer", timings=timings))
        (found,) = latest(connection, 1, 10)

    assert (found.at, found.status, found.milliseconds) == (MIDNIGHT, Status.ERROR, 12.5)
    assert (found.code, found.message, found.timings) == ("TIMEOUT", "no answer", timings)


def test_the_newest_come_first_and_the_latest_in_order() -> None:
    """From a moment on, before another, and no more than were asked for."""
    with database() as connection:
        take(connection, *(look(MIDNIGHT + n) for n in range(10)))

        page = within(connection, 1, MIDNIGHT + 2, MIDNIGHT + 8, 3)
        bar = latest(connection, 1, 3)

    assert [one.at - MIDNIGHT for one in page] == [7, 6, 5]
    assert [one.at - MIDNIGHT for one in bar] == [7, 8, 9]


def test_raw_brings_the_one_before() -> None:
    """The last of each application, if it may still speak."""
    with database(3) as connection:
        take(
            connection,
            look(MIDNIGHT - 20),
            look(MIDNIGHT - 10),
            look(MIDNIGHT),
            look(MIDNIGHT + 10),
            look(MIDNIGHT - LONGEST - 1, application=2),
            look(MIDNIGHT - 5, application=3),
        )
        found = raw(connection, [1, 2], MIDNIGHT, MIDNIGHT + 10)

    assert [one.at - MIDNIGHT for one in found.pop(1)] == [-10, 0]
    assert found == {}


def test_two_looks_at_one_time_are_two() -> None:
    """As one that somebody asked for beside one that was due; the later stands a millisecond after."""
    with database() as connection:
        take(connection, look(MIDNIGHT), look(MIDNIGHT), look(MIDNIGHT - 5))
        found = latest(connection, 1, 10)

    assert [round(one.at - MIDNIGHT, 4) for one in found] == [0, 0.001, 0.002]


def test_a_clock_that_was_set_back_is_believed() -> None:
    """A look of then that has the same time gives way."""
    assert placed(10_000.0, 20_000.0) == 10_000.0
    with database() as connection:
        take(connection, look(MIDNIGHT), look(MIDNIGHT + 10_000), look(MIDNIGHT, Status.ERROR))
        found = latest(connection, 1, 10)

    assert [(one.at - MIDNIGHT, one.status) for one in found] == [(0, Status.ERROR), (10_000, Status.HEALTHY)]


def test_a_look_speaks_for_a_day_at_most() -> None:
    """So nobody has to search for one further back."""
    with database() as connection:
        take(connection, look(MIDNIGHT, seconds=1e9))
        assert raw(connection, [1], MIDNIGHT, MIDNIGHT + 1)[1] == [Sample.of(MIDNIGHT, Status.HEALTHY, 100.0, LONGEST)]


def test_what_no_database_takes_is_made_so_that_it_does() -> None:
    """Messages carry what others sent."""
    cleaned = clean(look(MIDNIGHT, message="a\0b\udcff" + "x" * 1_000))

    assert (cleaned.message or "").startswith("ab?x")
    assert len(cleaned.message or "") <= 500


@pytest.mark.parametrize("about", [{"a": object()}, {"a": "\udcff"}])
def test_what_is_no_json_is_refused(about: dict[str, object]) -> None:
    """Before it spoils a transaction of others."""
    with pytest.raises(UsageError):
        clean(look(MIDNIGHT, about=about))


@pytest.mark.parametrize(
    "wrong",
    [{"status": Status.PAUSED}, {"at": float("nan")}, {"milliseconds": -1.0}, {"seconds": float("inf")}],
)
def test_a_look_that_cannot_be_is_refused(wrong: dict[str, object]) -> None:
    """A status nobody can find, times that are none."""
    with pytest.raises(UsageError):
        look(**{"at": MIDNIGHT, **wrong})  # type: ignore[arg-type]
