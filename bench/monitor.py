"""A year of minute checks: how long cards, a chart and a report take, and how large the database is.

python -m bench.monitor --applications 100 --days 365

The samples of the days that they are kept for, and all hours and days, are written as the monitor writes them: an hour
is what its sixty samples add up to, a day what its hours do. An hour of the year is drawn from a few hundred that were
measured so, since 52 million samples say no more. Then everything is asked for as the pages ask for it, with the
cards' cache empty and full.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, insert

import headway.apps.monitor
from headway.apps.monitor.figures.facade import Figures
from headway.apps.monitor.figures.rollups import Keeping, row, write_marks
from headway.apps.monitor.figures.samples import Look
from headway.apps.monitor.figures.status import OUTCOMES, Status
from headway.apps.monitor.figures.totals import Sample, Totals, measure
from headway.apps.monitor.figures.uptime import windows
from headway.apps.monitor.figures.windows import DAY, HOUR, Marks
from headway.apps.monitor.records import APPLICATIONS, ROLLUPS, SAMPLES
from headway.records.records import Records, sqlite_url

__all__ = ["main"]

_END: Final = 1_767_225_600 + 13 * HOUR + 1_800
"""In the middle of an hour, in the middle of a day."""
_POOL: Final = 400
"""Different hours."""
_ROUNDS: Final = 15

Json = dict[str, Any]  # Any: a row


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.monitor", description=__doc__.partition("\n")[0])
    parser.add_argument("--applications", type=int, default=100)
    parser.add_argument("--days", type=int, default=365)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="headway-bench-") as folder:
        file = Path(folder) / "records.db"
        asyncio.run(_measure(file, options.applications, options.days))
        print(f"database {file.stat().st_size / 1e6:.0f} MB; load {os.getloadavg()[0]:.1f}")


class _Clock:
    """It stands at the end of the year, and moves with every look."""

    def __init__(self) -> None:
        self._now = float(_END)

    def now(self) -> float:
        return self._now

    def monotonic(self) -> float:
        return self._now

    def advance(self, seconds: float) -> None:
        self._now += seconds


async def _measure(file: Path, applications: int, days: int) -> None:
    records, clock = Records(sqlite_url(file)), _Clock()
    await records.upgrade("monitor", Path(headway.apps.monitor.__file__).parent / "migrations")
    began = time.perf_counter()
    samples, rollups = await records.write(lambda connection: _fill(connection, applications, days))
    print(f"{applications} applications, {days} days of minute checks; load {os.getloadavg()[0]:.1f}")
    print(f"{samples} samples and {rollups} roll-ups written in {time.perf_counter() - began:.0f} s")
    figures = Figures(records, clock, lambda: os.urandom(8).hex())
    numbers = list(range(1, applications + 1))

    async def cold() -> None:
        clock.advance(61)
        await figures.seen(numbers)

    async def one_new() -> None:
        await figures.record(_look(1, clock))
        begun = time.perf_counter()
        await figures.seen(numbers)
        news.append(time.perf_counter() - begun)

    async def looks() -> None:
        clock.advance(60)
        await asyncio.gather(*(figures.record(_look(number, clock)) for number in numbers))

    news: list[float] = []
    window = (clock.now() - 90 * DAY, clock.now())
    await _print(f"cards of {applications}, all anew", cold)
    for _ in range(_ROUNDS):
        await one_new()
    _line(f"cards of {applications}, one looked at since", news)
    await _print(f"cards of {applications}, nothing new", lambda: figures.seen(numbers))
    await _print(
        f"cards of {applications}, anew, from samples alone (8 days)",
        lambda: records.read(lambda connection: windows(connection, numbers, clock.now(), Marks())),
        rounds=2,
    )
    await _print("chart of 24 hours, one application", lambda: figures.series([1], clock.now() - DAY, clock.now()))
    await _print("chart of 90 days, one application", lambda: figures.series([1], *window))
    await _print("heartbeat bar of 60", lambda: figures.beats(1, 60))
    await _print("SLA report, 90 days, all", lambda: figures.slas(dict.fromkeys(numbers, 99.9), *window))
    await _print("summary, 90 days, all, with percentiles", lambda: figures.summary(numbers, *window))
    await _print("trends, 90 days, all", lambda: figures.trends(numbers, *window))
    await _print(f"a look at each of {applications}, stored (0.2 s of it gathering)", looks)
    clock.advance(HOUR)
    begun = time.perf_counter()
    await figures.tidy()
    print(f"{'rolling up an hour of all, and removing what is old':56}{1000 * (time.perf_counter() - begun):9.1f} ms")
    await figures.close()
    await records.close()


def _look(number: int, clock: _Clock) -> Look:
    return Look(application=number, at=clock.now(), status=Status.HEALTHY, milliseconds=80.0)


async def _print(name: str, work: Callable[[], Awaitable[object]], rounds: int = _ROUNDS) -> None:
    taken = []
    for _ in range(rounds):
        begun = time.perf_counter()
        await work()
        taken.append(time.perf_counter() - begun)
    _line(name, taken)


def _line(name: str, taken: Sequence[float]) -> None:
    print(f"{name:56}{1000 * statistics.median(taken):9.1f} ms   (longest {1000 * max(taken):.1f})")


# The year.


def _fill(connection: Connection, applications: int, days: int) -> tuple[int, int]:
    luck = random.Random(7)
    keeping, rolled = Keeping(), _END // HOUR * HOUR
    kept = Marks(
        rolled,
        samples=int(_END - keeping.samples * DAY) // HOUR * HOUR,
        hours=int(_END - keeping.hours * DAY) // DAY * DAY,
    )
    begin = (_END - days * DAY) // DAY * DAY
    pool = [_hour(luck) for _ in range(_POOL)]
    samples, rollups = 0, 0
    for number in range(1, applications + 1):
        connection.execute(insert(APPLICATIONS).values(**_application(number)))
        drawn = {at: luck.choice(pool) for at in range(begin, _END, HOUR)}
        raw = [
            _sample(number, at, sample)
            for at, (some, _) in drawn.items()
            if at >= kept.samples
            for sample in some
            if at + sample.at < _END
        ]
        rows = [row(number, HOUR, at, totals) for at, (_, totals) in drawn.items() if kept.hours <= at < rolled]
        rows += [
            row(number, DAY, day, _day([drawn[at][1] for at in range(day, day + DAY, HOUR)]))
            for day in range(begin, rolled // DAY * DAY, DAY)
        ]
        connection.execute(insert(SAMPLES), raw)
        connection.execute(insert(ROLLUPS), rows)
        samples, rollups = samples + len(raw), rollups + len(rows)
    write_marks(connection, kept, _END)
    return samples, rollups


def _application(number: int) -> Json:
    return {
        "number": number,
        "id": f"id-{number}",
        "name": f"application-{number}",
        "environment": "production",
        "active": True,
        "managed_by": "api",
        "definition": {},
        "standing": {},
        "created_at": 0.0,
        "updated_at": 0.0,
    }


def _hour(luck: random.Random) -> tuple[list[Sample], Totals]:
    """Sixty looks with jitter; one hour in twenty has some that failed."""
    usual, failing = luck.uniform(40, 400), luck.random() < 0.05
    some = [
        Sample.of(
            60.0 * minute + luck.random(),
            Status.ERROR if failing and 20 <= minute < 30 else Status.HEALTHY,
            luck.lognormvariate(0, 0.25) * usual,
            150.0,
        )
        for minute in range(60)
    ]
    return some, measure(some, 0, HOUR)


def _day(hours: Sequence[Totals]) -> Totals:
    total = Totals()
    for one in hours:
        total.add(one)
    return total


def _sample(number: int, hour: int, sample: Sample) -> Json:
    failed = OUTCOMES[sample.status] is Status.ERROR
    return {
        "application": number,
        "at": hour + sample.at,
        "status": sample.status,
        "milliseconds": sample.milliseconds,
        "code": "TIMEOUT" if failed else None,
        "message": "no answer within 10 s" if failed else "200 in time",
        "timings": {"dns": 1.2, "connect": 3.4, "tls": 8.9, "first_byte": 61.7, "body": 0.8, "total": 76.0},
        "seconds": sample.seconds,
    }


if __name__ == "__main__":
    main()
