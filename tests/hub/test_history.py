"""History is read and encoded once for all who catch up over it, within its bounds."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from headway.errors import StorageError
from headway.hub.history import Chunk, History
from headway.positions import Gap, GapReason, Position
from headway.testing.outlets import PlainForm
from tests.hub.harness import RestlessLog, drafts, offsets


@pytest.fixture
def log() -> RestlessLog:
    """An empty log."""
    return RestlessLog()


@pytest.fixture
async def history(log: RestlessLog) -> AsyncIterator[History]:
    """Chunks of four events, held up to 200 bytes."""
    made = History(log, max_bytes=200, page_bytes=1_000, chunk_events=4)
    yield made
    await made.close()


async def at(log: RestlessLog, offset: int) -> Position:
    """A position in the log as it is now."""
    return Position((await log.inner.head("run")).epoch, offset)


async def test_a_complete_chunk_is_read_once(log: RestlessLog, history: History) -> None:
    """Readers that catch up over the same range, together or later, cost one read of the log and one encoding."""
    await log.append("run", drafts(*range(1, 13)))
    form, place, log.turns = PlainForm(), await at(log, 4), 2

    together = await asyncio.gather(*(history.chunk("run", place, 12) for _ in range(5)))
    later = await history.chunk("run", place, 12)
    written = {history.encode(chunk, form, chunk.since(4)) for chunk in [*together, later]}

    assert log.reads == 1
    assert offsets(later.events) == [5, 6, 7, 8]
    assert len(written) == 1
    assert form.encoded == 4


async def test_a_reader_in_the_middle_gets_the_rest(log: RestlessLog, history: History) -> None:
    """A reader that stands within a chunk is given what is behind it, out of the same chunk."""
    await log.append("run", drafts(*range(1, 9)))
    chunk = await history.chunk("run", await at(log, 6), 8)

    assert offsets(chunk.events) == [5, 6, 7, 8]
    assert offsets(chunk.since(6)) == [7, 8]
    assert offsets(chunk.since(2)) == [5, 6, 7, 8]


async def test_what_may_still_grow_is_not_kept(log: RestlessLog, history: History) -> None:
    """Up to the head is read for one reader alone, from where it stands, and nothing of it is held."""
    await log.append("run", drafts(*range(1, 7)))
    chunk = await history.chunk("run", await at(log, 5), 6)
    history.encode(chunk, PlainForm(), chunk.since(5))

    assert offsets(chunk.events) == [6]
    assert history.statistics()["bytes"] == history.statistics()["chunks"] == 0


async def test_what_is_held_is_bounded(log: RestlessLog, history: History) -> None:
    """Chunks and their encodings are held up to a bound, and only what is held is counted."""
    form = PlainForm()
    await log.append("run", drafts(*range(1, 201)))
    for offset in range(0, 200, 4):
        chunk = await history.chunk("run", await at(log, offset), 200)
        history.encode(chunk, form, chunk.since(offset))
        # One that reads alone, and one that holds on to what others have given up, take nothing from the rest.
        alone = await history.chunk("run", await at(log, 199), 199)
        history.encode(alone, form, alone.since(199))

    held = history.statistics()
    assert 1 <= held["chunks"] < 10
    assert 0 < held["bytes"] <= 200


async def test_a_chunk_that_is_too_large_is_continued_alone(log: RestlessLog) -> None:
    """Where a page ends before its chunk does, a reader beyond that end reads on from where it stands."""
    history = History(log, max_bytes=1_000, page_bytes=15, chunk_events=4)
    await log.append("run", drafts(*range(1, 9)))

    first = await history.chunk("run", await at(log, 0), 8)
    reads = [offsets((await history.chunk("run", await at(log, 2), 8)).events) for _ in range(2)]

    assert offsets(first.events) == [1, 2]
    assert reads == [[3, 4], [3, 4]]
    assert log.reads == 3
    assert history.statistics()["chunks"] == 1


async def test_a_reader_of_another_epoch_reads_alone(log: RestlessLog, history: History) -> None:
    """What a new epoch means for a reader depends on where exactly it stands, so no chunk of others tells it."""
    await log.append("run", drafts(*range(1, 9)))
    place = await at(log, 6)
    log.restart()
    await log.append("run", drafts(*range(1, 9)))

    chunk = await history.chunk("run", place, 8)

    assert chunk.gap_for(place) == Gap("run", place, await at(log, 0), GapReason.EPOCH)
    assert history.statistics()["chunks"] == 0


async def test_a_gap_is_for_those_who_stand_before_it(log: RestlessLog, history: History) -> None:
    """A chunk whose beginning was trimmed has a gap for readers before that edge, and none for those behind it."""
    await log.append("run", drafts(*range(1, 9)))
    await log.trim("run", 2)
    before, behind = await at(log, 1), await at(log, 3)
    chunk = await history.chunk("run", before, 8)

    assert chunk.gap_for(before) == Gap("run", before, await at(log, 2), GapReason.TRIMMED)
    assert chunk.gap_for(behind) is None
    assert (await history.chunk("run", behind, 8)) is chunk


async def test_a_failed_read_is_tried_anew(log: RestlessLog, history: History) -> None:
    """Who waited for a read that failed is told; the next one reads again."""
    await log.append("run", drafts(*range(1, 9)))
    place, log.ill = await at(log, 0), True
    failed = await asyncio.gather(*(history.chunk("run", place, 8) for _ in range(3)), return_exceptions=True)
    log.ill = False

    assert [type(error) for error in failed] == [StorageError] * 3
    assert isinstance(await history.chunk("run", place, 8), Chunk)


async def test_who_gives_up_waiting_takes_nothing_from_others(log: RestlessLog, history: History) -> None:
    """Cancelling one reader leaves the read to those who wait for it too."""
    await log.append("run", drafts(*range(1, 9)))
    place, log.turns = await at(log, 0), 5
    leaving, staying = (asyncio.create_task(history.chunk("run", place, 8)) for _ in range(2))
    await asyncio.sleep(0)
    leaving.cancel()

    assert offsets((await staying).events) == [1, 2, 3, 4]
    assert leaving.cancelled()
    assert log.reads == 1


async def test_closing_stops_what_is_being_read(log: RestlessLog) -> None:
    """After `close` no read is under way."""
    history = History(log, max_bytes=200, page_bytes=1_000, chunk_events=4)
    await log.append("run", drafts(*range(1, 9)))
    place, log.turns = await at(log, 0), 1_000
    waiting = asyncio.create_task(history.chunk("run", place, 8))
    await asyncio.sleep(0)
    await history.close()

    with pytest.raises(asyncio.CancelledError):
        await waiting
