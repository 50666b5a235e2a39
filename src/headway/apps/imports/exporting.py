"""The job `export-users`: the users of an environment into a file, page by page.

    result.csv      a column for each attribute, safe for spreadsheets; `headway.id` says that it is ours, so that
                    importing it brings every cell back as it was
    result.json     an array of users, without their links

PingOne shows no password, and none is written. How many users there are is what PingOne believes: the total grows, or
is not known. An export changes nothing, so after a crash it begins anew; the file has its name only when it is whole.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Protocol

from headway.apps.imports.csv.schema import READ_ONLY, Schema
from headway.apps.imports.csv.writing import Writer
from headway.apps.imports.deleting import DeletingBench
from headway.apps.imports.engine.holding import Holding
from headway.apps.imports.engine.interface import Options
from headway.apps.imports.engine.stopping import stop, stop_of_storage, why
from headway.apps.imports.engine.telling import stop_told
from headway.apps.imports.selecting import Selection, selection_of
from headway.errors import StorageError, UsageError
from headway.pingone.client import PingOne
from headway.pingone.errors import PingOneError
from headway.pingone.records import User
from headway.tasks.interface import Lost
from headway.tasks.jobs import Jobs
from headway.tasks.model import Status
from headway.tasks.task import Cancelled
from headway.tasks.work import Work

__all__ = ["JOB", "columns", "register"]

JOB: Final = "export-users"
_AT_ONCE: Final = 4
"""Runs at a time: each asks for a page after the other."""
_TELL_SECONDS: Final = 0.25
"""Between two events of progress."""
_PART: Final = "result.part"
"""Not yet a result; no suffix of one."""
_HIDDEN: Final = ("password", "lifecycle.suppressVerificationCode", "identityProvider.id")
"""What an import may say and PingOne does not show. Nor is anything below them written."""
_LAST: Final = ("createdAt", "updatedAt", "lastSignOn.at")
_LINKS: Final = "_links"

Json = dict[str, Any]
"""Any: JSON values."""


class Sink(Protocol):
    """Where users go."""

    def write(self, users: Sequence[User]) -> None: ...

    def close(self) -> None: ...


def register(jobs: Jobs, bench: DeletingBench, schema_of: Callable[[PingOne], Any]) -> None:  # Any: an awaitable
    """Have the job run."""

    @jobs.job(JOB, title="Export users", concurrency=_AT_ONCE)
    async def export_users(work: Work, run: Options) -> Json:
        """Write the users of an environment into a file."""
        return await _Export(work, run, bench, schema_of).go()


def columns(schema: Schema, wanted: Sequence[str] | None) -> list[str]:
    """The attributes that are written. Raises `UsageError` for one that there is not, or that nobody may have."""
    known = [path for path in schema if not path.startswith(_HIDDEN)]
    if wanted is None:
        return [*known, *_LAST]
    for path in wanted:
        if path not in known and path not in READ_ONLY and path != "population.id":
            raise UsageError(f"{path!r} is no attribute that can be exported", details={"field": "attributes"})
    return list(dict.fromkeys(wanted))


class _Export:
    """One attempt of one run."""

    def __init__(self, work: Work, options: Options, bench: DeletingBench, schema_of: Callable[[PingOne], Any]) -> None:
        self._work = work
        self._options = options
        self._bench = bench
        self._schema_of = schema_of
        self._wanted = selection_of(options.filter)
        self._began = work.clock.now()
        self._environment: Json = {}
        self._done = 0
        self._total: int | None = None

    async def go(self) -> Json:
        """Run until the end. Returns the report."""
        try:
            while not await self._tried():
                pass
        except (Cancelled, asyncio.CancelledError):
            state = await self._bench.tasks.get(self._work.task)
            if Status.CANCELLED in (state.wanted, state.status):
                await self._end("cancelled")
            raise
        except Lost:
            raise
        except Exception as error:
            found = why(error)
            await self._work.publish("error", stop_told(found), once="failed")
            await self._bench.stopped(self._work.task, found.code, found.message)
            await self._end("failed")
            raise
        return await self._end("completed")

    async def _tried(self) -> bool:
        """Whether all was written; False: it stopped, and somebody has it try again."""
        await self._work.apoint()
        try:
            await self._all()
        except PingOneError as error:
            found = stop(error, others_succeed=False)
            if found is None:
                raise
            await Holding(self._work, self._options, self._bench).stop(found)
            return False
        except OSError as error:
            full = StorageError(f"the result cannot be written: {error.strerror}")
            await Holding(self._work, self._options, self._bench).stop(stop_of_storage(full))
            return False
        return True

    async def _all(self) -> None:
        self._done, self._total = 0, None
        async with self._bench.reach(self._work.task, self._options) as (client, folder):
            environment = await client.environment()
            self._environment = {"id": environment.id, "name": environment.name, "type": environment.type}
            sink = await self._sink(client, folder / _PART)
            try:
                await self._pages(client, sink)
                await asyncio.to_thread(sink.close)
                if not self._options.dry_run:
                    await asyncio.to_thread(os.replace, folder / _PART, folder / f"result.{self._options.format}")
            finally:
                with contextlib.suppress(OSError):  # what failed is on its way already
                    await asyncio.to_thread(sink.close)
                (folder / _PART).unlink(missing_ok=True)

    async def _sink(self, client: PingOne, part: Path) -> Sink:
        if self._options.dry_run:
            return _Nowhere()
        paths = columns(await self._schema_of(client), self._wanted.attributes)
        names = {one.id: one.name for one in await client.populations()}
        if self._options.format == "json":
            return await asyncio.to_thread(_Documents, part, self._wanted)
        return await asyncio.to_thread(_Table, part, paths, names)

    async def _pages(self, client: PingOne, sink: Sink) -> None:
        left, told = self._wanted.limit, float("-inf")
        async for page in client.user_pages(self._wanted.scim_filter):
            users = page.entries if left is None else page.entries[:left]
            await asyncio.to_thread(sink.write, users)
            self._done += len(users)
            self._note(page.count)
            if (now := self._work.clock.monotonic()) - told >= _TELL_SECONDS:
                told = now
                await self._tell("running")
            if left is not None and (left := left - len(users)) <= 0:
                break
            if self._work.gate.shut:
                await self._tell("paused")
            await self._work.apoint()
        self._total = self._done

    def _note(self, count: int | None) -> None:
        """What PingOne believes there is may be missing, inexact, or grow."""
        if count is not None:
            most = count if self._wanted.limit is None else min(count, self._wanted.limit)
            self._total = max(self._done, most)
        elif self._total is not None:
            self._total = max(self._done, self._total)

    async def _tell(self, status: str, once: str | None = None) -> None:
        self._work.update(done=self._done, total=self._total, counts={"exported": self._done} if self._done else {})
        word = {"running": "Exporting", "completed": "Completed", "failed": "Stopped"}.get(status, status.capitalize())
        of = "" if self._total is None else f" of {self._total:,}"
        told = {
            "current": self._done,
            "total": self._total,
            "message": f"{word}: {self._done:,}{of} users",
            "counts": {"exported": self._done, "succeeded": self._done, "failed": 0, "skipped": 0},
            "status": status,
        }
        await self._work.publish("progress", told, key="progress", once=once)

    async def _end(self, status: str) -> Json:
        seconds = self._work.elapsed(self._work.clock.monotonic())
        total = self._done if self._total is None else self._total
        self._total = total
        counts = {"exported": self._done, "failed": 0, "not_attempted": total - self._done}
        made: Json = {
            "status": status,
            "dry_run": self._options.dry_run,
            "total": total,
            "counts": counts,
            "started_at": self._began,
            "ended_at": self._work.clock.now(),
            "duration": round(seconds, 3),
            "environment": self._environment,
        }
        await self._tell(status, once="last")
        await self._work.publish("completion", self._completion(status, seconds), once="end")
        await self._bench.ended(self._work.task, made)
        return made

    def _completion(self, status: str, seconds: float) -> Json:
        return {
            "success": status == "completed",
            "total": self._total,
            "exported": self._done,
            **dict.fromkeys(("created", "updated", "skipped", "failed", "rejects"), 0),
            "notAttempted": (self._total or 0) - self._done,
            "durationMs": round(seconds * 1000),
            "environmentId": self._environment.get("id"),
            "populationId": self._wanted.population,
            "dryRun": self._options.dry_run,
        }


class _Nowhere:
    """Of a dry run."""

    def write(self, users: Sequence[User]) -> None:
        """They are counted, and no more."""

    def close(self) -> None:
        """There is nothing."""


class _Table:
    """As CSV."""

    def __init__(self, path: Path, paths: Sequence[str], populations: Mapping[str, str]) -> None:
        self._paths = paths
        self._populations = populations
        self._writer = Writer(path, ["headway.id", *paths])
        path.chmod(0o600)

    def write(self, users: Sequence[User]) -> None:
        for user in users:
            self._writer.write([user.id, *(self._cell(user, path) for path in self._paths)])

    def close(self) -> None:
        self._writer.close()

    def _cell(self, user: User, path: str) -> str:
        if path == "population":
            id = user.population_id or ""
            return self._populations.get(id, id)
        value: Any = user.attributes  # Any: JSON
        for name in path.split("."):
            value = value.get(name) if isinstance(value, Mapping) else None
        return _spelled(value)


def _spelled(value: Any) -> str:  # Any: JSON
    match value:
        case None:
            return ""
        case str():
            return value
        case _:
            return json.dumps(value, ensure_ascii=False)


class _Documents:
    """As JSON."""

    def __init__(self, path: Path, wanted: Selection) -> None:
        self._file = path.open("wb")
        path.chmod(0o600)
        self._wanted = wanted.attributes
        self._between = b"[\n"

    def write(self, users: Sequence[User]) -> None:
        for user in users:
            document = json.dumps(self._picked(user.attributes), ensure_ascii=False)
            self._file.write(self._between + document.encode("utf-8", "replace"))
            self._between = b",\n"

    def close(self) -> None:
        if self._file.closed:
            return
        try:
            self._file.write(b"[]\n" if self._between == b"[\n" else b"\n]\n")
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError:
            self._file.raw.close()  # what could not be written is not tried again
            raise
        self._file.close()

    def _picked(self, user: Mapping[str, Any]) -> Json:
        if self._wanted is None:
            return {name: value for name, value in user.items() if name not in (_LINKS, "password")}
        made: Json = {"id": user.get("id")}
        for path in self._wanted:
            *above, last = path.split(".")
            there: Any = user  # Any: JSON
            inner = made
            for name in above:
                there = there.get(name) if isinstance(there, Mapping) else None
                inner = inner.setdefault(name, {})
            if isinstance(there, Mapping) and last in there:
                inner[last] = there[last]
        return made
