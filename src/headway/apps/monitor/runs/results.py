"""Runs, as people begin, watch, control and read them.

A run's id is its task's; its `testRunId` is the task's channel. While it goes on, how it stands is the task's to say;
when it has ended, what is kept here stays, also after the task is forgotten.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import RowMapping

from headway.access.identity import Identity
from headway.apps.interface import Context
from headway.apps.monitor.runs import tables, telling
from headway.apps.monitor.runs.bench import Bench
from headway.apps.monitor.runs.conducting import undone
from headway.apps.monitor.runs.job import JOB
from headway.apps.monitor.runs.model import OPEN, Chosen, Summary, Test, Wanted
from headway.apps.monitor.runs.plan import plan
from headway.apps.monitor.runs.shown import Begun, Run, counted, named, status_of, tested
from headway.codes import Code
from headway.errors import Conflict, HeadwayError
from headway.tasks.model import Action, State, Status

__all__ = ["Runs"]

logger = logging.getLogger("headway.monitor")

_QUEUE: Final = {"critical": 30, "high": 20, "medium": 10, "low": 0}
"""Of a run among other runs: what waits goes by it."""
_SCANNED: Final = 5
"""Pages looked through for a reader who may see few of many."""
_KEPT_DAYS: Final = 90
_KEPT_MOST: Final = 5_000
"""Runs that are kept: a run every quarter of an hour for seven weeks."""


class Runs:
    """All of them. Equipped with what the server gives at its start."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._context: Context | None = None

    def equip(self, context: Context) -> None:
        """Take what is given at the start."""
        self._context = context

    async def begin(self, wanted: Wanted, *, by: str | None, key: str | None = None) -> Begun:
        """Have it run. With a known key, the run of then. Raises `HeadwayError`."""
        return await self._submit(wanted, plan(list((await self._bench.subjects()).values()), wanted), by, key)

    async def again(self, run: str, *, by: str | None, key: str | None = None) -> Begun:
        """A run of those tests of another that failed. Raises `Conflict` where none did."""
        row = await self._row(run)
        failed = {key for key, result in (await self._bench.results(run)).items() if result.status.bad}
        tests = [test for test in map(tables.test_of, row["plan"]) if (test.number, test.kind) in failed]
        if not tests:
            raise Conflict("no test of this run has failed; there is nothing to repeat", details={"run": run})
        wanted = msgspec.convert(row["wanted"], Wanted)
        again = msgspec.structs.replace(
            wanted,
            applications=tuple(dict.fromkeys(test.application for test in tests)),
            filter=Chosen(),
            trigger="manual",
            name=f"Failed tests of {named(wanted)}"[:200],
        )
        return await self._submit(again, tests, by, key)

    async def get(self, run: str, reader: Identity) -> Run:
        """One of them, with its results. Raises `HeadwayError`; what may not be read is not there."""
        return await self._shown(await self._row(run), reader, whole=True)

    async def find(self, reader: Identity, *, before: int | None, limit: int) -> tuple[list[Run], int | None]:
        """Runs that may be read, the newest first, and where the next page begins."""
        found: list[Run] = []
        for _ in range(_SCANNED):
            cursor = before
            rows = await self._bench.records.read(lambda connection: tables.listed(connection, cursor, limit))  # noqa: B023  # called before it changes
            for row in rows:
                before = row["number"]
                try:
                    found.append(await self._shown(row, reader))
                except HeadwayError:
                    continue
                if len(found) == limit:
                    return found, before
            if len(rows) < limit:
                return found, None
        return found, before

    async def running(self, reader: Identity) -> list[Run]:
        """Runs that have not ended, the oldest first."""
        rows = await self._bench.records.read(tables.unfinished)
        found: list[Run] = []
        for row in rows:
            try:
                shown = await self._shown(row, reader)
            except HeadwayError:
                continue
            if shown.ended_at is None:
                found.append(shown)
        return found

    async def request(self, run: str, action: Action, reader: Identity) -> Run:
        """Ask for a pause, a resumption or the end. Raises `IllegalTransition`."""
        await self.get(run, reader)
        await self._bench.tasks.request(run, action, reader.user)
        await self.settle()
        return await self.get(run, reader)

    async def settle(self) -> None:
        """Close runs whose tasks ended without them: cancelled while nobody worked on them, or failed for good."""
        for row in await self._bench.records.read(tables.unfinished):
            state = await self._state(row["id"])
            if state is None or state.status.terminal:
                await self._close(row, state)

    async def forget(self) -> None:
        """Forget what is too old."""
        before = self._bench.clock.now() - _KEPT_DAYS * 86_400
        await self._bench.records.write(lambda connection: tables.forget(connection, before, _KEPT_MOST))

    # Its own.

    async def _submit(self, wanted: Wanted, tests: Sequence[Test], by: str | None, key: str | None) -> Begun:
        state = await self._bench.tasks.submit(
            JOB,
            {"run": {"wanted": msgspec.to_builtins(wanted), "tests": [(one.application, one.kind) for one in tests]}},
            name=wanted.name or named(wanted),
            priority=_QUEUE[wanted.priority],
            idempotency_key=None if key is None else f"monitor/{key}",
            by=by,
        )
        kept = await self._bench.know(state.id, wanted, tests)
        return Begun(test_run_id=state.channel, task=state.id, channel=state.channel, total=len(kept.plan))

    async def _close(self, row: RowMapping, state: State | None) -> None:
        """Close a run that nobody works on any more, and tell how it ended, once."""
        run, now = row["id"], self._bench.clock.now()
        status = "failed" if state is None or state.status is not Status.CANCELLED else "cancelled"
        error = "" if status == "cancelled" else _why(state)
        rest = {test: undone(now, f"The run was {status}.") for test in map(tables.test_of, row["plan"])}
        seconds = 0.0 if state is None else state.progress.elapsed
        closed = await self._bench.close(run, status, rest, seconds, error)
        if closed is None or self._context is None:
            return
        done = closed.summary.total - closed.summary.skipped
        last = telling.progress(run, completed=done, total=closed.summary.total, status=closed.status)
        type, data = telling.finale(run, closed.status, closed.summary, closed.error)
        channel = telling.channel_of(run)
        # Under the keys of the job itself, so that each is told once whoever comes first.
        await self._tell(channel, "progressUpdate", last, f"{run}/last/progressUpdate", "progress")
        await self._tell(channel, type, data, f"{run}/end/{type}")

    async def _tell(self, channel: str, type: str, data: Any, once: str, key: str | None = None) -> None:  # Any: JSON
        assert self._context is not None  # looked at before
        try:
            await self._context.tell(channel, type, data, key=key, idempotency_key=once)
        except HeadwayError as error:
            if error.code is not Code.IDEMPOTENCY:  # told already, in other words
                raise

    async def _row(self, run: str) -> RowMapping:
        row = await self._bench.records.read(lambda connection: tables.find(connection, run))
        if row is None:
            raise HeadwayError(f"there is no test run {run[:100]!r}", code=Code.NOT_FOUND)
        return row

    async def _state(self, run: str) -> State | None:
        try:
            return await self._bench.tasks.get(run)
        except HeadwayError as error:
            if error.code is not Code.NOT_FOUND:
                raise
            return None  # forgotten with its events; what is kept here stays

    async def _shown(self, row: RowMapping, reader: Identity, *, whole: bool = False) -> Run:
        run = row["id"]
        channel = telling.channel_of(run)
        if not reader.may_read(channel):
            raise HeadwayError(f"there is no test run {run!r}", code=Code.NOT_FOUND)
        tests = [tables.test_of(one) for one in row["plan"]]
        wanted = msgspec.convert(row["wanted"], Wanted)
        ended = row["status"] not in OPEN
        results = {} if ended and not whole else await self._bench.results(run)
        state = await self._state(run)
        summary = counted(len(tests), results, state) if not ended else msgspec.convert(row["summary"], Summary)
        return Run(
            number=row["number"],
            id=run,
            test_run_id=channel,
            task=run,
            channel=channel,
            name=state.name if state is not None else wanted.name or named(wanted),
            status=status_of(row["status"], state),
            trigger=row["trigger"],
            kinds=tuple(map(str, wanted.kinds)),
            application_count=len({test.application for test in tests}),
            total=len(tests),
            completed=summary.passed + summary.failed + summary.skipped,
            summary=summary,
            created_at=row["created_at"],
            started_at=row["began"],
            ended_at=row["ended"],
            by=None if state is None else state.by,
            error=row["error"],
            waiting=None if state is None or ended else state.waiting,
            allowed=() if state is None or ended else tuple(map(str, state.allowed)),
            results=tuple(tested(test, results.get((test.number, test.kind))) for test in tests) if whole else None,
        )


def _why(state: State | None) -> str:
    if state is None:
        return "Its task was forgotten before it had ended."
    return state.error.message if state.error is not None else f"Its task {state.status}."
