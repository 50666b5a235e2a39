"""A short run of everything: a real server, real networks, every kind of reader, every scenario."""

from __future__ import annotations

import random
import sys
from pathlib import Path
from subprocess import PIPE, STDOUT, Popen

import pytest

_SECONDS = 150
"""For a run of half a minute on a machine that has other work: each scenario starts a server and waits for readers."""


@pytest.mark.slow
@pytest.mark.timeout(_SECONDS + 10)
def test_every_transcript_equals_the_log_or_contains_an_announced_gap() -> None:
    """Whatever is killed and cut, nobody loses, repeats or reorders anything without being told."""
    seed = f"{random.SystemRandom().randrange(10**9):09}"
    command = [sys.executable, "-m", "chaos", "--minutes", "0.3", "--seed", seed]
    with Popen(command, stdout=PIPE, stderr=STDOUT, text=True, cwd=Path(__file__).parents[2]) as program:
        try:
            output, _ = program.communicate(timeout=_SECONDS)
        finally:
            program.terminate()

    assert program.returncode == 0, output
    assert output.count("comparisons") >= 1, output
    assert f"an announced gap. seed {seed}" in output, output
