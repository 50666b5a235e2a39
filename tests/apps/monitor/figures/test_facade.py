"""`Figures`, on a database in a file."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from itertools import count

import pytest
from sqlalchemy import Engine, delete, event

from headway.apps.monitor.figures.facade import Figures
from headway.apps.monitor.figures.sla import SlaStatus
from headway.apps.monitor.figures.status import Status, Thresholds
from headway.apps.monitor.records import APPLICATIONS
from headway.codes import Code
from headway.errors import Closed, HeadwayError, UsageError
from headway.records.records import Records
from headway.testing.clock import FakeClock
from tests.apps.monitor.figures.stage import MIDNIGHT, look

ONCE = Thresholds(failures=1, recoveries=1)


@pytest.fixture
def clock() -> FakeClock:
    """Ten minutes past midnight."""
    return FakeClock(MIDNIGHT + 600)


@pytest.fixture
async def figures(records: Records, clock: FakeClock) -> AsyncIterator[Figures]:
    """They store at once."""
    ids = count()
    made = Figures(records, clock, lambda: f"incident-{next(ids)}", gather=0.0)
    yield made
    await made.close()


class Asked:
    """How many statements were sent."""

    def __init__(self, engine: Engine) -> None:
        self.count = 0
        event.listen(engine, "before_cursor_execute", self._one)

    def _one(self, *_: object) -> None:
        self.count += 1


async def test_a_card_knows_every_look(figures: Figures) -> None:
    """From when it was recorded on."""
    for n, outcome in enumerate([Status.HEALTHY, Status.ERROR, Status.HEALTHY, Status.WARNING]):
        await figures.record(look(MIDNIGHT + 60.0 * n, outcome, thresholds=ONCE))
        card = (await figures.seen([1]))[1]
        assert card.standing == await figures.standing(1)
        assert card.standing.status is outcome
        assert (card.incident is None) == (outcome is not Status.ERROR)


async def test_what_did_not_change_is_not_asked_for_again(figures: Figures, records: Records, clock: FakeClock) -> None:
    """For a minute; then windows have moved on."""
    await figures.record(look(MIDNIGHT))
    first = await figures.seen([1, 2, 3])
    asked = Asked(records._engine)

    assert await figures.seen([3, 1]) == {3: first[3], 1: first[1]}
    assert asked.count == 0
    clock.advance(3600)
    assert (await figures.seen([1]))[1].uptime["1h"] is None
    assert asked.count > 0


async def test_a_look_makes_its_own_card_old_and_no_other(figures: Figures) -> None:
    """A hundred cards are not read again for one."""
    before = await figures.seen([1, 2])
    await figures.record(look(MIDNIGHT))
    after = await figures.seen([1, 2])

    assert after[2] is before[2]
    assert after[1].uptime["1h"] == 100.0


async def test_cards_that_are_read_while_looks_come_are_not_kept_old(figures: Figures) -> None:
    """Whatever comes in between."""
    for n in range(10):
        await asyncio.gather(
            figures.seen([1, 2, 3]), figures.record(look(MIDNIGHT + 30.0 * n, milliseconds=n)), figures.seen([1])
        )
        last = (await figures.seen([1]))[1].standing.last
        assert last is not None
        assert last.milliseconds == n


async def test_who_is_removed_leaves_nothing(figures: Figures, records: Records) -> None:
    """Neither a card nor a sample, whether its row went first or not."""
    await figures.record(look(MIDNIGHT, Status.ERROR, thresholds=ONCE))
    await figures.seen([1])
    await records.write(lambda connection: connection.execute(delete(APPLICATIONS).where(APPLICATIONS.c.number == 1)))
    await figures.forget(1)

    assert await figures.seen([1]) == {}
    assert await figures.beats(1, 10) == []
    assert await figures.incidents([1], 0, MIDNIGHT * 2, 10) == []
    for asked in (figures.standing(1), figures.record(look(MIDNIGHT + 1))):
        with pytest.raises(HeadwayError) as caught:
            await asked
        assert caught.value.code is Code.NOT_FOUND


async def test_pages_of_one_application(figures: Figures) -> None:
    """Samples, beats, chart, changes, incidents."""
    for n in range(6):
        outcome = Status.ERROR if n == 3 else Status.HEALTHY
        await figures.record(look(MIDNIGHT + 60.0 * n, outcome, thresholds=ONCE, code="TIMEOUT" if n == 3 else None))

    assert [one.at for one in await figures.samples(1, MIDNIGHT, MIDNIGHT + 200, 2)] == [MIDNIGHT + 180, MIDNIGHT + 120]
    assert [one.at for one in await figures.beats(1, 2)] == [MIDNIGHT + 240, MIDNIGHT + 300]
    chart = await figures.series([1], MIDNIGHT, MIDNIGHT + 600)
    assert [one.up for one in chart][:6] == [1.0, 1.0, 1.0, 0.0, 1.0, 1.0]
    assert [one.after for one in await figures.transitions(1, 0, MIDNIGHT * 2, 10)] == ["healthy", "error", "healthy"]
    (incident,) = await figures.incidents([1], 0, MIDNIGHT * 2, 10)
    assert (incident.began, incident.ended, incident.code) == (MIDNIGHT + 180, MIDNIGHT + 240, "TIMEOUT")
    with pytest.raises(UsageError):
        await figures.series([1], MIDNIGHT, MIDNIGHT + 600, step=7)


async def test_an_incident_is_acknowledged_and_told(figures: Figures) -> None:
    """Its card shows it."""
    recorded = await figures.record(look(MIDNIGHT, Status.ERROR, thresholds=ONCE))
    assert recorded.began is not None
    await figures.seen([1])
    await figures.acknowledge(recorded.began.id, "ada")
    await figures.told(recorded.began.id, MIDNIGHT + 1)

    card = (await figures.seen([1]))[1]
    assert card.incident == await figures.incident(recorded.began.id)
    assert (card.incident.acknowledged_by, card.incident.told) == ("ada", 1)
    with pytest.raises(HeadwayError) as caught:
        await figures.acknowledge("none", "ada")
    assert caught.value.code is Code.NOT_FOUND


async def test_set_aside_and_back(figures: Figures) -> None:
    """A card shows it at once."""
    await figures.record(look(MIDNIGHT))
    paused = await figures.set_aside(1, Status.PAUSED)
    assert paused.transition is not None
    assert (await figures.seen([1]))[1].standing.status is Status.PAUSED
    assert (await figures.set_aside(1, Status.PAUSED)).transition is None
    assert (await figures.set_aside(1, None)).standing.status is Status.UNKNOWN


async def test_reports_are_of_those_that_were_asked_for(figures: Figures) -> None:
    """Summary, SLA, trends, failures."""
    for number in (1, 2, 3):
        await figures.record(look(MIDNIGHT, Status.ERROR if number == 2 else Status.HEALTHY, application=number))
    window = (MIDNIGHT, MIDNIGHT + 600)

    assert [one.uptime for one in (await figures.summary([1, 2], *window)).applications] == [100.0, 0.0]
    assert (await figures.slas({2: 99.9}, *window)).applications[2].status is SlaStatus.BREACH
    assert [one.failures for one in (await figures.trends([1, 2], *window)).applications] == [0, 1]
    assert [one.application for one in (await figures.failures([1, 2, 3], *window)).applications] == [2]


async def test_a_new_process_goes_on_where_the_old_one_was(
    figures: Figures, records: Records, clock: FakeClock
) -> None:
    """Streaks, incidents and what whoever looks wants to remember."""
    for n in range(3):
        await figures.record(look(MIDNIGHT + 60.0 * n, Status.ERROR, about={"nextLook": n}))
    await figures.close()
    with pytest.raises(Closed):
        await figures.record(look(MIDNIGHT + 170))
    again = Figures(records, clock, lambda: "other", gather=0.0)

    standing = await again.standing(1)
    assert (standing.status, standing.incident, standing.about) == (Status.ERROR, "incident-0", {"nextLook": 2})
    await again.record(look(MIDNIGHT + 180))
    recovered = await again.record(look(MIDNIGHT + 240))
    await again.close()
    assert recovered.ended is not None
    assert (recovered.ended.id, recovered.ended.ended) == ("incident-0", MIDNIGHT + 180)


async def test_tidying_rolls_up_everything(figures: Figures, records: Records, clock: FakeClock) -> None:
    """And changes no figure."""
    for n in range(0, 600, 60):
        await figures.record(look(MIDNIGHT + n, Status.ERROR if n == 300 else Status.HEALTHY, seconds=60.0))
    clock.advance(3 * 86_400)
    window = (MIDNIGHT, MIDNIGHT + 2 * 86_400)
    before = await figures.summary([1], *window)
    await figures.tidy()

    assert await figures.summary([1], *window) == before
    assert before.total.down == 60.0
