"""Rows a second of an import, beside a bare aiohttp loop that posts the same bodies, in turns within one run.

python -m bench.imports --rows 20000 --at-once 50 --rounds 3 --latency 20
python -m bench.imports --rows 1000000 --dry-run

bare      a token, and coroutines that post one body after the other and read the answer: no limiter, no journal, no
          retries, no events; bodies are made beforehand
import    a run of `import-users`: the file read, checked and mapped, every try and outcome journaled, progress
          published, in a Headway with its log and its tasks on disk
dry run   one run of the same job with nothing written: rows a second, and the most memory this process had

Each talks to a sandbox of its own, in a process of its own, which is new for every turn.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import csv
import logging
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import aiohttp
import msgspec

from headway import Headway
from headway.apps.imports.csv.detecting import detect
from headway.apps.imports.csv.mapping import propose
from headway.apps.imports.csv.reading import Reader
from headway.apps.imports.csv.schema import STANDARD
from headway.apps.imports.engine.interface import Choice, Fault, Opened, Options, Question, Row
from headway.apps.imports.engine.job import JOB, register
from headway.apps.imports.workbench import _Rows
from headway.apps.interface import Context, Figure, Route
from headway.clock import SystemClock
from headway.pingone.client import IMPORT, PingOne
from headway.pingone.limiter import Limiters
from headway.pingone.regions import Addresses
from headway.pingone.token import Credential
from headway.sandbox.faults import Faults
from headway.sandbox.server import Sandbox
from headway.tasks.jobs import Jobs
from headway.tasks.model import Status

__all__ = ["main"]

_UNBOUND: Final = 100_000.0
"""Requests a second: more than anybody sends."""
_LOOK_SECONDS: Final = 0.02

Taken = tuple[float, float]
"""Seconds, and seconds of this process's CPU."""
Way = Callable[[Path, int, int, float], Coroutine[Any, Any, Taken]]  # Any: a coroutine's own


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.imports", description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--at-once", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--latency", type=float, default=0.0, help="median milliseconds of an answer; PingOne's is some 100"
    )
    parser.add_argument("--dry-run", action="store_true", help="measure that instead, once")
    parser.add_argument("--sandbox", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.sandbox:
        asyncio.run(_sandbox(options.latency))
        return
    logging.disable(logging.WARNING)
    if options.dry_run:
        _measure_dry_run(options.rows, options.at_once, options.latency)
        return
    ways: dict[str, Way] = {"bare": _bare, "import": _import}
    rates: dict[str, list[float]] = {name: [] for name in ways}
    costs: dict[str, list[float]] = {name: [] for name in ways}
    with tempfile.TemporaryDirectory(prefix="headway-bench-") as folder:
        file = Path(folder) / "users.csv"
        _write(file, options.rows)
        for turn in range(options.rounds):
            for name in list(ways) if turn % 2 == 0 else list(reversed(ways)):
                took, busy = asyncio.run(ways[name](file, options.rows, options.at_once, options.latency))
                rates[name].append(options.rows / took)
                costs[name].append(busy / options.rows * 1e6)
    pairs = [own / bare for own, bare in zip(rates["import"], rates["bare"], strict=True)]
    print(f"{options.rows} rows, {options.at_once} at once, {options.rounds} rounds in turns")
    for name, measured in rates.items():
        spread = f"({min(measured):.0f}–{max(measured):.0f})"
        cost = f"{statistics.median(costs[name]):.0f} µs of this process's CPU a row"
        print(f"{name:8}{statistics.median(measured):8.0f} rows/s   {spread:16}{cost}")
    print(f"ratio   {statistics.median(pairs):8.2f}          ({min(pairs):.2f}–{max(pairs):.2f})")


def _measure_dry_run(rows: int, at_once: int, latency: float) -> None:
    with tempfile.TemporaryDirectory(prefix="headway-bench-") as folder:
        file = Path(folder) / "users.csv"
        _write(file, rows)
        before = _peak()
        took, busy = asyncio.run(_import(file, rows, at_once, latency, dry_run=True))
    print(f"dry run {rows / took:8.0f} rows/s   {busy / rows * 1e6:.0f} µs of this process's CPU a row")
    print(f"memory  {_peak():8.0f} MB at most  ({before:.0f} MB before)")


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)


def _write(file: Path, rows: int) -> None:
    with file.open("w", newline="") as opened:
        writer = csv.writer(opened)
        writer.writerow(["username", "email", "name.given", "name.family", "primaryPhone", "password"])
        for n in range(rows):
            writer.writerow(
                [f"user{n}", f"user{n}@example.com", "Ada", f"Lovelace{n}", f"+44 20 {n:08}", f"Zebra-Crossing-{n}"]
            )


# The sandbox, in a process of its own.


async def _sandbox(latency: float) -> None:
    async with Sandbox(faults=Faults(latency=latency)) as sandbox:
        known = sandbox.credentials
        told = [sandbox.api, sandbox.auth, known.environment, known.client_id, known.client_secret]
        print(*told, sandbox.environment, flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)


@asynccontextmanager
async def _pingone(latency: float) -> AsyncIterator[Sequence[str]]:
    """api, auth, worker environment, client id, secret, environment."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bench.imports", "--sandbox", "--latency", str(latency)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield (await process.stdout.readline()).decode().split()
    finally:
        process.stdin.close()
        await process.wait()


# Bare.


async def _bare(file: Path, rows: int, at_once: int, latency: float) -> Taken:
    bodies = [msgspec.json.encode(row.body) for chunk in _rows(file, Options(target="")).chunks(rows) for row in chunk]
    async with _pingone(latency) as (api, auth, worker, client_id, secret, environment):
        connector = aiohttp.TCPConnector(limit=100)
        async with aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar()) as session:
            token = await _token(session, f"{auth}/{worker}/as/token", client_id, secret)
            headers = {"Authorization": f"Bearer {token}", "Content-Type": IMPORT}
            url = f"{api}/environments/{environment}/users"
            left = iter(bodies)

            async def work() -> None:
                for body in left:
                    async with session.post(url, data=body, headers=headers) as answer:
                        msgspec.json.decode(await answer.read())
                        assert answer.status == 201

            began, busy = time.perf_counter(), time.process_time()
            await asyncio.gather(*(work() for _ in range(at_once)))
            return time.perf_counter() - began, time.process_time() - busy


async def _token(session: aiohttp.ClientSession, url: str, client_id: str, secret: str) -> str:
    form = {"grant_type": "client_credentials"}
    headers = {"Authorization": aiohttp.encode_basic_auth(client_id, secret)}
    async with session.post(url, data=form, headers=headers) as answer:
        return str((await answer.json())["access_token"])


# Import.


async def _import(file: Path, rows: int, at_once: int, latency: float, *, dry_run: bool = False) -> Taken:
    with tempfile.TemporaryDirectory(prefix="headway-bench-") as folder:
        async with _pingone(latency) as way:
            bench = _Bench(way)
            async with Headway(folder, apps=[bench]) as live:
                run = msgspec.to_builtins(Options(target="sandbox", file=str(file), parallel=at_once, dry_run=dry_run))
                began, busy = time.perf_counter(), time.process_time()
                id = (await live.submit(JOB, {"run": run})).id
                await bench.over.wait()
                took = time.perf_counter() - began, time.process_time() - busy
                state = await bench.context.tasks.get(id)
                while not state.status.terminal:
                    await asyncio.sleep(_LOOK_SECONDS)
                    state = await bench.context.tasks.get(id)
                assert state.status is Status.COMPLETED, state
                assert state.progress.counts == {"created": rows}, state
                return took


class _Bench:
    """What the runs stand on, and the application that has them."""

    name = "imports-bench"
    routes: Sequence[Route] = ()

    def __init__(self, way: Sequence[str]) -> None:
        self.jobs = Jobs()
        self._way = way
        self._context: Context | None = None
        self.over = asyncio.Event()
        """Set when the report is there."""
        register(self.jobs, self)

    @property
    def context(self) -> Context:
        assert self._context is not None
        return self._context

    @property
    def tasks(self) -> Any:  # Any: wider than what a run uses
        return self.context.tasks

    async def start(self, context: Context) -> None:
        self._context = context

    async def close(self) -> None:
        """There is nothing."""

    def figures(self) -> Iterable[Figure]:
        return ()

    @asynccontextmanager
    async def open(self, run: str, options: Options) -> AsyncIterator[Opened]:
        api, auth, worker, client_id, secret, environment = self._way
        rows = _rows(Path(options.file or ""), options)
        credential, limiters = Credential(worker, client_id, secret), Limiters(SystemClock())
        async with PingOne(credential, Addresses(api, auth), environment, limiters, rate=_UNBOUND) as client:
            yield Opened(client, rows, _Rejects(), self.context.folder)

    async def ask(self, run: str, question: Question) -> None:
        """Nothing is asked here."""

    async def answered(self, run: str, kind: str) -> Choice | str | None:
        return None

    async def stopped(self, run: str, code: str, message: str) -> None:
        raise AssertionError(message)

    async def ended(self, run: str, report: Mapping[str, Any]) -> None:  # Any: JSON
        self.over.set()


def _rows(file: Path, options: Options) -> _Rows:
    """The rows of the file, as a run reads them."""
    format = detect(file)
    total = sum(1 for _ in Reader(file, format))
    mapped = dict(propose(format.header).mapping.columns)
    return _Rows(file, format, total, msgspec.structs.replace(options, mapping=mapped), STANDARD, None)


class _Rejects:
    """Nothing is rejected here."""

    length = 0

    def cut(self, length: int) -> None:
        """There is nothing."""

    def write(self, row: Row, fault: Fault) -> None:
        raise AssertionError(fault)

    def sync(self) -> None:
        """There is nothing."""

    def close(self) -> None:
        """There is nothing."""


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main()
