"""Runs that ended with nobody at work on them: what their journal says counts."""

from __future__ import annotations

from pathlib import Path

import pytest

from headway.apps.imports.engine.journal import Journal, Outcome
from headway.testing.waiting import wait_until
from tests.apps.imports.office import office, row


@pytest.mark.parametrize(("kind", "changed"), [("import", "updated"), ("delete", "deleted")])
async def test_what_was_done_before_a_server_died_is_counted(tmp_path: Path, kind: str, changed: str) -> None:
    """A run that is cancelled after that, before anybody works on it, says what it had done, and has one completion
    that agrees. A row that was under way has failed."""
    async with office(tmp_path, run_jobs=False) as at:
        upload = await at.uploaded([row(number) for number in range(9)])
        begun = await at.begin(upload, kind=kind, dry_run=True)
        folder = tmp_path / "imports" / "runs" / begun["run"]
        folder.mkdir(parents=True)
        journal = Journal(folder / "journal", 0)
        journal.outcome(1, Outcome.CREATED)
        journal.outcome(2, Outcome.UPDATED)
        journal.outcome(3, Outcome.FAILED, "INVALID_VALUE")
        journal.trying(4, 1.0)
        journal.close()
        await at.ask("POST", f"/api/tasks/{begun['task']}/cancel")

        async def reported() -> bool:
            return (await at.get(f"/api/imports/runs/{begun['run']}"))["report"] is not None

        await wait_until(reported)
        run = await at.get(f"/api/imports/runs/{begun['run']}")
        (told,) = [event for event in await at.events(begun["run"]) if event["type"] == "completion"]

    assert {name: count for name, count in run["counts"].items() if count} == {
        "created": 1,
        changed: 1,
        "failed": 2,
        "not_attempted": 5,
    }
    assert (told["created"], told[changed], told["failed"], told["notAttempted"]) == (1, 1, 2, 5)
