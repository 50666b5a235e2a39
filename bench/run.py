"""The command line: `python -m bench`, also `make bench ARGS="…"`.

A whole run writes its tables into docs/benchmarks.md. One that was narrowed to some systems or measures, or made quick,
prints them only, unless `--report` names a page. The raw figures of every run stay in bench/build.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import resource
import signal
import sys
import time
from pathlib import Path
from types import FrameType

from bench import generator, machine, report
from bench.measures import QUICK, Bench, Plan
from bench.places import BUILD, REPORT
from bench.processes import Unavailable
from bench.systems import SYSTEMS, named

MEASURES = ("fanout", "lone", "busy", "bursts", "latency", "connects", "idle", "catch_up", "appends")


def main() -> None:
    """Measure what was asked for, print the tables, write them where they belong."""
    arguments = _parser().parse_args()
    _allow_many_files()
    signal.signal(signal.SIGTERM, _leave)
    try:
        generator.build()
        bench = Bench(named(arguments.only), _plan(arguments), _say)
    except Unavailable as reason:
        sys.exit(f"bench: {reason}")
    for measure in arguments.measure or MEASURES:
        getattr(bench, measure)()
    described = machine.describe()
    _keep_raw(bench, described)
    text = report.markdown(bench.results, described)
    print(text)
    whole = not (arguments.quick or arguments.only or arguments.measure)
    page = arguments.report or (REPORT if whole else None)
    if page:
        report.write(page, text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="about two minutes: one pair of a second, fewer readers")
    keys = ", ".join(system.key for system in SYSTEMS)
    parser.add_argument(
        "--only", nargs="+", default=[], metavar="SYSTEM", help=f"systems by the start of a name: {keys}"
    )
    parser.add_argument("--measure", nargs="+", choices=MEASURES, help="only these measures")
    parser.add_argument("--pairs", type=int, help="interleaved pairs, and runs of a burst")
    parser.add_argument("--seconds", type=float, help="length of one delivery run")
    parser.add_argument("--publishers", type=int, help="publishers at once in the delivery runs")
    parser.add_argument("--clients", type=int, help="subscribers in the delivery runs")
    parser.add_argument("--report", type=Path, metavar="PAGE", help="write the tables into this page")
    return parser


def _plan(arguments: argparse.Namespace) -> Plan:
    start = QUICK if arguments.quick else Plan()
    given = {name: getattr(arguments, name) for name in ("pairs", "seconds", "publishers", "clients")}
    return dataclasses.replace(start, **{name: value for name, value in given.items() if value is not None})


def _allow_many_files() -> None:
    """Servers and load inherit it: 5,000 connections need more than the usual 1,024 files."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _leave(number: int, frame: FrameType | None) -> None:
    """Ended from outside: leave by an exception, so that every server started is stopped on the way out."""
    sys.exit(128 + number)


def _keep_raw(bench: Bench, described: dict[str, str]) -> None:
    raw = {"machine": described, **dataclasses.asdict(bench.results)}
    name = time.strftime("results-%Y%m%d-%H%M%S.json", time.gmtime())
    (BUILD / name).write_text(json.dumps(raw, indent=1))


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
