"""The journal of a run: what is in it, what a crash leaves, and what is made of that."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headway.apps.imports.engine.journal import Doubt, Journal, Outcome
from headway.errors import StorageError

RECORD = 20


def filled(path: Path) -> Journal:
    """Three rows that are done with, and two that are in doubt."""
    journal = Journal(path, 0)
    for row in (1, 2, 3, 5, 9):
        journal.trying(row, 1_000.5 + row)
    journal.outcome(2, Outcome.FAILED, "UNIQUENESS_VIOLATION", 120)
    journal.outcome(1, Outcome.CREATED)
    journal.outcome(3, Outcome.SKIPPED, "EXISTS")
    journal.trying(9, 1_500.0, changing=True)
    return journal


def test_what_was_written_is_there_after_a_crash(tmp_path: Path) -> None:
    """Counts, codes, rows in doubt and the length of the rejects come back as they were."""
    before = filled(tmp_path / "journal")
    told = before.standing
    before.close()
    after = Journal(tmp_path / "journal", 120)
    standing = after.standing
    after.close()

    assert standing == told
    assert [standing.counts[outcome] for outcome in Outcome] == [1, 0, 1, 1]
    assert standing.codes == {"UNIQUENESS_VIOLATION": 1, "EXISTS": 1}
    assert standing.doubts == {5: Doubt(1_005.5), 9: Doubt(1_009.5, changing=True)}
    assert (standing.rejects, standing.last, standing.latest) == (120, 9, 1_500.0)
    assert [row for row in range(12) if standing.has(row)] == [1, 2, 3]
    assert standing.first_and_last() == (1, 3)


@settings(deadline=None)
@given(cut=st.integers(1, 260), noise=st.binary(max_size=45))
def test_whatever_is_torn_at_the_end_is_cut(tmp_path_factory: pytest.TempPathFactory, cut: int, noise: bytes) -> None:
    """A journal that lost its end, or has something else there, is as if its last records had not been written; and it
    goes on being one."""
    path = tmp_path_factory.mktemp("torn") / "journal"
    filled(path).close()
    whole = path.read_bytes()
    path.write_bytes(whole[:-cut] + noise)
    journal = Journal(path, 120)
    kept = path.read_bytes()
    journal.outcome(7, Outcome.CREATED)
    journal.close()
    again = Journal(path, 120)
    again.close()

    assert whole.startswith(kept)
    assert again.standing == journal.standing
    assert again.standing.has(7)


def test_zeros_that_a_power_cut_leaves_are_no_records(tmp_path: Path) -> None:
    """Blocks that a file system had reserved and not written are cut."""
    path = tmp_path / "journal"
    filled(path).close()
    size = path.stat().st_size
    os.truncate(path, size + 10 * RECORD)
    Journal(path, 120).close()

    assert path.stat().st_size == size


def test_an_outcome_whose_reject_is_gone_is_taken_back(tmp_path: Path) -> None:
    """Where the rejects file lost its end, the rows that it had are tried again, and all that came after them."""
    filled(tmp_path / "journal").close()
    journal = Journal(tmp_path / "journal", 119)
    journal.close()

    assert set(journal.standing.doubts) == {1, 2, 3, 5, 9}
    assert sum(journal.standing.counts) == 0


def test_a_row_that_was_freed_was_never_tried(tmp_path: Path) -> None:
    """What turned out not to have been done is in no doubt, now or after a crash."""
    journal = Journal(tmp_path / "journal", 0)
    journal.trying(1, 5.0)
    journal.freed(1)
    journal.close()
    again = Journal(tmp_path / "journal", 0)
    again.close()

    assert journal.standing.doubts == again.standing.doubts == {}


def test_a_row_counts_once(tmp_path: Path) -> None:
    """An outcome that is told again changes nothing."""
    journal = Journal(tmp_path / "journal", 0)
    journal.outcome(1, Outcome.CREATED)
    journal.outcome(1, Outcome.FAILED, "X")
    journal.close()

    assert journal.standing.counts[Outcome.CREATED] == 1
    assert journal.standing.counts[Outcome.FAILED] == 0


def test_two_processes_do_not_share_one(tmp_path: Path) -> None:
    """Who opens a journal that somebody has open is refused, and may when that one has ended."""
    journal = Journal(tmp_path / "journal", 0)
    with pytest.raises(StorageError, match="another process"):
        Journal(tmp_path / "journal", 0)
    journal.close()
    Journal(tmp_path / "journal", 0).close()


def test_what_a_killed_process_left_is_read_without_the_room_behind_it(tmp_path: Path) -> None:
    """A journal that nobody closed ends with zeros, which are cut; it grows by as much as it has to."""
    journal = Journal(tmp_path / "journal", 0)
    for row in range(1, 60_001):
        journal.outcome(row, Outcome.CREATED)
    left = (tmp_path / "journal").read_bytes()
    journal.close()
    (tmp_path / "left").write_bytes(left)
    again = Journal(tmp_path / "left", 0)
    again.close()

    assert len(left) == 2 * 1024 * 1024
    assert again.standing.counts == journal.standing.counts
    assert (tmp_path / "left").read_bytes() == (tmp_path / "journal").read_bytes()


def test_another_file_is_left_alone(tmp_path: Path) -> None:
    """A file that is no journal is refused, and stays as it is."""
    path = tmp_path / "journal"
    path.write_bytes(b"username,email\n")
    with pytest.raises(StorageError, match="no journal"):
        Journal(path, 0)

    assert path.read_bytes() == b"username,email\n"


def test_a_disk_that_is_full_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What could not be written whole is taken back, and the caller is told."""
    journal = Journal(tmp_path / "journal", 0)
    write = os.pwrite
    with monkeypatch.context() as patched:
        patched.setattr(os, "pwrite", lambda file, data, at: write(file, data[:7], at))
        with pytest.raises(StorageError, match="full"):
            journal.outcome(1, Outcome.CREATED)
    journal.outcome(2, Outcome.CREATED)
    journal.close()
    again = Journal(tmp_path / "journal", 0)
    again.close()

    assert not again.standing.has(1)
    assert again.standing.has(2)


def test_a_million_rows_take_a_megabyte(tmp_path: Path) -> None:
    """The state of a row is one byte."""
    journal = Journal(tmp_path / "journal", 0)
    journal.outcome(1_000_000, Outcome.CREATED)
    journal.close()

    assert len(journal.standing.done) < 1_100_000
