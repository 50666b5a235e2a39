"""What is made of the end of a fuzzing process: nothing but a regular end is well."""

from __future__ import annotations

from pathlib import Path

import pytest

from fuzz.report import findings, table
from fuzz.trial import outcome

SAID = """\
INFO: seed corpus: files: 11 min: 1b max: 50b total: 200b rss: 60Mb
#12\tINITED cov: 99 ft: 120 corp: 11/900b exec/s: 0 rss: 60Mb
#4241\tDONE   cov: 134 ft: 517 corp: 60/14755b lim: 2414 exec/s: 424 rss: 68Mb
Done 4241 runs in 10 second(s)
stat::number_of_executed_units: 4241
stat::average_exec_per_sec:     424
stat::peak_rss_mb:              68
"""


def test_a_regular_end(tmp_path: Path) -> None:
    """Inputs, edges, corpus and memory are those of the last lines, and nothing was found."""
    one = outcome("frames", 0, SAID, tmp_path)

    assert (one.inputs, one.edges, one.corpus, one.peak) == (4241, 134, 60, 68)
    assert one.whole
    assert list(findings(one)) == []
    assert table([one])[1].split() == ["frames", "4,241", "134", "60", "68", "0", "0"]


def test_an_input_that_raised(tmp_path: Path) -> None:
    """It is a crash, and is printed as it can stand among the seeds."""
    (tmp_path / "finding-crash-1").write_bytes(b'a"\x00')
    one = outcome("frames", 77, SAID + "AssertionError: a frame changes\n", tmp_path)

    assert (one.crashes, one.hangs, one.whole) == (1, 0, False)
    told = "\n".join(findings(one))
    assert "AssertionError: a frame changes" in told
    assert repr(b'a"\x00') in told


def test_an_input_that_took_too_long(tmp_path: Path) -> None:
    """It is a hang."""
    (tmp_path / "finding-timeout-1").write_bytes(b"a")
    one = outcome("frames", 70, SAID, tmp_path)

    assert (one.crashes, one.hangs, one.whole) == (0, 1, False)


@pytest.mark.parametrize(("status", "crashes", "hangs"), [(1, 1, 0), (-9, 1, 0), (None, 0, 1)])
def test_an_end_that_no_input_explains(status: int | None, crashes: int, hangs: int, tmp_path: Path) -> None:
    """A process that was killed, or could not begin, found something all the same."""
    one = outcome("frames", status, SAID, tmp_path)

    assert (one.crashes, one.hangs, one.whole) == (crashes, hangs, False)


def test_a_process_that_fed_nothing(tmp_path: Path) -> None:
    """An exit code of 0 alone proves nothing."""
    assert not outcome("frames", 0, "", tmp_path).whole
