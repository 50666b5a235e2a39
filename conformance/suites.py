"""Runs the official Engine.IO and Socket.IO suites, unmodified, against a server on http://localhost:3000.

    python -m conformance.suites engine.io DIRECTORY --runs 5 -- COMMAND OF THE SERVER

DIRECTORY is the suite's folder with its npm dependencies installed (README.md says where it is published). A run is
whole when the suite reported exactly the number of cases it is known to have, all of them passed, it ended by itself,
and the server lives. The suite's exit code alone decides nothing: one cut short can end with 0.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from conformance.testee import COMMAND_HELP, Testee, TesteeError, split_command, testee

CASES = {"engine.io": 25, "socket.io": 32}

# The suites name this address in their source.
HOST, PORT = "localhost", 3000

# A run takes about five seconds. Several cases leave their sockets open for the server's ping timeout to close, and the
# suite ends only when the last one is closed: a run that takes this long shows a server that never does.
RUN_TIMEOUT = 60.0


@dataclass(frozen=True, slots=True)
class Run:
    """What one run of a suite reported."""

    cases: int
    passed: int
    failures: tuple[str, ...]
    ended: bool
    """Whether the suite ended by itself."""

    def whole(self, expected: int) -> bool:
        """Whether every one of the `expected` cases was run and passed, and the suite ended by itself."""
        return self.ended and self.cases == self.passed == expected and not self.failures


def run(directory: Path) -> Run:
    """Run the suite in `directory` once. A suite that wrote no readable report counts as a run of no cases."""
    with tempfile.TemporaryDirectory() as scratch:
        report = Path(scratch) / "report.json"
        command = [
            "node",
            "node_modules/mocha/bin/mocha",
            "--reporter",
            "json",
            "--reporter-option",
            f"output={report}",
        ]
        try:
            subprocess.run(
                [*command, "test-suite.js"], cwd=directory, stdout=subprocess.DEVNULL, timeout=RUN_TIMEOUT, check=False
            )
            ended = True
        except subprocess.TimeoutExpired:
            ended = False
        return read_report(report.read_text() if report.exists() else "{}", ended)


def read_report(text: str, ended: bool) -> Run:
    """Read mocha's JSON report."""
    report: dict[str, Any] = json.loads(text)
    stats = report.get("stats", {})
    failures = tuple(f"{case['fullTitle']}: {_first_line(case['err'])}" for case in report.get("failures", []))
    return Run(stats.get("tests", 0), stats.get("passes", 0), failures, ended)


def _first_line(error: dict[str, Any]) -> str:
    return str(error.get("message", "")).partition("\n")[0]


def _verdict(suite: str, number: int, result: Run, alive: bool) -> str:
    counts = f"{result.passed} of {CASES[suite]} passed, {len(result.failures)} failed"
    end = "ended by itself" if result.ended else f"had not ended after {RUN_TIMEOUT:.0f} s"
    server = "server alive" if alive else "SERVER DEAD"
    line = f"{suite} run {number}: {counts}, {end}, {server}"
    return "\n".join([line, *(f"    {failure}" for failure in result.failures)])


def _run_all(suite: str, directory: Path, runs: int, server: Testee) -> bool:
    whole = True
    for number in range(1, runs + 1):
        result = run(directory)
        alive = server.alive()
        whole = whole and alive and result.whole(CASES[suite])
        print(_verdict(suite, number, result, alive), flush=True)
    return whole


def main() -> int:
    """Run one suite as often as asked; 0 only if every run was whole."""
    parser = argparse.ArgumentParser(
        description="Run an official suite against a server on http://localhost:3000.", epilog=COMMAND_HELP
    )
    parser.add_argument("suite", choices=sorted(CASES))
    parser.add_argument("directory", type=Path, help="the suite's folder, its npm dependencies installed")
    parser.add_argument("--runs", type=int, default=1)
    own, command = split_command(sys.argv[1:])
    arguments = parser.parse_args(own)
    if shutil.which("node") is None:
        parser.error("the suites need node")
    for needed in ("test-suite.js", "node_modules/mocha/bin/mocha"):
        if not (arguments.directory / needed).exists():
            parser.error(f"{arguments.directory} has no {needed}: see conformance/README.md")
    try:
        with testee(HOST, PORT, command) as server:
            return 0 if _run_all(arguments.suite, arguments.directory, arguments.runs, server) else 1
    except TesteeError as error:
        parser.error(str(error))


if __name__ == "__main__":
    sys.exit(main())
