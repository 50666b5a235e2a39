"""Runs and results in the records, and screenshots beside them."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import func, inspect, select

from headway.apps.monitor.records import SCREENSHOTS
from headway.apps.monitor.runs import pictures, tables
from headway.apps.monitor.runs.model import Attempt, Ending, Kind, Result, Test
from headway.apps.monitor.runs.pictures import Pictures
from headway.errors import HeadwayError
from headway.records.records import Records, sqlite_url
from headway.testing.clock import FakeClock
from tests.apps.monitor.runs.stand import MIGRATIONS

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 100
ONE, TWO = (Test(f"id-{number}", number, "a", "A", "production", Kind.HEALTH) for number in (1, 2))


@pytest.fixture
async def records(tmp_path: Path) -> AsyncIterator[Records]:
    """A database with a run of two tests."""
    made = Records(sqlite_url(tmp_path / "records.db"), durable=False)
    await made.upgrade("monitor", MIGRATIONS)
    plan = [tables.test_values(test) for test in (ONE, TWO)]
    values = {"id": "r", "status": "running", "trigger": "manual", "wanted": {}, "plan": plan, "created_at": 1.0}
    await made.write(lambda connection: tables.add(connection, values))
    yield made
    await made.close()


def result(status: Ending) -> Result:
    """One of that status."""
    return Result(status, 1.0, "said", None, 5.0, (Attempt("failed", "first"), Attempt(status)), {"a": 1})


async def test_the_table_is_as_its_revision_makes_it(records: Records) -> None:
    """Column by column."""
    made = await records.read(
        lambda connection: [one["name"] for one in inspect(connection).get_columns("monitor_runs")]
    )

    assert made == [column.name for column in tables.RUNS.columns]


async def test_a_result_is_written_once(records: Records) -> None:
    """The first one counts, and comes back as it was."""
    first = await records.write(lambda connection: tables.write(connection, "r", ONE, result(Ending.PASSED)))
    second = await records.write(lambda connection: tables.write(connection, "r", ONE, result(Ending.FAILED)))

    assert first == second == result(Ending.PASSED)


async def test_nothing_that_comes_late_changes_a_run_that_has_ended(records: Records) -> None:
    """Neither a result, nor another end; what was not tested is skipped, and the numbers add up."""
    rest = {test: result(Ending.SKIPPED) for test in (ONE, TWO)}
    await records.write(lambda connection: tables.write(connection, "r", ONE, result(Ending.TIMEOUT)))
    ended = await records.write(lambda connection: tables.close(connection, "r", "cancelled", rest, 9.0, 1.5, ""))
    late = await records.write(lambda connection: tables.write(connection, "r", TWO, result(Ending.PASSED)))
    again = await records.write(lambda connection: tables.close(connection, "r", "completed", {}, 10.0, 2.0, "x"))

    assert ended is not None
    assert ended["summary"] == {"total": 2, "passed": 0, "failed": 1, "skipped": 1, "duration": 1500}
    assert late is not None
    assert late.status == "skipped"
    assert again == ended


async def test_old_runs_are_forgotten_with_their_results(records: Records) -> None:
    """Those that have not ended are not, however old."""
    await records.write(lambda connection: tables.write(connection, "r", ONE, result(Ending.PASSED)))
    kept = await records.write(lambda connection: tables.forget(connection, 100.0, 0))
    await records.write(lambda connection: tables.close(connection, "r", "completed", {}, 9.0, 1.5, ""))
    young = await records.write(lambda connection: tables.forget(connection, 9.0, 10))
    old = await records.write(lambda connection: tables.forget(connection, 10.0, 10))

    assert (kept, young, old) == (0, 0, 1)
    assert await records.read(lambda connection: tables.results(connection, "r")) == []


async def test_screenshots_are_bounded(records: Records, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In number, size and age; only pictures are kept; a crash leaves none for good."""
    monkeypatch.setattr(pictures, "_EACH", 2)
    clock, numbers = FakeClock(), itertools.count()
    folder = tmp_path / "screenshots"
    kept = Pictures(folder, records, clock, lambda: f"picture-{next(numbers)}")
    await kept.start()
    names = []
    for _ in range(3):
        names.append(await kept.keep("r", 1, PNG))
        clock.advance(1)
    other = [await kept.keep("r", 1, b"<html>"), await kept.keep("r", 1, PNG + b"0" * 3_000_000)]
    files = await asyncio.to_thread(lambda: sorted(file.name for file in folder.iterdir()))
    await asyncio.to_thread((folder / "orphan-0.png").write_bytes, PNG)
    await asyncio.to_thread((folder / files[0]).unlink)
    await kept.start()
    left = await asyncio.to_thread(lambda: [file.name for file in folder.iterdir()])
    rows = await records.read(
        lambda connection: connection.execute(select(func.count()).select_from(SCREENSHOTS)).scalar()
    )

    assert names == ["picture-0.png", "picture-1.png", "picture-2.png"]
    assert other == [None, None]
    assert files == ["picture-1.png", "picture-2.png"]
    assert (left, rows) == (["picture-2.png"], 1)
    assert await kept.read("picture-2.png") == PNG
    with pytest.raises(HeadwayError, match="not kept"):
        await kept.read("../records.db")
