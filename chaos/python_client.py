"""The Python client on trial: `python -m chaos.python_client switches` and `… restart`; both are `make chaos
ARGS="--clients python"`.

Each prints tables and exits with 1 if anything was lost, repeated or out of order, or if a bound was not kept.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from chaos.returning import bring_back
from chaos.switches import Case, Outcome, cases, switch, walk
from chaos.told import NOTHING, Verdict, quantile, rows
from chaos.victim import Victim

__all__ = ["main"]

_KEEP: Final = {"KEEP_EVENTS": "100000000", "KEEP_BYTES": "1000000000000"}
_SLOT: Final = 0.1
_MOST_SHARE: Final = 0.1
"""Of the clients, in one slot: who comes back after a restart does not come with everybody."""
_FEW: Final = 200
"""Below that, chance alone fills a slot."""


def main(arguments: Sequence[str]) -> int:
    """Run. Returns 0 if everything was told once and in order, 1 if not."""
    options = _options(arguments)
    seed: str = options.seed or f"{random.SystemRandom().randrange(10**9):09}"
    _say(f"{options.trial}: seed {seed}, load {_load()}")
    folder = Path(tempfile.mkdtemp(prefix="headway-client-"))
    try:
        if options.trial == "switches":
            clean = asyncio.run(_switches(folder, options.events, random.Random(seed), options.only))
        else:
            clean = asyncio.run(_restart(folder, options.clients, options.processes))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    _say(f"load {_load()}")
    return 0 if clean else 1


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m chaos.python_client", description=__doc__)
    trials = parser.add_subparsers(dest="trial", required=True)
    switches = trials.add_parser("switches", help="every ordered pair of transports, every fault, and a random walk")
    switches.add_argument("--events", type=int, default=100_000, help="of the walk")
    switches.add_argument("--only", help="the name of one fault, or 'walk'")
    restart = trials.add_parser("restart", help="many clients, and a server that is killed and started again")
    restart.add_argument("--clients", type=int, default=1_000)
    restart.add_argument("--processes", type=int, default=4)
    for trial in (switches, restart):
        trial.add_argument("--seed", help="of a walk to repeat")
    return parser.parse_args(arguments)


async def _switches(folder: Path, events: int, chance: random.Random, only: str | None) -> bool:
    victim = Victim(folder, _KEEP)
    await victim.start()
    outcomes: list[Outcome] = []
    failures: list[str] = []
    try:
        chosen = [case for case in cases() if only in (None, case.name)]
        for number, case in enumerate(chosen):
            try:
                outcome = await switch(victim.address, case, f"case-{number}")
            except AssertionError as error:
                failures.append(f"{_spelled(case)}: {error}")
                continue
            outcomes.append(outcome)
            if not outcome.verdict.clean:
                failures.append(f"{_spelled(case)}: {outcome.verdict}")
        switched = sum((outcome.verdict for outcome in outcomes), NOTHING)
        walked = NOTHING
        if only in (None, "walk"):
            walked = (await walk(victim.address, "walk", events, chance)).verdict
    finally:
        await victim.kill()
    _show(rows(("silence after", "switches", "median ms", "p95 ms", "max ms"), _silences(outcomes)))
    verdicts = [(f"{len(outcomes)} switches", switched), ("random walk", walked), ("all", switched + walked)]
    _show(rows(("", "events", "lost", "repeated", "out of order"), [_counted(*one) for one in verdicts]))
    for failure in failures:
        _say(f"FAILED: {failure}")
    return not failures and (switched + walked).clean


def _silences(outcomes: Sequence[Outcome]) -> list[tuple[str, ...]]:
    by_name: dict[str, list[float]] = {}
    for name, seconds in (silence for outcome in outcomes for silence in outcome.silences):
        by_name.setdefault(name, []).append(seconds)
    everything = [seconds for name, some in by_name.items() if name != "healed" for seconds in some]
    return [
        (name, str(len(some)), *(f"{seconds * 1000:,.0f}" for seconds in _spread(some)))
        for name, some in (*by_name.items(), ("all but healed", everything))
    ]


def _spread(some: Sequence[float]) -> tuple[float, float, float]:
    return quantile(some, 0.5), quantile(some, 0.95), max(some, default=0.0)


def _counted(name: str, verdict: Verdict) -> tuple[str, ...]:
    numbers = (verdict.events, verdict.lost, verdict.repeated, verdict.disordered)
    return (name, *(f"{number:,}" for number in numbers))


def _spelled(case: Case) -> str:
    return f"{case.best.value} → {case.other.value}, {case.name}"


async def _restart(folder: Path, clients: int, processes: int) -> bool:
    victim = Victim(folder, _KEEP)
    came = await bring_back(victim, clients, processes)
    due, back = _by_slot(came.killed, came.due), _by_slot(came.killed, came.back)
    _show(rows(("after the kill", "return", "are back"), _slots(due, back)))
    most = max(due.values(), default=0) / clients
    down, last = came.up - came.killed, max(came.back, default=came.up) - came.up
    _say(f"down for {down:.2f} s; the last was back {last:.2f} s after that; fullest slot {most:.1%} of {clients}")
    _show(rows(("", "events", "lost", "repeated", "out of order"), [_counted(f"{clients} clients", came.verdict)]))
    whole = len(came.back) == clients
    if not whole:
        _say(f"FAILED: {len(came.back)} of {clients} clients came back")
    spread = most <= _MOST_SHARE or clients < _FEW
    if not spread:
        _say(f"FAILED: more than {_MOST_SHARE:.0%} of the clients in one slot")
    return whole and spread and came.verdict.clean


def _by_slot(start: float, moments: Sequence[float]) -> dict[int, int]:
    slots: dict[int, int] = {}
    for moment in moments:
        slot = int((moment - start) / _SLOT)
        slots[slot] = slots.get(slot, 0) + 1
    return slots


def _slots(due: dict[int, int], back: dict[int, int]) -> list[tuple[str, ...]]:
    return [(f"{slot * _SLOT:.1f} s", str(due.get(slot, 0)), str(back.get(slot, 0))) for slot in sorted({*due, *back})]


def _show(lines: Sequence[str]) -> None:
    _say("\n" + "\n".join(lines))


def _load() -> str:
    return " ".join(f"{average:.2f}" for average in os.getloadavg())


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
