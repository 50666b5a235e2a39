"""Looks on their way to the records."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from itertools import count

import pytest
from sqlalchemy import Connection, event, func, select, text, update

from headway.apps.monitor.figures.gathering import Gathering
from headway.apps.monitor.figures.rollups import Keeping, read_marks
from headway.apps.monitor.figures.status import Status
from headway.apps.monitor.records import APPLICATIONS, SAMPLES
from headway.codes import Code
from headway.errors import Closed, HeadwayError, StorageError
from headway.records.records import Records
from headway.testing.clock import FakeClock
from tests.apps.monitor.figures.stage import MIDNIGHT, look


def nobody(numbers: Iterable[int]) -> None:
    """Who wants to hear nothing."""


def gathering(
    records: Records,
    clock: FakeClock | None = None,
    seconds: float = 0.0,
    stored: Callable[[Iterable[int]], None] = nobody,
) -> Gathering:
    """One that waits for nobody, unless it is to."""
    ids = count()
    clock = clock or FakeClock(MIDNIGHT)
    return Gathering(records, clock, lambda: f"incident-{next(ids)}", Keeping(), seconds, stored)


def samples(connection: Connection) -> int:
    """How many there are."""
    return connection.execute(select(func.count()).select_from(SAMPLES)).scalar_one()


async def test_what_comes_together_is_one_transaction(records: Records) -> None:
    """And each hears what came of its own."""
    begun: list[int] = []
    event.listen(
        records._engine, "begin", lambda connection: begun.append(connection.get_execution_options()["writes"])
    )
    gathered = gathering(records, seconds=60)

    asked = [asyncio.ensure_future(gathered.put(look(MIDNIGHT + n, application=1 + n % 3))) for n in range(30)]
    await asyncio.sleep(0)
    await gathered.close()
    recorded = await asyncio.gather(*asked)

    assert begun.count(True) == 1
    assert [one.standing.last.at - MIDNIGHT for one in recorded if one.standing.last] == list(range(30))
    assert await records.read(samples) == 30


async def test_what_was_returned_is_stored(records: Records) -> None:
    """Before anybody can tell it on."""
    told: list[set[int]] = []
    gathered = gathering(records, stored=lambda numbers: told.append(set(numbers)))

    for n in range(3):
        await gathered.put(look(MIDNIGHT + n))
        assert await records.read(samples) == n + 1
    await gathered.close()

    assert told == [{1}, {1}, {1}]


async def test_who_is_gone_is_told_so(records: Records) -> None:
    """The others of its batch are stored."""
    gathered = gathering(records)
    gone, there = await asyncio.gather(
        gathered.put(look(MIDNIGHT, application=9)), gathered.put(look(MIDNIGHT)), return_exceptions=True
    )
    await gathered.close()

    assert isinstance(gone, HeadwayError)
    assert gone.code is Code.NOT_FOUND
    assert not isinstance(there, BaseException)


async def test_what_cannot_be_stored_spoils_no_other(records: Records) -> None:
    """A standing that is none is one application's trouble."""
    await records.write(
        lambda connection: connection.execute(
            update(APPLICATIONS).where(APPLICATIONS.c.number == 2).values(standing={"status": 5})
        )
    )
    gathered = gathering(records)
    found = await asyncio.gather(
        *(gathered.put(look(MIDNIGHT, application=number)) for number in (1, 2, 3)), return_exceptions=True
    )
    await gathered.close()

    assert [isinstance(one, BaseException) for one in found] == [False, True, False]
    assert await records.read(samples) == 2


async def test_records_that_cannot_be_written_are_told_to_all(records: Records) -> None:
    """Nothing is stored then, and the next are again."""
    gathered = gathering(records)
    await records.write(lambda connection: connection.execute(text("ALTER TABLE monitor_samples RENAME TO gone")))
    found = await asyncio.gather(
        *(gathered.put(look(MIDNIGHT, Status.ERROR, application=number)) for number in (1, 2)), return_exceptions=True
    )
    await records.write(lambda connection: connection.execute(text("ALTER TABLE gone RENAME TO monitor_samples")))
    again = await gathered.put(look(MIDNIGHT, Status.ERROR))
    await gathered.close()

    assert all(isinstance(one, StorageError) for one in found)
    assert again.standing.streaks.failures == 1


async def test_giving_up_the_answer_is_not_giving_up_the_deed(records: Records) -> None:
    """It is stored all the same."""
    gathered = gathering(records, seconds=60)
    asked = asyncio.ensure_future(gathered.put(look(MIDNIGHT)))
    await asyncio.sleep(0)
    asked.cancel()
    await asyncio.gather(asked, return_exceptions=True)
    await gathered.close()

    assert await records.read(samples) == 1


async def test_closed_takes_no_more(records: Records) -> None:
    """Closing twice is closing once."""
    gathered = gathering(records)
    await gathered.close()
    await gathered.close()

    with pytest.raises(Closed):
        await gathered.put(look(MIDNIGHT))


async def test_looks_roll_up_what_is_over(records: Records) -> None:
    """Nothing else has to be run."""
    clock = FakeClock(MIDNIGHT)
    gathered = gathering(records, clock)
    await gathered.put(look(MIDNIGHT))
    clock.advance(2 * 3600 + 60)
    await gathered.put(look(clock.now()))
    await gathered.close()

    assert (await records.read(read_marks)).rolled == MIDNIGHT + 2 * 3600
