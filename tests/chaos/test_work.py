"""A short run of the killer of work: a real server, real jobs, a real target."""

from __future__ import annotations

import sys
from pathlib import Path
from subprocess import PIPE, STDOUT, Popen

import pytest

_SECONDS = 100
"""For some ten seconds of work on a machine that has other work."""


@pytest.mark.slow
@pytest.mark.timeout(_SECONDS + 10)
def test_work_that_is_killed_again_and_again_has_each_effect_once() -> None:
    """Whenever the server is killed, its jobs go on by themselves, each effect happens once, and all viewers agree."""
    command = [sys.executable, "-m", "chaos.work", "--steps", "8000", "--kills", "3"]
    with Popen(command, stdout=PIPE, stderr=STDOUT, text=True, cwd=Path(__file__).parents[2]) as program:
        try:
            output, _ = program.communicate(timeout=_SECONDS)
        finally:
            program.terminate()

    assert program.returncode == 0, output
    assert output.count("5 viewers told the same") == 2, output
    assert "each once" in output, output
