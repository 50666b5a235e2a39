"""The program: options, scenarios in turn, the table, the exit code."""

from __future__ import annotations

import argparse
import asyncio
import random
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from chaos import peers, python_client
from chaos.report import table
from chaos.run import Difference, Run
from chaos.scenario import SCENARIOS, Scenario
from chaos.victim import Broken

__all__ = ["main", "run"]

_TYPESCRIPT: Final = Path(__file__).parents[1] / "clients" / "typescript"
_SHOWN: Final = 60
"""Lines of a difference that are printed."""


def main() -> None:
    """Run and exit: 0 if every transcript equals the log or contains an announced gap, 1 if not, 130 if interrupted."""
    options = _options(sys.argv[1:])
    if options.clients == "typescript":
        sys.exit(_typescript(options.seed))
    if options.clients == "python":
        seeded = [] if options.seed is None else ["--seed", options.seed]
        sys.exit(max(python_client.main([trial, *seeded]) for trial in ("switches", "restart")))
    seed: str = options.seed or f"{random.SystemRandom().randrange(10**9):09}"
    names: list[str] = [options.scenario] if options.scenario != "all" else list(SCENARIOS)
    stock = peers.available()
    if not stock:
        _say("Node or its packages are missing (`make setup`): the stock clients do not take part.")
    try:
        status = asyncio.run(
            _interruptible([SCENARIOS[name] for name in names], options.minutes * 60, seed, options.readers, stock)
        )
    except (KeyboardInterrupt, asyncio.CancelledError):
        status = 130
    sys.exit(status)


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m chaos",
        description="Kills and cuts at random, then compares what every client saw with the log.",
    )
    parser.add_argument("--minutes", type=float, default=10.0, help="how long to run in all")
    parser.add_argument("--seed", help="of a run to repeat; faults, loads and pauses are chosen by it")
    parser.add_argument("--readers", type=int, default=1, help="of each kind")
    parser.add_argument("--scenario", choices=["all", *SCENARIOS], default="all")
    parser.add_argument("--clients", choices=["python", "typescript"], help="put a client of our own on trial instead")
    return parser.parse_args(arguments)


def _typescript(seed: str | None) -> int:
    """Its trials are a program of its own, in Node, which drives a Chromium, too. Returns what it ends with."""
    command = ["npm", "--prefix", str(_TYPESCRIPT), "run", "--silent", "trials"]
    return subprocess.run([*command, *([] if seed is None else ["--", "--seed", seed])], check=False).returncode


async def _interruptible(scenarios: Sequence[Scenario], seconds: float, seed: str, each: int, stock: bool) -> int:
    """SIGTERM ends the run as Ctrl-C does: with every process of it gone."""
    task = asyncio.current_task()
    assert task is not None  # the loop runs it
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, task.cancel)
    loop.set_exception_handler(_complain)
    return await run(scenarios, seconds, seed, each, stock=stock)


def _complain(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:  # Any: what the loop has to say
    # The streams of 3.11 complain of each connection that is cancelled, as those of a network are at its end.
    if not isinstance(context.get("exception"), asyncio.CancelledError):
        loop.default_exception_handler(context)


async def run(scenarios: Sequence[Scenario], seconds: float, seed: str, each: int, *, stock: bool) -> int:
    """Run the scenarios in turn, each for its share of the time, and return the exit code."""
    _say(f"seed {seed}")
    clock = asyncio.get_running_loop().time
    shares = sum(scenario.share for scenario in scenarios)
    for scenario in scenarios:
        folder = Path(tempfile.mkdtemp(prefix="headway-chaos-"))
        one = Run(scenario, folder, seed, each, _say, stock=stock)
        try:
            await one.run(clock() + seconds * scenario.share / shares)
        except (Difference, Broken) as failure:
            _fail(scenario, failure, one, folder, seed)
            return 1
        except BaseException:  # interrupted, or a mistake of this program: nothing is worth keeping
            shutil.rmtree(folder, ignore_errors=True)
            raise
        shutil.rmtree(folder, ignore_errors=True)
        _summary(scenario, one)
    _say(f"every transcript equals the log or contains an announced gap. seed {seed}")
    return 0


def _summary(scenario: Scenario, one: Run) -> None:
    for what in (one.faults(), one.publishing()):
        _say(f"{scenario.name:8} " + ", ".join(f"{count} {name}" for name, count in what.items()))
    for line in table(one.judged):
        _say(line)


def _fail(scenario: Scenario, failure: Exception, one: Run, folder: Path, seed: str) -> None:
    lines = failure.lines if isinstance(failure, Difference) else [str(failure)]
    for line in lines[:_SHOWN]:
        _say(line)
    if len(lines) > _SHOWN:
        _say(f"… and {len(lines) - _SHOWN} lines more")
    if one.judged:
        _summary(scenario, one)
    _say(f"FAILED in {scenario.name!r}. The log and what the server wrote are in {folder}")
    _say(f"to repeat it: python -m chaos --scenario {scenario.name} --seed {seed}")


def _say(line: str) -> None:
    print(line, flush=True)
