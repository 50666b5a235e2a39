"""A short siege: a real server, real clients of every kind, a real attacker in a process of its own."""

from __future__ import annotations

import sys
from pathlib import Path
from subprocess import PIPE, STDOUT, Popen

import pytest

_SECONDS = 100
"""For a run of some ten seconds, on a machine that has other work."""


@pytest.mark.slow
@pytest.mark.timeout(_SECONDS + 10)
def test_valid_clients_notice_nothing_but_time() -> None:
    """While a flood and a bomb strike, every valid client is told everything once and in order."""
    command = [sys.executable, "-m", "siege", "--clients", "60", "--seconds", "1"]
    command += ["--only", "burning", "--only", "connection flood", "--only", "compressed bombs"]
    with Popen(command, stdout=PIPE, stderr=STDOUT, text=True, cwd=Path(__file__).parents[2]) as program:
        try:
            output, _ = program.communicate(timeout=_SECONDS)
        finally:
            program.terminate()

    assert program.returncode == 0, output
    assert "60 valid clients follow" in output
    assert "every valid client was told everything once and in order" in output
