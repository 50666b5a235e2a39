"""What only the SQLite log does: its folder, its faults, its lives. The promises are in `test_contract`."""

from __future__ import annotations

import asyncio
import resource
import sqlite3 as database
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from headway.errors import Overloaded, StorageError
from headway.events import Draft
from headway.limits import Retention
from headway.log import committer, schema
from headway.log.sqlite import SqliteLog
from headway.positions import BEGINNING, GapReason, Position
from tests.log.harness import (
    EVERYTHING,
    Epochs,
    GatedClock,
    ManualClock,
    SqliteSubject,
    assert_gap,
    draft,
    drafts,
    everything,
    numbers,
    offsets,
)


@pytest.fixture
async def stalled(tmp_path: Path) -> AsyncIterator[SqliteSubject]:
    """A log whose commits wait until the gate of its clock is opened."""
    clock = GatedClock()
    subject = SqliteSubject(tmp_path / "stalled", clock=clock)
    clock.gate.set()
    await subject.start()
    clock.gate.clear()
    yield subject
    clock.gate.set()
    await subject.stop()


def open_gate(subject: SqliteSubject) -> None:
    """Let the log commit."""
    assert isinstance(subject.clock, GatedClock)
    subject.clock.gate.set()


# The folder


async def test_the_folder_is_made(tmp_path: Path) -> None:
    """A data folder that is not there is made, with those above it, for its owner alone."""
    subject = SqliteSubject(tmp_path / "a" / "b")
    await subject.start()
    await subject.stop()

    assert subject.folder.stat().st_mode & 0o777 == 0o700


async def test_a_folder_is_used_by_one_log_at_a_time(sqlite: SqliteSubject) -> None:
    """A second one is told which folder is taken; when the first is closed it may have it."""
    second = SqliteSubject(sqlite.folder)
    with pytest.raises(StorageError, match=rf"the data folder {sqlite.folder} is used by another Headway"):
        await second.start()

    await sqlite.stop()
    await second.start()
    await second.stop()


async def test_a_folder_that_cannot_be_used(tmp_path: Path) -> None:
    """The error names it and the reason."""
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(StorageError, match=r"the data folder .*/file/data cannot be used: Not a directory"):
        await SqliteSubject(tmp_path / "file" / "data").start()


async def test_a_database_that_cannot_be_opened(tmp_path: Path) -> None:
    """The folder is free again afterwards."""
    (tmp_path / "events.sqlite3").mkdir()
    with pytest.raises(StorageError, match="the log cannot be opened: unable to open database file"):
        await SqliteSubject(tmp_path).start()

    (tmp_path / "events.sqlite3").rmdir()
    subject = SqliteSubject(tmp_path)
    await subject.start()
    await subject.stop()


async def test_a_cancelled_open_leaves_nothing_open(tmp_path: Path) -> None:
    """The folder can be opened as soon as the cancelled one has let go."""
    subject = SqliteSubject(tmp_path)
    opening = asyncio.ensure_future(subject.start())
    await asyncio.sleep(0)
    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening

    async with asyncio.timeout(10):
        while True:
            try:
                await subject.start()
                break
            except StorageError:
                await asyncio.sleep(0.001)
    await subject.stop()


async def test_no_thread_outlives_the_log(tmp_path: Path) -> None:
    """Closing ends what opening began."""
    before = set(threading.enumerate())
    subject = SqliteSubject(tmp_path)
    await subject.start()
    await subject.log.append("run", drafts(1))
    await subject.log.head("run")
    await subject.stop()

    assert set(threading.enumerate()) <= before


# Versions and damage


async def test_a_newer_schema_is_refused(sqlite: SqliteSubject) -> None:
    """With a sentence that says so; nothing is changed."""
    await sqlite.stop()
    with closing(database.connect(sqlite.folder / "events.sqlite3")) as connection:
        connection.execute("PRAGMA user_version = 999")

    with pytest.raises(StorageError, match="was written by a newer Headway: its tables are version 999"):
        await sqlite.start()
    with closing(database.connect(sqlite.folder / "events.sqlite3")) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (999,)


def test_every_version_can_be_reached_from_every_other(tmp_path: Path) -> None:
    """Migrations run one by one and end in the same tables."""
    with closing(database.connect(tmp_path / "a", isolation_level=None)) as connection:
        schema.migrate(connection, "a")
        schema.migrate(connection, "a")

        assert connection.execute("PRAGMA user_version").fetchone() == (schema.VERSION,)


@pytest.mark.parametrize("size", [100, 5_000], ids=["header", "all"])
async def test_a_file_that_is_no_database_is_moved_aside(
    sqlite: SqliteSubject, caplog: pytest.LogCaptureFixture, size: int
) -> None:
    """A new log begins with a new epoch, loudly; the file stays for those who can save something from it."""
    before = (await sqlite.log.append("run", drafts(1, 2))).events[-1].position
    await sqlite.stop()
    path = sqlite.folder / "events.sqlite3"
    garbage = b"garbage!" * (size // 8)
    path.write_bytes(garbage + path.read_bytes()[size:])

    await sqlite.start()

    (aside,) = sqlite.folder.glob("events.sqlite3.damaged-20231114T221320Z")
    assert aside.read_bytes()[: len(garbage)] == garbage
    assert "is damaged" in caplog.text
    page = await sqlite.log.read("run", before)
    assert_gap(page, GapReason.EPOCH, before, until=0)
    assert offsets((await sqlite.log.append("run", drafts(3))).events) == [1]


async def test_a_database_cut_short_is_moved_aside(sqlite: SqliteSubject) -> None:
    """A file that ends before its last page is damaged."""
    await sqlite.log.append("run", [Draft.of("large", {"body": "x" * 100_000})])
    await sqlite.stop()
    path = sqlite.folder / "events.sqlite3"
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)

    await sqlite.start()

    assert list(sqlite.folder.glob("events.sqlite3.damaged-*"))
    assert (await sqlite.log.head("run")).offset == 0


# Torn logs


async def test_a_killed_log_lives_on(sqlite: SqliteSubject) -> None:
    """Nothing is missing, so positions stay what they are."""
    before = (await sqlite.log.append("run", drafts(1, 2))).events[0].position

    await sqlite.kill()

    page = await sqlite.log.read("run", before)
    assert (numbers(page.events), page.gap, page.reached.epoch) == ([2], None, before.epoch)
    assert offsets((await sqlite.log.append("run", drafts(3))).events) == [3]


async def test_a_torn_log_begins_a_new_life(sqlite: SqliteSubject, caplog: pytest.LogCaptureFixture) -> None:
    """Positions within what was saved read on without a gap, later ones get one; no offset is used twice."""
    one, two = (await sqlite.log.append("run", drafts(1, 2))).events
    (three,) = (await sqlite.log.append("run", drafts(3))).events

    await sqlite.kill(cut=1)

    assert "was torn: the last 1 commits are missing" in caplog.text
    (new,) = (await sqlite.log.append("run", drafts(4))).events
    assert (new.offset, new.epoch != three.epoch) == (3, True)
    for known, missed in ((one, [2, 4]), (two, [4])):
        page = await sqlite.log.read("run", known.position)
        assert (numbers(page.events), page.gap) == (missed, None)
    page = await sqlite.log.read("run", three.position)
    assert_gap(page, GapReason.EPOCH, three.position, until=2)
    assert numbers(page.events) == [4]


async def test_every_earlier_life_is_remembered(sqlite: SqliteSubject) -> None:
    """A log torn twice reads on from both lives before, as far as both tears left them."""
    first = (await sqlite.log.append("run", drafts(1, 2))).events
    await sqlite.kill(without=["events.witness"])
    second = (await sqlite.log.append("run", drafts(3))).events
    lost = (await sqlite.log.append("run", drafts(4))).events
    await sqlite.kill(cut=1)
    await sqlite.log.append("run", drafts(5))

    for known, missed in ((first[0], [2, 3, 5]), (first[1], [3, 5]), (second[0], [5])):
        page = await sqlite.log.read("run", known.position)
        assert (numbers(page.events), page.gap) == (missed, None)
    assert_gap(await sqlite.log.read("run", lost[0].position), GapReason.EPOCH, lost[0].position, until=3)


async def test_a_tear_behind_an_earlier_one(sqlite: SqliteSubject) -> None:
    """What an older life had saved and a later tear took is not passed over in silence."""
    two = (await sqlite.log.append("run", drafts(1, 2))).events[1]
    early = {name: (sqlite.folder / name).read_bytes() for name in ("events.sqlite3", "events.sqlite3-wal")}
    three = (await sqlite.log.append("run", drafts(3))).events[0]
    await sqlite.kill(without=["events.witness"])
    await sqlite.stop()
    for name, content in early.items():  # somebody restores a backup
        (sqlite.folder / name).write_bytes(content)

    await sqlite.start()

    assert_gap(await sqlite.log.read("run", three.position), GapReason.EPOCH, three.position, until=2)
    assert (await sqlite.log.head("run")).offset == 2
    assert (await sqlite.log.head("run")).epoch != two.epoch


@pytest.mark.parametrize("lost", [["events.witness"], ["events.sqlite3-wal"]], ids=["witness", "wal"])
async def test_without_certainty_a_new_life_begins(sqlite: SqliteSubject, lost: list[str]) -> None:
    """A missing witness or write-ahead log: the epoch changes, and what was saved reads on."""
    await sqlite.log.append("run", drafts(1))
    await sqlite.restart()
    saved = (await sqlite.log.append("run", drafts(2))).events[0]

    await sqlite.kill(without=lost)

    assert (await sqlite.log.head("run")).epoch != saved.epoch
    assert await everything(sqlite.log, "run") != []


async def test_a_database_that_is_gone_is_a_new_log(sqlite: SqliteSubject, caplog: pytest.LogCaptureFixture) -> None:
    """Nothing old is taken for something new."""
    before = (await sqlite.log.append("run", drafts(1))).events[0].position
    await sqlite.kill(without=["events.sqlite3", "events.sqlite3-wal"])

    assert "is gone" in caplog.text
    assert_gap(await sqlite.log.read("run", before), GapReason.EPOCH, before, until=0)


async def test_a_channel_first_heard_of_after_a_tear(sqlite: SqliteSubject) -> None:
    """The empty position of the life before reads on, another one gets a gap."""
    empty = await sqlite.log.head("run")
    await sqlite.log.append("other", drafts(1))
    await sqlite.kill(without=["events.witness"])
    await sqlite.log.append("run", drafts(2))

    page = await sqlite.log.read("run", empty)
    assert (numbers(page.events), page.gap) == ([2], None)
    later = Position(empty.epoch, 1)
    assert_gap(await sqlite.log.read("run", later), GapReason.EPOCH, later, until=0)


async def test_a_torn_log_forgets_the_keys_it_lost(sqlite: SqliteSubject) -> None:
    """A retry after the tear stores the events again; one of a saved append does not."""
    await sqlite.log.append("run", drafts(1), idempotency_key="saved")
    await sqlite.log.append("run", drafts(2), idempotency_key="lost")
    await sqlite.kill(cut=1)

    saved = await sqlite.log.append("run", drafts(1), idempotency_key="saved")
    assert (saved.replayed, offsets(saved.events)) == (True, [1])
    assert saved.events[0].epoch == (await sqlite.log.head("run")).epoch
    assert not (await sqlite.log.append("run", drafts(2), idempotency_key="lost")).replayed


# Faults


@contextmanager
def no_file_larger_than(size: int) -> Iterator[None]:
    """The disk is full for every file that would grow beyond a size. Not realistic: smaller files can still grow."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def test_a_full_disk_fails_appends_and_nothing_else(sqlite: SqliteSubject) -> None:
    """Writing fails and says why, what is stored can be read, nobody is told anything; with space all goes on."""
    await sqlite.log.append("run", drafts(1))
    full = (sqlite.folder / "events.sqlite3-wal").stat().st_size
    large = [Draft.of("large", {"n": 0, "body": "x" * 100_000})]

    with no_file_larger_than(full):
        for _ in range(3):
            with pytest.raises(StorageError, match="the log cannot be written: "):
                await sqlite.log.append("run", large)
        with pytest.raises(StorageError):
            await sqlite.log.check()
        with pytest.raises(StorageError):
            await sqlite.log.trim("run", 1)
        assert numbers(await everything(sqlite.log, "run")) == [1]
        assert sqlite.log.statistics()["failures"] == 5

    await sqlite.log.check()
    assert offsets((await sqlite.log.append("run", drafts(2))).events) == [2]
    assert numbers(sqlite.told) == [1, 2]
    epoch = (await sqlite.log.head("run")).epoch
    await sqlite.kill()
    assert (numbers(await everything(sqlite.log, "run")), (await sqlite.log.head("run")).epoch) == ([1, 2], epoch)


async def test_a_full_disk_fails_every_append_of_the_commit(sqlite: SqliteSubject) -> None:
    """Those who shared it are each told, and each may try again."""
    await sqlite.log.append("run", drafts(1))
    full = (sqlite.folder / "events.sqlite3-wal").stat().st_size
    calls = [(f"run-{i}", drafts(i)) for i in range(20)]

    with no_file_larger_than(full):
        failed = await asyncio.gather(*(sqlite.log.append(*call) for call in calls), return_exceptions=True)
    assert {type(one) for one in failed} == {StorageError}

    stored = await asyncio.gather(*(sqlite.log.append(*call) for call in calls))
    assert [offsets(one.events) for one in stored] == [[1]] * 20


async def test_one_append_that_cannot_be_stored_fails_alone(
    sqlite: SqliteSubject, caplog: pytest.LogCaptureFixture
) -> None:
    """Those in the same commit are stored."""
    broken = [Draft("\ud800", b"{}")]  # half a character: `Draft.of` would not have it

    results = await asyncio.gather(
        *(sqlite.log.append("run", broken if i == 5 else drafts(i)) for i in range(10)), return_exceptions=True
    )

    assert [i for i, result in enumerate(results) if isinstance(result, StorageError)] == [5]
    assert numbers(sqlite.told) == [0, 1, 2, 3, 4, 6, 7, 8, 9]
    assert offsets(sqlite.told) == list(range(1, 10))


async def test_too_much_waiting_is_refused(stalled: SqliteSubject) -> None:
    """Whoever comes when the bound is reached is told so at once; those who wait are stored."""
    half = [draft(0)] * (committer._WAITING_DRAFTS // 2)
    waiting = [asyncio.ensure_future(stalled.log.append("run", half)) for _ in range(2)]
    await asyncio.sleep(0)

    with pytest.raises(Overloaded, match="events wait for the disk"):
        await stalled.log.append("run", drafts(1))

    open_gate(stalled)
    await asyncio.gather(*waiting)
    assert (await stalled.log.append("run", drafts(1))).events[0].offset == len(half) * 2 + 1
    told = stalled.log.statistics()
    assert (told["refused"], told["waiting"], told["waiting_drafts"], told["waiting_bytes"]) == (1, 0, 0, 0)


async def test_a_damaged_page_is_told_to_the_reader(sqlite: SqliteSubject) -> None:
    """Reading fails with a sentence, and the log goes on."""
    await sqlite.log.append("run", [Draft.of("large", {"body": "x" * 100_000})])
    await sqlite.restart()
    with closing(database.connect(sqlite.folder / "events.sqlite3")) as connection:
        connection.execute("UPDATE events SET offset = 'one', data = 'x'")
        connection.commit()

    with pytest.raises(StorageError, match="the log cannot be read"):
        await sqlite.log.read("run", BEGINNING)
    assert (await sqlite.log.head("run")).offset == 1
    assert sqlite.log.statistics()["read_failures"] == 1


# Group commit, sweeps


async def test_what_waits_during_a_commit_shares_the_next(stalled: SqliteSubject) -> None:
    """A hundred callers need two commits, and one call for all of them on the event loop, in the order they came."""
    calls: list[int] = []
    stalled.log.listen(lambda events: calls.append(len(events)))
    appends = [asyncio.ensure_future(stalled.log.append(f"run-{i}", drafts(i))) for i in range(100)]
    await asyncio.sleep(0)
    open_gate(stalled)
    await asyncio.gather(*appends)

    told = stalled.log.statistics()
    assert told["commits"] == told["syncs"] == len(calls) <= 2
    assert sum(calls) == 100
    assert (told["commit_seconds"].count, told["commit_events"].count) == (len(calls), len(calls))
    assert (told["commit_events"].sum, told["channels"]) == (100, 100)


async def test_a_sweep_reaches_every_channel(tmp_path: Path) -> None:
    """It goes on in steps while appends come and go, until all that is too old is gone."""
    subject = SqliteSubject(tmp_path)
    await subject.start_with(Retention(seconds=600, compact_after=60))
    await asyncio.gather(*(subject.log.append(f"run-{i}", drafts(1, 2, key="a")) for i in range(450)))
    await subject.log.append("long", [draft(0)] * 12_000)
    subject.clock.advance(100)
    async with asyncio.timeout(10):
        while len(await everything(subject.log, "run-449")) != 1:
            await subject.log.check()

    subject.clock.advance(1_000)
    async with asyncio.timeout(10):
        while await everything(subject.log, "long") or (await subject.log.snapshot("run-449")).events:
            await subject.log.check()
    await subject.stop()

    with closing(database.connect(tmp_path / "events.sqlite3")) as connection:
        for table in ("events", "latest"):
            assert connection.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)
        assert connection.execute("SELECT sum(events), sum(bytes), max(oldest) FROM channels").fetchone() == (
            0,
            0,
            None,
        )


async def test_an_event_kept_for_the_snapshot_goes_with_its_key(tmp_path: Path) -> None:
    """Rows behind the trimmed edge stay only as long as a snapshot needs them."""
    subject = SqliteSubject(tmp_path)
    await subject.start_with(Retention(events=2))
    for i in range(20):
        await subject.log.append("run", [draft(i, f"key-{i % 3}")])
    await subject.stop()

    with closing(database.connect(tmp_path / "events.sqlite3")) as connection:
        assert connection.execute("SELECT offset FROM events ORDER BY offset").fetchall() == [(18,), (19,), (20,)]


async def test_idempotency_keys_do_not_pile_up(tmp_path: Path) -> None:
    """A sweep removes those of more than a day ago."""
    subject = SqliteSubject(tmp_path)
    await subject.start()
    for i in range(10):
        await subject.log.append("run", drafts(i), idempotency_key=f"k{i}")
    subject.clock.advance(90_000)
    await subject.log.append("run", drafts(11), idempotency_key="new")
    await subject.stop()

    with closing(database.connect(tmp_path / "events.sqlite3")) as connection:
        assert connection.execute("SELECT key FROM idempotency").fetchall() == [("new",)]


async def test_the_default_is_durable_with_the_retention_of_the_limits(tmp_path: Path) -> None:
    """Opening needs a folder, a clock and a source of epochs."""
    log = await SqliteLog.open(tmp_path, ManualClock(), new_epoch=Epochs())
    try:
        assert log.statistics()["durable"]
        assert numbers((await log.append("run", drafts(1))).events) == [1]
    finally:
        await log.close()
    assert EVERYTHING.events > Retention().events
