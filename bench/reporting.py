"""What it costs a loop to be watched: `python -m bench.reporting`.

    bare       for item in range(n): pass
    tqdm       for item in tqdm(range(n)): pass                       drawn to nowhere
    track      for item in task.track(range(n)): pass                 reported to a server in another process
    away       the same, and there is no server
    ported     for item in tqdm(range(n)): pass                       with `from headway.tqdm import tqdm`
    update     for item in range(n): bar.update()
    advance    for item in range(n): task.advance()

All take turns within one run, so that what else the machine does falls on all alike. The smallest of the rounds is the
cost, since whatever disturbs a round only adds to it; a ratio is that of what each adds to the bare loop.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import logging
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tqdm import tqdm

from headway.reporting import Reporter
from headway.tasks.task import Task
from headway.testing.serving import listener, process
from headway.tqdm import tqdm as watched

__all__ = ["main"]

Round = Callable[[int], float]
"""Goes through so many items and returns the seconds that took."""

GOAL = 1.5
"""Times tqdm's own cost, at most."""


def bare(items: int) -> float:
    """Nobody watches."""
    began = time.perf_counter()
    for _ in range(items):
        pass
    return time.perf_counter() - began


def bar(items: int) -> float:
    """tqdm's own loop, as people write it."""
    with io.StringIO() as nowhere:
        began = time.perf_counter()
        for _ in tqdm(range(items), file=nowhere):
            pass
        return time.perf_counter() - began


def ported(items: int) -> float:
    """tqdm's own loop, after its import was changed."""
    with io.StringIO() as nowhere:
        began = time.perf_counter()
        for _ in watched(range(items), file=nowhere):
            pass
        return time.perf_counter() - began


def updated(items: int) -> float:
    """tqdm's bar, moved by hand."""
    with io.StringIO() as nowhere, tqdm(total=items, file=nowhere) as shown:
        began = time.perf_counter()
        for _ in range(items):
            shown.update()
        return time.perf_counter() - began


def tracked(begin: Callable[[], Task]) -> Round:
    """A task's loop."""

    def run(items: int) -> float:
        with begin() as task:
            began = time.perf_counter()
            for _ in task.track(range(items)):
                pass
            return time.perf_counter() - began

    return run


def advanced(begin: Callable[[], Task]) -> Round:
    """A task, advanced by hand."""

    def run(items: int) -> float:
        with begin() as task:
            task.update(total=items)
            began = time.perf_counter()
            for _ in range(items):
                task.advance()
            return time.perf_counter() - began

    return run


def measure(url: str, nowhere: str, items: int, rounds: int) -> dict[str, float]:
    """Nanoseconds for an item, by way."""
    os.environ["HEADWAY_URL"] = url
    there, away = Reporter(url), Reporter(nowhere)
    ways: dict[str, Round] = {
        "bare": bare,
        "tqdm": bar,
        "track": tracked(lambda: there.task("track")),
        "away": tracked(lambda: away.task("away")),
        "ported": ported,
        "update": updated,
        "advance": advanced(lambda: there.task("advance")),
    }
    best = dict.fromkeys(ways, float("inf"))
    for _ in range(rounds):
        for name, run in ways.items():
            best[name] = min(best[name], run(items))
    return {name: seconds / items * 1e9 for name, seconds in best.items()}


async def _against_a_server(items: int, rounds: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder, listener() as nobody:
        async with process(Path(folder)) as server:
            nowhere = f"http://127.0.0.1:{nobody.getsockname()[1]}"
            return await asyncio.to_thread(measure, server.address.http(""), nowhere, items, rounds)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="What it costs a loop to be watched.")
    parser.add_argument("--items", type=int, default=2_000_000)
    parser.add_argument("--rounds", type=int, default=7)
    chosen = parser.parse_args()
    logging.disable()  # that nobody is there is the point of one of them
    costs = asyncio.run(_against_a_server(chosen.items, chosen.rounds))
    print(f"{chosen.items} items, the best of {chosen.rounds} rounds, load {os.getloadavg()[0]:.1f}")
    for name, cost in costs.items():
        print(f"{name:8} {cost:7.1f} ns an item")
    added = {name: cost - costs["bare"] for name, cost in costs.items()}
    for name, against in (("track", "tqdm"), ("away", "tqdm"), ("ported", "tqdm"), ("advance", "update")):
        print(f"{name} adds {added[name] / added[against]:.2f} × what {against} adds (goal: at most {GOAL})")


if __name__ == "__main__":
    main()
