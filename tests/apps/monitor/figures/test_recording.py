"""Looks become samples, statuses and incidents, in one transaction."""

from __future__ import annotations

import msgspec
import pytest
from sqlalchemy import Connection, delete, func, select

from headway.apps.monitor.figures.recording import Aside, Change, Recorded, forget, record, standings, transitions
from headway.apps.monitor.figures.samples import latest
from headway.apps.monitor.figures.status import Status, Thresholds
from headway.apps.monitor.records import APPLICATIONS, INCIDENTS, ROLLUPS, SAMPLES, TRANSITIONS
from headway.errors import UsageError
from tests.apps.monitor.figures.stage import MIDNIGHT, database, look, roll_all, take

H, E = Status.HEALTHY, Status.ERROR
FAST = Thresholds(failures=1, recoveries=1)


def statuses(connection: Connection, *found: Status) -> list[Recorded]:
    """Looks that found this, a minute apart."""
    return take(connection, *(look(MIDNIGHT + 60 * n, one, message=f"look {n}") for n, one in enumerate(found)))


def test_a_look_is_stored_with_what_follows() -> None:
    """Sample, standing, change of the status, incident."""
    with database() as connection:
        recorded = statuses(connection, H, E, E, E)

        assert [one.transition is not None for one in recorded] == [True, False, False, True]
        assert standings(connection, [1]) == {1: recorded[-1].standing}
        assert len(latest(connection, 1, 10)) == 4
        newest, first = transitions(connection, 1, 0, MIDNIGHT * 2, 10)

    assert (first.before, first.after, first.at) == (None, H, MIDNIGHT)
    assert (newest.before, newest.after, newest.reason) == (H, E, "look 3")
    assert recorded[-1].began is not None
    assert recorded[-1].standing.incident == recorded[-1].began.id


def test_a_batch_is_as_one_after_the_other() -> None:
    """Also where it ends in the middle of a streak."""
    found = (H, E, E, E, E, H, H, E, Status.UNKNOWN, Status.MAINTENANCE)
    with database() as connection:
        together = [one.standing for one in statuses(connection, *found)]
    with database() as connection:
        apart = [
            take(connection, look(MIDNIGHT + 60 * n, one, message=f"look {n}"))[0].standing
            for n, one in enumerate(found)
        ]

    assert [msgspec.structs.replace(one, incident=None) for one in together] == [
        msgspec.structs.replace(one, incident=None) for one in apart
    ]


def test_who_is_not_there_is_not_looked_at() -> None:
    """Removed meanwhile; the others are."""
    with database(1) as connection:
        recorded = record(connection, [look(MIDNIGHT, application=9), look(MIDNIGHT)], lambda: "id", MIDNIGHT)

        assert recorded[0] is None
        assert recorded[1] is not None
        assert connection.execute(select(func.count()).select_from(SAMPLES)).scalar() == 1


def test_what_is_remembered_beside_stays_until_it_is_said_anew() -> None:
    """A certificate is not looked at each time."""
    with database() as connection:
        take(connection, look(MIDNIGHT, about={"certificate": {"daysLeft": 9}}), look(MIDNIGHT + 60))

        assert standings(connection, [1])[1].about == {"certificate": {"daysLeft": 9}}


def test_set_aside_ends_an_incident() -> None:
    """Nobody can say how it goes on; and whatever is seen then is a sample and nothing else."""
    with database() as connection:
        take(connection, look(MIDNIGHT, E, thresholds=FAST))
        changes: list[Change] = [
            Aside(application=1, at=MIDNIGHT + 60, status=Status.PAUSED),
            look(MIDNIGHT + 70, E, thresholds=FAST),
            Aside(application=1, at=MIDNIGHT + 80, status=None),
        ]
        paused, seen, back = record(connection, changes, lambda: "id", MIDNIGHT + 80)

        assert paused is not None
        assert paused.ended is not None
        assert (paused.ended.ended, paused.standing.incident) == (MIDNIGHT + 60, None)
        assert seen is not None
        assert (seen.standing.status, seen.began, seen.transition) == (Status.PAUSED, None, None)
        assert seen.standing.last is not None
        assert seen.standing.last.status is E
        assert back is not None
        assert back.transition is not None
        assert back.transition.after is Status.UNKNOWN
    with pytest.raises(UsageError):
        Aside(application=1, at=0.0, status=E)


def test_forgotten_is_all_there_was() -> None:
    """Whether the application is still there or not; of the others, nothing."""
    with database(2) as connection:
        for number in (1, 2):
            take(connection, look(MIDNIGHT + number, E, application=number, thresholds=FAST))
        roll_all(connection, MIDNIGHT + 86_400)
        forget(connection, 1)

        for table in (SAMPLES, ROLLUPS, TRANSITIONS, INCIDENTS):
            assert set(connection.execute(select(table.c.application)).scalars()) == {2}
        assert standings(connection, [1])[1].since is None
        connection.execute(delete(APPLICATIONS).where(APPLICATIONS.c.number == 2))
        forget(connection, 2)
        assert connection.execute(select(func.count()).select_from(SAMPLES)).scalar() == 0
