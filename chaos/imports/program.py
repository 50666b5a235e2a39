"""Imports thousands of users into a tenant that fails, kills the server meanwhile, and compares at the end.

It fails unless
- each username exists exactly once in the tenant, and was created exactly once,
- created, updated, skipped, failed and not attempted add up to the rows of the file,
- two browsers that came late and the command line say the same numbers,
- the rejects, mended, are imported whole, passwords included,
- neither the client's secret nor any password stands in an event, a log, a record, a report, a rejects file or a page.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import httpx2

from chaos.imports.tenant import Tenant, tenant
from chaos.imports.viewers import Viewers
from chaos.victim import Victim

__all__ = ["main"]

_FAULTS: Final = "errors=2.5,limited=0.5,dropped=1,late=0.5,latency=5"
"""Of a hundred calls three are refused for no reason, and one and a half are done without a word."""
_TOKEN_SECONDS: Final = 60.0
_WRONG: Final = 50
"""One row of so many has an address that is none."""
_TERMINAL: Final = ("completed", "failed", "cancelled")
_LOOK_SECONDS: Final = 0.2

Fields = dict[str, Any]
"""JSON values. Any: whatever they are."""


class Wrong(Exception):
    """Something was lost, repeated, shown or does not add up."""


def main() -> None:
    """Run and exit: 0 if everything adds up."""
    parser = argparse.ArgumentParser(prog="python -m chaos.imports", description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=2)
    parser.add_argument("--faults", default=_FAULTS, help="of the tenant")
    parser.add_argument("--browsers", type=int, default=2)
    parser.add_argument("--seed", help="of a run to repeat")
    options = parser.parse_args()
    seed = options.seed or f"{random.SystemRandom().randrange(10**9):09}"
    folder = Path(tempfile.mkdtemp(prefix="headway-imports-"))
    trial = Trial(folder, options.rows, options.kills, options.browsers, random.Random(seed))
    try:
        asyncio.run(trial.run(options.faults))
    except Wrong as wrong:
        print(f"FAILED: {wrong}. What the server wrote is in {folder}. seed {seed}", flush=True)
        sys.exit(1)
    except BaseException:  # interrupted, or a mistake of this program: nothing is worth keeping
        shutil.rmtree(folder, ignore_errors=True)
        raise
    shutil.rmtree(folder, ignore_errors=True)
    print(f"every user exists once, and everybody was told the same. seed {seed}", flush=True)


class Trial:
    """One run."""

    def __init__(self, folder: Path, rows: int, kills: int, browsers: int, chance: random.Random) -> None:
        self._folder = folder
        self._rows = rows
        self._kills = kills
        self._browsers = browsers
        self._marker = f"Pw{chance.randrange(10**9):09}"
        """Stands in every password, and nowhere else."""
        self._victim = Victim(folder, {"APPS": "imports"})

    async def run(self, faults: str) -> None:
        """Import, kill, wait, judge."""
        async with tenant(faults, _TOKEN_SECONDS) as there:
            await self._victim.start()
            try:
                await self._imported(there)
            finally:
                await self._victim.kill()

    async def _imported(self, there: Tenant) -> None:
        target = await self._ask("POST", "/api/imports/targets", json=there.target())
        upload = await self._upload(self._file(), "users.csv")
        run = await self._begin(upload, target)
        async with Viewers(self._victim.address.http(""), run) as viewers:
            await self._kill_again_and_again(run, viewers)
            ended = await self._ended(run)
            seen = await viewers.seen(ended["counts"])
        self._judge_counts(ended)
        await self._judge_tenant(there, len(self._good()))
        say(f"{self._rows} rows: {ended['counts']}; {len(seen)} viewers said the same: {', '.join(seen)}")
        await self._mend(run, target)
        await self._judge_tenant(there, self._rows)
        await self._judge_secrets(there, run, await viewers.pages())

    def _row(self, number: int) -> str:
        address = "nobody" if number % _WRONG == 0 else f"u{number}@example.com"
        return f"user{number},{address},Ada,Lovelace,{self._marker}-Aa!{number}"

    def _file(self) -> bytes:
        rows = [self._row(number) for number in range(self._rows)]
        return "\n".join(["username,email,first name,last name,password", *rows]).encode()

    def _good(self) -> Sequence[int]:
        return [number for number in range(self._rows) if number % _WRONG]

    async def _upload(self, content: bytes, name: str) -> Fields:
        return await self._ask("POST", f"/api/imports/files?name={name}", content=content)

    async def _begin(self, upload: Fields, target: Fields) -> str:
        mapping = {one["column"]: one["attribute"] for one in upload["mapping"]}
        wanted = {
            "kind": "import",
            "target": target["id"],
            "file": upload["id"],
            "mapping": mapping,
            "parallel": 20,
        }
        return str((await self._ask("POST", "/api/imports/runs", json=wanted))["run"])

    async def _kill_again_and_again(self, run: str, viewers: Viewers) -> None:
        for number in range(1, self._kills + 1):
            done = await self._until(run, self._rows * number // (self._kills + 1))
            await self._victim.kill()
            say(f"kill {number}: {done} rows were done")
            await self._victim.start()
            if number == 1:
                await viewers.come(self._browsers)

    async def _until(self, run: str, rows: int) -> int:
        while True:
            task = await self._ask("GET", f"/api/tasks/{run}")
            if task["status"] in _TERMINAL:
                raise Wrong(
                    f"the run {task['status']} before it could be killed: {task['error']}; more rows take longer"
                )
            if task["done"] >= rows:
                return int(task["done"])
            await asyncio.sleep(_LOOK_SECONDS)

    async def _ended(self, run: str) -> Fields:
        while (shown := await self._ask("GET", f"/api/imports/runs/{run}"))["status"] not in _TERMINAL:
            if shown["stopped"]:
                raise Wrong(f"the run stopped: {shown['stopped']}")
            await asyncio.sleep(_LOOK_SECONDS)
        return shown

    def _judge_counts(self, run: Fields) -> None:
        counts, wrong = run["counts"], self._rows - len(self._good())
        if run["status"] != "completed" or sum(counts.values()) != self._rows or counts["failed"] != wrong:
            raise Wrong(f"the run {run['status']} with {counts}; {wrong} of {self._rows} rows are wrong")

    async def _judge_tenant(self, there: Tenant, users: int) -> None:
        names = await there.usernames()
        twice = {name: count for name, count in names.items() if set(count.values()) != {1}}
        if len(names) != users or twice:
            raise Wrong(f"the tenant has {len(names)} users of {users}; not once: {dict(list(twice.items())[:5])}")

    async def _mend(self, run: str, target: Fields) -> None:
        """Import the rejects with addresses that are some."""
        rejects = await self._raw(f"/api/imports/runs/{run}/rejects.csv")
        upload = await self._upload(rejects.replace(b",nobody,", b",mended@example.com,"), "rejects.csv")
        second = await self._ended(await self._begin(upload, target))
        wanted = self._rows - len(self._good())
        if second["counts"]["created"] != wanted:
            raise Wrong(f"of {wanted} mended rows were created: {second['counts']}")
        say(f"rejects: {wanted} mended rows imported, their passwords found again")

    async def _judge_secrets(self, there: Tenant, run: str, pages: Sequence[str]) -> None:
        """Look for every secret in everything that was written or shown."""
        shown = [(await self._raw(path)).decode("utf-8", "replace") for path in self._answers(run)]
        shown += pages
        for secret in (there.secret, self._marker):
            if any(secret in text for text in shown):
                raise Wrong("a secret stands in an answer or on a page")
            for file in self._written():
                if secret.encode() in file.read_bytes():
                    raise Wrong(f"a secret stands in {file.relative_to(self._folder)}")
        say(f"secrets: none in {len(shown)} answers and pages, and {len(self._written())} files")

    def _answers(self, run: str) -> list[str]:
        return [
            *(f"/api/imports/runs/{run}{part}" for part in ("", "/failures", "/rejects.csv", "/report.json")),
            "/api/imports/targets",
            "/api/imports/runs",
            "/api/audit?since=",
            "/api/debug/messages",
            f"/api/channels/task:{run}/events?since=&limit=1000",
            f"/api/tasks/{run}",
            f"/api/tasks/{run}/history",
        ]

    def _written(self) -> list[Path]:
        """Everything but the upload itself, which is what it is."""
        uploads = self._victim.data / "imports" / "files"
        return [file for file in self._folder.rglob("*") if file.is_file() and uploads not in file.parents]

    async def _raw(self, path: str) -> bytes:
        async with httpx2.AsyncClient(timeout=60) as http:
            answer = await http.get(self._victim.address.http(path))
            return answer.content

    async def _ask(self, method: str, path: str, **more: Any) -> Fields:  # Any: httpx2's
        async with httpx2.AsyncClient(timeout=60) as http:
            answer = await http.request(method, self._victim.address.http(path), **more)
            if not answer.is_success:
                raise Wrong(f"{method} {path}: {answer.text[:500]}")
            return dict(answer.json())


def say(text: str) -> None:
    """One line of what happened."""
    print(text, flush=True)
