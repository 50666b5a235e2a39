"""A short run of the Python client's trials: one fault over every pair, a walk, and a few clients after a restart."""

from __future__ import annotations

import sys
from pathlib import Path
from subprocess import PIPE, STDOUT, Popen

import pytest

_SECONDS = 150
"""For a run of half a minute on a machine that has other work."""


def run(*arguments: str) -> tuple[int, str]:
    """Run a trial. Returns its exit code and what it printed."""
    command = [sys.executable, "-m", "chaos.python_client", *arguments]
    with Popen(command, stdout=PIPE, stderr=STDOUT, text=True, cwd=Path(__file__).parents[2]) as program:
        try:
            output, _ = program.communicate(timeout=_SECONDS)
        finally:
            program.terminate()
    return program.returncode, output


@pytest.mark.slow
@pytest.mark.timeout(_SECONDS + 10)
@pytest.mark.parametrize("only", ["cut", "walk"])
def test_nothing_is_lost_in_a_switch(only: str) -> None:
    """Through every pair of transports, and through whatever fails, each event is told once and in order."""
    code, output = run("switches", "--only", only, "--events", "5000")

    assert code == 0, output


@pytest.mark.slow
@pytest.mark.timeout(_SECONDS + 10)
def test_everybody_comes_back_after_a_restart() -> None:
    """Clients of a server that is killed and started again are told everything."""
    code, output = run("restart", "--clients", "8", "--processes", "2")

    assert code == 0, output
