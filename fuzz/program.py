"""The program: options, targets in turn, the table, the exit code."""

from __future__ import annotations

import argparse
import asyncio
import importlib.util
import random
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from fuzz import api
from fuzz.report import findings, table
from fuzz.targets import TARGETS
from fuzz.trial import Outcome, try_out

__all__ = ["main", "run"]

_FOLDER: Final = Path(".fuzz")
"""What was reached and what was found, by target. The next run begins where this one ended."""
_API: Final = "api"
"""The HTTP interface from outside, by its OpenAPI document: schemathesis against a real server."""


def main() -> None:
    """Run and exit: 0 if nothing was found, 1 if something was, 130 if interrupted."""
    options = _options(sys.argv[1:])
    names: list[str] = options.target or [*TARGETS, _API]
    if importlib.util.find_spec("atheris") is None and names != [_API]:
        print("fuzz: atheris is not installed. It is built for Linux and CPython 3.11 to 3.14 alone; see `make fuzz`.")
        sys.exit(2)
    seed: int = options.seed if options.seed is not None else random.SystemRandom().randrange(1, 10**9)
    try:
        status = asyncio.run(
            _interruptible(
                names, round(options.minutes * 60), options.jobs, options.memory, seed, options.folder.resolve()
            )
        )
    except (KeyboardInterrupt, asyncio.CancelledError):
        status = 130
    sys.exit(status)


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m fuzz", description="Feeds every reader of strangers' bytes, guided by the code it reaches."
    )
    parser.add_argument("--minutes", type=float, default=1.0, help="for each target")
    parser.add_argument("--target", action="append", choices=[*TARGETS, _API], help="this one alone; may be repeated")
    parser.add_argument("--jobs", type=int, default=2, help="targets at a time")
    parser.add_argument("--memory", type=int, default=1_024, help="MiB that a target may have")
    parser.add_argument("--seed", type=int, help="of a run to repeat")
    parser.add_argument("--folder", type=Path, default=_FOLDER, help="where the inputs that reach new code are kept")
    return parser.parse_args(arguments)


async def _interruptible(names: Sequence[str], seconds: int, jobs: int, memory: int, seed: int, folder: Path) -> int:
    """SIGTERM ends the run as Ctrl-C does: with every process of it gone."""
    task = asyncio.current_task()
    assert task is not None  # the loop runs it
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await run(names, seconds, jobs, memory, seed, folder)


async def run(names: Sequence[str], seconds: int, jobs: int, memory: int, seed: int, folder: Path) -> int:
    """Try the targets, so many at a time, and return the exit code."""
    _say(f"seed {seed}; {len(names)} targets, {seconds} s each")
    places = asyncio.Semaphore(jobs)

    async def one(name: str) -> Outcome:
        async with places:
            if name == _API:
                outcome = await api.try_out(seconds, seed)
            else:
                outcome = await try_out(name, seconds, memory, seed, folder / name)
        _say(table([outcome])[1])
        for line in findings(outcome):
            _say(line)
        return outcome

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(name)) for name in names]
    outcomes = [task.result() for task in tasks]
    _say("")
    for line in table(outcomes):
        _say(line)
    found = [outcome.target for outcome in outcomes if not outcome.whole]
    _say(f"FOUND something in: {', '.join(found)}. seed {seed}" if found else f"nothing was found. seed {seed}")
    return 1 if found else 0


def _say(line: str) -> None:
    print(line, flush=True)
