"""What the tests of runs share: a bench over a sandbox and files, and a Headway that runs on it.

    async with stage(tmp_path) as at:
        run = await at.submit(at.file(users(10)))
        assert (await at.ended(run)).status is Status.COMPLETED

Also a program, for what only a killed process shows:

    python -m tests.apps.imports.engine.stage FOLDER SETTINGS      (JSON: api, auth, credential, environment)
"""

from __future__ import annotations

import asyncio
import csv
import json
import sys
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import msgspec

from headway import Headway
from headway.apps.imports.csv.building import Builder, body
from headway.apps.imports.csv.checking import Checker
from headway.apps.imports.csv.detecting import detect
from headway.apps.imports.csv.duplicates import Usernames
from headway.apps.imports.csv.mapping import propose
from headway.apps.imports.csv.reading import Reader
from headway.apps.imports.csv.schema import STANDARD
from headway.apps.imports.csv.validating import Validator
from headway.apps.imports.engine.interface import Choice, Fault, Opened, Options, Question, Row
from headway.apps.imports.engine.job import JOB, register
from headway.apps.interface import Context, Figure, Route
from headway.clock import SystemClock
from headway.pingone.client import PingOne
from headway.pingone.limiter import Limiters
from headway.pingone.regions import Addresses
from headway.pingone.retries import Patience
from headway.pingone.token import Credential
from headway.sandbox.server import Sandbox
from headway.tasks.jobs import Jobs
from headway.tasks.model import Action, State, Status
from headway.testing.waiting import wait_until
from tests.tasks.shop import everything

__all__ = ["PASSWORD", "Bench", "Fields", "Stage", "Way", "stage", "users", "way_to"]

Fields = dict[str, Any]
"""An event as JSON. Any: JSON values."""

PASSWORD = "Zebra-Crossing-2468"
"""What nothing that is written may hold."""
HIDDEN = "***"
QUICK = Patience(tries=8, seconds=20.0, first=0.01, most=0.05, settling=0.0)


@dataclass(frozen=True)
class Way:
    """How to reach a sandbox."""

    api: str
    auth: str
    worker: str
    client_id: str
    secret: str
    environment: str


def way_to(sandbox: Sandbox) -> Way:
    """The way to one."""
    known = sandbox.credentials
    return Way(sandbox.api, sandbox.auth, known.environment, known.client_id, known.client_secret, sandbox.environment)


def users(number: int, *, first: int = 0) -> list[dict[str, str]]:
    """Rows with which nothing is wrong."""
    return [
        {
            "username": f"user{place}",
            "email": f"user{place}@example.com",
            "name.given": "Ada",
            "name.family": f"L{place}",
            "password": PASSWORD,
        }
        for place in range(first, first + number)
    ]


class Bench:
    """What runs of a test stand on. An application, too, since those are given the server's tasks."""

    name = "imports-test"
    routes: Sequence[Route] = ()

    def __init__(self, way: Way, rate: float = 100_000.0) -> None:
        self.jobs = Jobs()
        self.way = way
        self.patience = QUICK
        self.questions: dict[str, Question] = {}
        self.answers: dict[str, Choice | str] = {}
        self.stops: list[tuple[str, str]] = []
        self.reports: list[Mapping[str, Any]] = []  # Any: JSON
        self._rate = rate
        self._limiters = Limiters(SystemClock())
        self._context: Context | None = None
        register(self.jobs, self)

    async def start(self, context: Context) -> None:
        """See `App`."""
        self._context = context

    async def close(self) -> None:
        """See `App`."""

    def figures(self) -> Iterable[Figure]:
        """See `App`."""
        return ()

    @property
    def context(self) -> Context:
        """What it was given."""
        assert self._context is not None
        return self._context

    @property
    def tasks(self) -> Any:  # Any: the server's tasks, wider than what a run uses
        """See `Bench`."""
        return self.context.tasks

    def client(self) -> PingOne:
        """A client of the sandbox."""
        way = self.way
        return PingOne(
            Credential(way.worker, way.client_id, way.secret),
            Addresses(way.api, way.auth),
            way.environment,
            self._limiters,
            rate=self._rate,
            patience=self.patience,
        )

    @asynccontextmanager
    async def open(self, run: str, options: Options) -> AsyncIterator[Opened]:
        """See `Bench`. A file is its path."""
        folder = self.context.folder / run
        await asyncio.to_thread(folder.mkdir, exist_ok=True)
        rows = await asyncio.to_thread(CsvRows, Path(options.file or ""))
        rejects = CsvRejects(folder / "rejects.csv", rows)
        async with self.client() as client:
            try:
                yield Opened(client, rows, rejects, folder)
            finally:
                rejects.close()

    async def ask(self, run: str, question: Question) -> None:
        """See `Bench`."""
        self.questions[run] = question

    async def answered(self, run: str, kind: str) -> Choice | str | None:
        """See `Bench`."""
        return self.answers.get(kind)

    async def stopped(self, run: str, code: str, message: str) -> None:
        """See `Bench`."""
        self.stops.append((code, message))

    async def ended(self, run: str, report: Mapping[str, Any]) -> None:  # Any: JSON
        """See `Bench`."""
        self.reports.append(report)


class CsvRows:
    """The rows of a file whose columns are called as attributes are."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.format = detect(path)
        self.mapping = propose(self.format.header).mapping
        self.total = sum(1 for _ in Reader(path, self.format))
        self.population_column = "population" if "population" in self.format.header else None

    def chunks(self, size: int) -> Iterator[list[Row]]:
        """See `Rows`."""
        builder = Builder(self.mapping, self.format.header, STANDARD)
        checker = Checker(builder, Validator(STANDARD), Usernames())
        chunk: list[Row] = []
        for line in Reader(self._path, self.format):
            checked = checker.check(line)
            values = dict(checked.values)
            population = str(values.pop("population", ""))
            faults = tuple(Fault(found.code, found.field, found.message) for found in checked.problems)
            chunk.append(Row(line.number, checked.username or "", body(values), faults, population, line.cells))
            if len(chunk) == size:
                yield chunk
                chunk = []
        yield chunk

    def populations(self) -> Iterable[str]:
        """See `Rows`."""
        index = self.format.header.index("population")
        return {line.cells[index] for line in Reader(self._path, self.format)} - {""}


class CsvRejects:
    """The rows that failed, without their passwords."""

    def __init__(self, path: Path, rows: CsvRows) -> None:
        self.path = path
        self._header = rows.format.header
        self._file = path.open("a+b", buffering=0)
        self.length = path.stat().st_size

    def cut(self, length: int) -> None:
        """See `Rejects`."""
        self._file.truncate(length)
        self.length = length
        if not length:
            self._put(["headway.row", "headway.code", "headway.field", "headway.message", *self._header])

    def write(self, row: Row, fault: Fault) -> None:
        """See `Rejects`."""
        hidden = self._header.index("password") if "password" in self._header else -1
        cells = [HIDDEN if place == hidden and cell else cell for place, cell in enumerate(row.source)]
        self._put([str(row.number), fault.code, fault.field, fault.message, *cells])

    def sync(self) -> None:
        """See `Rejects`."""

    def close(self) -> None:
        """See `Rejects`."""
        self._file.close()

    def rows(self) -> list[dict[str, str]]:
        """What is in it."""
        with self.path.open(newline="") as file:
            return list(csv.DictReader(file))

    def _put(self, cells: Iterable[str]) -> None:
        line = ",".join('"' + cell.replace('"', '""') + '"' for cell in cells) + "\r\n"
        self.length += self._file.write(line.encode())


class Stage:
    """A sandbox, a bench and a Headway."""

    def __init__(self, folder: Path, bench: Bench, live: Headway, sandbox: Sandbox | None = None) -> None:
        self.folder = folder
        self.bench = bench
        self.live = live
        self._sandbox = sandbox
        self._files = 0

    @property
    def sandbox(self) -> Sandbox:
        """The one in this process."""
        assert self._sandbox is not None
        return self._sandbox

    def file(self, rows: Sequence[Mapping[str, str]]) -> Path:
        """A CSV file of these rows."""
        self._files += 1
        path = self.folder / f"users{self._files}.csv"
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
        return path

    async def submit(self, path: Path, **options: Any) -> str:  # Any: fields of `Options`
        """Have a file imported."""
        run = msgspec.to_builtins(Options(target="sandbox", file=str(path), **options))
        return (await self.live.submit(JOB, {"run": run})).id

    async def state(self, id: str) -> State:
        """A run as it is now."""
        return await self.bench.context.tasks.get(id)

    async def reached(self, id: str, *statuses: Status) -> State:
        """Wait until a run is in one of these states."""

        async def there() -> bool:
            return (await self.state(id)).status in statuses

        await wait_until(there, within=60)
        return await self.state(id)

    async def ended(self, id: str) -> State:
        """Wait until a run has ended."""
        return await self.reached(id, Status.COMPLETED, Status.FAILED, Status.CANCELLED)

    async def request(self, id: str, action: Action) -> None:
        """Ask for something."""
        await self.bench.context.tasks.request(id, action, "ada")

    async def done(self, id: str, number: int) -> None:
        """Wait until so many rows are done with."""

        async def there() -> bool:
            state = await self.state(id)
            return state.status.terminal or state.progress.done >= number

        await wait_until(there, within=60)

    async def events(self, id: str) -> list[Fields]:
        """Everything a follower was told."""
        log = self.live._log
        assert log is not None
        return await everything(log, f"task:{id}")

    async def told(self, id: str, type: str) -> list[Fields]:
        """The events of one type."""
        return [event for event in await self.events(id) if event["type"] == type]

    async def heard(self, id: str, type: str) -> Fields:
        """Wait until an event of this type was told; the first one."""

        async def there() -> bool:
            return bool(await self.told(id, type))

        await wait_until(there, within=60)
        return (await self.told(id, type))[0]

    def rejects(self, id: str) -> list[dict[str, str]]:
        """The rows of a run that failed."""
        with (self.bench.context.folder / id / "rejects.csv").open(newline="") as file:
            return list(csv.DictReader(file))

    def made(self) -> dict[str, int]:
        """How often each username was created."""
        return {name: count["created"] for name, count in self.sandbox.usernames(self.sandbox.environment).items()}


@asynccontextmanager
async def stage(
    folder: Path, *, way: Way | None = None, rate: float = 100_000.0, **options: Any
) -> AsyncIterator[Stage]:
    """A stage until the block ends. Any: options of the sandbox, which is made unless there is a way to one."""
    async with AsyncExitStack() as stack:
        sandbox = None
        if way is None:
            sandbox = await stack.enter_async_context(Sandbox(**options))
            way = way_to(sandbox)
        bench = Bench(way, rate)
        live = Headway(folder / "data", apps=[bench], durable=False)
        await stack.enter_async_context(live)
        yield Stage(folder, bench, live, sandbox)


async def _main(folder: Path, given: str) -> None:
    """Go on with what there is, or begin, until it has ended."""
    settings = json.loads(given)
    async with stage(folder, way=Way(**settings["way"])) as at:
        known = settings.get("run")
        run = known or await at.submit(Path(settings["file"]), **settings["options"])
        print(run, flush=True)
        print((await at.ended(run)).status, flush=True)


def spelled(way: Way, file: Path, run: str | None = None, **options: Any) -> str:  # Any: fields of `Options`
    """The settings of the program."""
    return json.dumps({"way": asdict(way), "file": str(file), "run": run, "options": options})


if __name__ == "__main__":
    asyncio.run(_main(Path(sys.argv[1]), sys.argv[2]))
