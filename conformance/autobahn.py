"""Runs Autobahn's RFC 6455 cases, groups 1-7 and 10, against a WebSocket server that echoes every message.

    python -m conformance.autobahn WSTEST ws://127.0.0.1:9001/ --strict 6.4. --runs 5 -- COMMAND OF THE SERVER

WSTEST is the program of that name from the package autobahntestsuite (README.md says how to have it). It ends with
exit code 0 even when the server has died half-way, so a run is whole only when all 247 cases were reported, none failed
in its behaviour or in its close, every case named by --strict was strictly OK, and the server lives.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from conformance.testee import COMMAND_HELP, Testee, TesteeError, split_command, testee

# Groups 9 (load), 12 and 13 (compression) take minutes and say little about correctness.
GROUPS = ("1.*", "2.*", "3.*", "4.*", "5.*", "6.*", "7.*", "10.*")
CASES = 247

# A run takes about ten seconds; a server that never answers costs some seconds in every case.
RUN_TIMEOUT = 600.0

AGENT = "testee"
ACCEPTED_BEHAVIOUR = frozenset({"OK", "NON-STRICT", "INFORMATIONAL"})
ACCEPTED_CLOSE = frozenset({"OK", "INFORMATIONAL"})


@dataclass(frozen=True, slots=True)
class Outcome:
    """How the server did in one case."""

    case: str
    behaviour: str
    close: str
    code: int | None
    """The close code the server sent, if any."""

    def passed(self, strict: Sequence[str]) -> bool:
        """Whether nothing is wrong; a case whose number begins with one of `strict` must be plainly OK."""
        if self.case.startswith(tuple(strict)):
            return self.behaviour == "OK" and self.close in ACCEPTED_CLOSE
        return self.behaviour in ACCEPTED_BEHAVIOUR and self.close in ACCEPTED_CLOSE

    def __str__(self) -> str:
        return f"{self.case}: behaviour {self.behaviour}, close {self.close}, code {self.code}"


def run(wstest: Path, url: str) -> list[Outcome]:
    """Run every case once. A run that left no report, or was cut off, has fewer outcomes than `CASES`."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        specification = folder / "specification.json"
        specification.write_text(json.dumps(_specification(folder / "report", url)))
        try:
            subprocess.run(
                [wstest, "--mode", "fuzzingclient", "--spec", specification],
                cwd=folder,
                stdout=subprocess.DEVNULL,
                timeout=RUN_TIMEOUT,
                check=False,
            )
        except subprocess.TimeoutExpired:
            print(f"wstest did not end within {RUN_TIMEOUT:.0f} s", file=sys.stderr)
        index = folder / "report" / "index.json"
        return read_index(index.read_text() if index.exists() else "{}")


def read_index(text: str) -> list[Outcome]:
    """Read the `index.json` of a report, sorted by case number."""
    cases: Mapping[str, Mapping[str, str | int | None]] = json.loads(text).get(AGENT, {})
    outcomes = [_outcome(case, entry) for case, entry in cases.items()]
    return sorted(outcomes, key=lambda outcome: [int(part) for part in outcome.case.split(".")])


def _outcome(case: str, entry: Mapping[str, str | int | None]) -> Outcome:
    code = entry["remoteCloseCode"]
    return Outcome(case, str(entry["behavior"]), str(entry["behaviorClose"]), None if code is None else int(code))


def _specification(report: Path, url: str) -> dict[str, object]:
    return {
        "outdir": str(report),
        "servers": [{"agent": AGENT, "url": url}],
        "cases": list(GROUPS),
        "exclude-cases": [],
        "exclude-agent-cases": {},
    }


def _run_all(wstest: Path, url: str, runs: int, strict: Sequence[str], server: Testee) -> bool:
    whole = True
    for number in range(1, runs + 1):
        outcomes = run(wstest, url)
        alive = server.alive()
        failed = [outcome for outcome in outcomes if not outcome.passed(strict)]
        whole = whole and alive and len(outcomes) == CASES and not failed
        print(_verdict(number, outcomes, failed, alive), flush=True)
    return whole


def _verdict(number: int, outcomes: Sequence[Outcome], failed: Sequence[Outcome], alive: bool) -> str:
    lenient = [outcome.case for outcome in outcomes if outcome.behaviour == "NON-STRICT"]
    server = "server alive" if alive else "SERVER DEAD"
    line = f"run {number}: {len(outcomes)} of {CASES} cases, {len(failed)} failed, {len(lenient)} non-strict, {server}"
    details = [*map(str, failed), f"non-strict: {' '.join(lenient) or 'none'}"]
    return "\n".join([line, *(f"    {detail}" for detail in details)])


def main() -> int:
    """Run the cases as often as asked; 0 only if every run was whole."""
    parser = argparse.ArgumentParser(
        description="Run Autobahn's groups 1-7 and 10 against an echo server.", epilog=COMMAND_HELP
    )
    parser.add_argument("wstest", type=Path, help="the program wstest")
    parser.add_argument("url", help="where the server echoes, such as ws://127.0.0.1:9001/")
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument(
        "--strict", action="append", default=[], metavar="PREFIX", help="cases that must not be non-strict"
    )
    own, command = split_command(sys.argv[1:])
    arguments = parser.parse_args(own)
    address = urlsplit(arguments.url)
    if address.scheme != "ws" or address.hostname is None:
        parser.error(f"{arguments.url} is not a ws:// address")
    wstest = arguments.wstest.absolute()
    if not wstest.exists():
        parser.error(f"{wstest} does not exist: see conformance/README.md")
    try:
        with testee(address.hostname, address.port or 80, command) as server:
            return 0 if _run_all(wstest, arguments.url, arguments.runs, arguments.strict, server) else 1
    except TesteeError as error:
        parser.error(str(error))


if __name__ == "__main__":
    sys.exit(main())
