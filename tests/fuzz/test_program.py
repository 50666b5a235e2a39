"""`make fuzz` from its beginning to its end, for a moment."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from fuzz.trial import try_out

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(120),
    pytest.mark.skipif(importlib.util.find_spec("atheris") is None, reason="`make fuzz` installs the fuzzer"),
]


def test_a_run_that_finds_nothing(tmp_path: Path) -> None:
    """It ends with 0, says what it fed and reached, and keeps the inputs that reach new code for the next run."""
    command = [sys.executable, "-m", "fuzz", "--minutes", "0.03", "--target", "addresses", "--folder", str(tmp_path)]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)

    assert finished.returncode == 0, finished.stdout + finished.stderr
    name, inputs, edges, corpus, peak, crashes, hangs = finished.stdout.splitlines()[-2].replace(",", "").split()
    assert (name, crashes, hangs) == ("addresses", "0", "0")
    assert min(int(inputs), int(edges), int(corpus), int(peak)) > 0
    assert list((tmp_path / "addresses" / "corpus").iterdir()) != []


async def test_a_process_that_cannot_begin_is_a_finding(tmp_path: Path) -> None:
    """What it said is shown."""
    outcome = await try_out("nothing", 1, 1_024, 1, tmp_path)

    assert not outcome.whole
    assert "KeyError" in outcome.last_words


async def test_an_input_takes_no_more_memory_than_there_is(tmp_path: Path) -> None:
    """A process that needs more than its bound ends as a finding, and does not take the machine's memory."""
    outcome = await try_out("words", 1, 32, 1, tmp_path)

    assert not outcome.whole
