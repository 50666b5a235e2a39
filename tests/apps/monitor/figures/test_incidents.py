"""Incidents: from error to healthy."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from headway.apps.monitor.figures import incidents
from headway.apps.monitor.figures.status import OUTCOMES, Status
from tests.apps.monitor.figures.stage import MIDNIGHT, database, look, take

H, W, E, U, M = OUTCOMES
EVER = (0.0, MIDNIGHT * 2.0)


def minute(n: int) -> float:
    """A moment."""
    return MIDNIGHT + 60.0 * n


def test_it_begins_with_the_first_failure_and_ends_with_the_first_success() -> None:
    """Though both are known only some looks later."""
    with database() as connection:
        found = [H, E, E, E, E, H, H]
        recorded = take(connection, *(look(minute(n), one, code=f"C{n}") for n, one in enumerate(found)))

        began, ended = recorded[3].began, recorded[6].ended
        assert began is not None
        assert ended is not None
        assert (began.began, began.ended, began.code, began.failures) == (minute(1), None, "C3", 3)
        assert (ended.id, ended.began, ended.ended, ended.failures) == (began.id, minute(1), minute(5), 4)
        assert incidents.open_ones(connection, [1]) == []
        assert incidents.overlapping(connection, [1], *EVER) == [ended]


def test_what_flaps_is_one() -> None:
    """A success between failures ends nothing; its failures count."""
    with database() as connection:
        found = [E, E, E, H, E, H, E, U, M, E]
        take(connection, *(look(minute(n), one) for n, one in enumerate(found)))

        (one,) = incidents.overlapping(connection, [1], *EVER)
        assert (one.began, one.ended, one.failures) == (minute(0), None, 6)


def test_it_ends_after_a_restart_as_without_one() -> None:
    """What is known of it is in the database alone."""
    with database() as connection:
        (*_, third) = [take(connection, look(minute(n), E))[0] for n in range(3)]
        (_, last) = [take(connection, look(minute(3 + n), H))[0] for n in range(2)]

        assert third.began is not None
        assert last.ended is not None
        assert last.ended.id == third.began.id


def test_who_takes_care_first_stays() -> None:
    """And how often people were told is counted."""
    with database() as connection:
        take(connection, *(look(minute(n), E) for n in range(3)))
        (one,) = incidents.open_ones(connection, [1])
        incidents.acknowledge(connection, one.id, "ada")
        incidents.acknowledge(connection, one.id, "bob")
        incidents.told(connection, one.id, minute(4))
        found = incidents.told(connection, one.id, minute(5))

        assert found is not None
        assert (found.acknowledged_by, found.told, found.told_at) == ("ada", 2, minute(5))
        assert incidents.acknowledge(connection, "none", "ada") is None


def test_a_stretch_has_those_that_touch_it() -> None:
    """The newest first, each with the part that is within."""
    with database() as connection:
        for begin in (0, 10, 20):
            take(connection, *(look(minute(begin + n), E) for n in range(3)))
            if begin < 20:
                take(connection, *(look(minute(begin + 3 + n), H) for n in range(2)))
        found = incidents.overlapping(connection, [1], minute(12), minute(30))

        assert [one.began for one in found] == [minute(20), minute(10)]
        assert [one.seconds(minute(12), minute(30)) for one in found] == [600.0, 60.0]
        assert incidents.overlapping(connection, [1], minute(13), minute(20)) == []
        assert len(incidents.overlapping(connection, [1], *EVER, limit=1)) == 1


@settings(deadline=None, max_examples=25)
@given(st.lists(st.sampled_from(OUTCOMES), max_size=60))
def test_one_is_open_while_it_is_in_error(found: list[Status]) -> None:
    """Never two, none without an error, each begun and ended once."""
    with database() as connection:
        began, ended = 0, 0
        for n, outcome in enumerate(found):
            (one,) = take(connection, look(minute(n), outcome))
            began += one.began is not None
            ended += one.ended is not None
            open_now = incidents.open_ones(connection, [1])
            assert [each.id for each in open_now] == ([one.standing.incident] if one.standing.incident else [])
            assert bool(open_now) == (one.standing.decided is E)
        assert began - ended == len(incidents.open_ones(connection, [1]))
        assert began == len(incidents.overlapping(connection, [1], *EVER))
