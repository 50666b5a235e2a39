"""The program: options, the attacks in turn, the tables, the exit code."""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from chaos.victim import Broken
from siege.attacker import BURNING
from siege.attacks import ATTACKS
from siege.report import answers, rounds
from siege.run import Plan, Siege

__all__ = ["main"]


def main() -> None:
    """Run and exit: 0 if no valid client noticed anything but time, 1 if one did, 130 if interrupted."""
    options = _options(sys.argv[1:])
    names = [name for name in (BURNING, *ATTACKS) if not options.only or any(part in name for part in options.only)]
    if not names:
        print(f"there is no such attack; there are: {', '.join(ATTACKS)}", file=sys.stderr)
        sys.exit(2)
    plan = Plan(options.clients, options.seconds, options.rate)
    try:
        status = asyncio.run(_interruptible(plan, names))
    except (KeyboardInterrupt, asyncio.CancelledError):
        status = 130
    sys.exit(status)


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m siege",
        description="Valid clients are live and lossless while an attacker does its worst at full speed.",
    )
    parser.add_argument("--clients", type=int, default=1_000, help="valid clients, of three kinds")
    parser.add_argument("--seconds", type=float, default=5.0, help="before each attack, and under it")
    parser.add_argument("--rate", type=float, default=50.0, help="events a second, over ten channels")
    parser.add_argument("--only", action="append", help="attacks whose name holds this; as often as needed")
    return parser.parse_args(arguments)


async def _interruptible(plan: Plan, names: Sequence[str]) -> int:
    """SIGTERM ends the run as Ctrl-C does: with every process of it gone."""
    task = asyncio.current_task()
    assert task is not None  # the loop runs it
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    folder = Path(tempfile.mkdtemp(prefix="headway-siege-"))
    siege = Siege(plan, folder, _say)
    try:
        return await _besiege(siege, plan, names)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def _besiege(siege: Siege, plan: Plan, names: Sequence[str]) -> int:
    bounds = ", ".join(f"{name}={value:g}" for name, value in plan.limits)
    _say(
        f"{plan.clients:,} valid clients, {plan.rate:g} events/s, {plan.seconds:g} s of calm and {plan.seconds:g} s of "
        f"attack each; {os.cpu_count()} cores for the server, the clients and the attacker. "
        f"The server's limits are the defaults but {bounds}."
    )
    try:
        records, table = await siege.run(names)
    except (Broken, OSError, EOFError) as error:
        _say(f"FAILED: {error}")
        for line in siege.leaks():
            _say(f"  {line}")
        return 1
    if records:
        _say("\nStruck once each, from a fresh address:")
        for line in answers(records):
            _say(line)
    _say("\nAt full speed, each from a fresh address:")
    for line in rounds(table):
        _say(line)
    findings = [f"{one.attack}: {finding}" for one in table for finding in one.findings] + siege.leaks()
    for finding in findings:
        _say(f"FOUND {finding}")
    if not findings:
        _say("every valid client was told everything once and in order, and kept its connection.")
    return 1 if findings else 0


def _say(line: str) -> None:
    print(line, flush=True)
