"""Records: transactions, revisions, and what goes wrong with a database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import Column, Connection, Integer, MetaData, String, Table, func, insert, select, update

from headway.errors import Closed, StorageError, UsageError
from headway.records.records import Records, sqlite_url

REVISIONS = Path(__file__).parent / "revisions"

things = Table("things", MetaData(), Column("name", String, primary_key=True), Column("size", Integer))


@pytest.fixture
async def records(tmp_path: Path) -> AsyncIterator[Records]:
    """A database with things in it."""
    made = Records(sqlite_url(tmp_path / "records.db"))
    await made.upgrade("tests", REVISIONS)
    yield made
    await made.close()


def sizes(connection: Connection) -> dict[str, int]:
    """All things."""
    return {row.name: row.size for row in connection.execute(select(things))}


async def test_what_is_written_is_there_for_the_next(records: Records, tmp_path: Path) -> None:
    """Also for whoever opens the file anew."""
    await records.write(lambda connection: connection.execute(insert(things).values(name="one", size=1)))
    await records.close()
    again = Records(sqlite_url(tmp_path / "records.db"))
    await again.upgrade("tests", REVISIONS)

    assert await again.read(sizes) == {"one": 1}
    await again.close()


async def test_a_transaction_is_stored_whole_or_not_at_all(records: Records) -> None:
    """What was written before something went wrong is not there."""

    def work(connection: Connection) -> None:
        connection.execute(insert(things).values(name="one", size=1))
        raise LookupError("on purpose")

    with pytest.raises(LookupError):
        await records.write(work)

    assert await records.read(sizes) == {}


async def test_writers_wait_for_each_other(records: Records) -> None:
    """Who reads and then writes sees nobody else's change in between."""
    await records.write(lambda connection: connection.execute(insert(things).values(name="one", size=0)))

    def grow(connection: Connection) -> None:
        size = connection.execute(select(things.c.size)).scalar_one()
        connection.execute(update(things).values(size=size + 1))

    await asyncio.gather(*(records.write(grow) for _ in range(50)))

    assert await records.read(sizes) == {"one": 50}


async def test_two_processes_wait_for_each_other(records: Records, tmp_path: Path) -> None:
    """Another connection to the same file is no error, as with a backup or a second server."""
    other = Records(sqlite_url(tmp_path / "records.db"))

    async def add(into: Records, name: str) -> None:
        thing = insert(things).values(name=name, size=1)
        await into.write(lambda connection: connection.execute(thing))

    await asyncio.gather(*(add(into, f"{id(into)}.{number}") for number in range(20) for into in (records, other)))

    assert (
        await records.read(lambda connection: connection.execute(select(func.count(things.c.name))).scalar_one()) == 40
    )
    await other.close()


async def test_a_wrong_write_is_a_sentence_without_values(records: Records) -> None:
    """What was to be written may be a secret: it is in no error."""
    await records.write(lambda connection: connection.execute(insert(things).values(name="hunter2", size=1)))

    with pytest.raises(StorageError) as caught:
        await records.write(lambda connection: connection.execute(insert(things).values(name="hunter2", size=1)))

    assert "hunter2" not in str(caught.value)


async def test_upgrading_twice_is_upgrading_once(records: Records) -> None:
    """Every start upgrades."""
    await records.upgrade("tests", REVISIONS)
    await records.write(lambda connection: connection.execute(insert(things).values(name="one", size=1)))
    await records.upgrade("tests", REVISIONS)

    assert await records.read(sizes) == {"one": 1}


async def test_closed_is_closed(records: Records) -> None:
    """Closing twice is closing once; afterwards nothing is taken."""
    await records.close()
    await records.close()

    with pytest.raises(Closed):
        await records.read(sizes)


@pytest.mark.parametrize("url", ["nonsense", "oracle+nothing://ann:hunter2@there/x"])
def test_an_address_of_nothing_is_refused(url: str) -> None:
    """The sentence shows no password."""
    with pytest.raises(UsageError) as caught:
        Records(url)

    assert "hunter2" not in str(caught.value)
