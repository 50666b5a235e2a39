"""The witness file: what it remembers and what it makes of a database."""

from __future__ import annotations

from pathlib import Path

import pytest

from headway.log.witness import Witness, recall, torn


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the witness is."""
    return tmp_path / "events.witness"


def test_it_remembers_the_last_commit(path: Path) -> None:
    """What is stored is recalled without closing: that is what a killed process leaves."""
    witness = Witness(path, "life", 3, durable=True)
    witness.store(17)

    said = recall(path)
    witness.close()

    assert said is not None
    assert (said.sequence, said.relaxed, said.closed) == (17, False, False)
    assert torn(said, "life", 17) is None
    assert torn(said, "life", 18) is None


def test_a_database_behind_it_is_torn(path: Path) -> None:
    """It says how much is missing."""
    Witness(path, "life", 17, durable=True).close()

    assert torn(recall(path), "life", 15) == "the last 2 commits are missing"


def test_another_life_is_torn(path: Path) -> None:
    """Its number says nothing about this database."""
    Witness(path, "life", 1, durable=True).close()

    assert torn(recall(path), "other", 5) == "the witness file belongs to another life of the log"


@pytest.mark.parametrize("content", [b"", b"HWW1", b"x" * 36, b"x" * 100])
def test_a_damaged_one_cannot_tell(path: Path, content: bytes) -> None:
    """Neither can a missing one. Then the database counts as torn."""
    assert recall(path) is None
    path.write_bytes(content)

    assert recall(path) is None
    assert torn(recall(path), "life", 5) == "the witness file is missing or damaged"


def test_every_flipped_bit_is_noticed(path: Path) -> None:
    """The checksum covers the whole record."""
    Witness(path, "life", 17, durable=True).close()
    sound = path.read_bytes()

    for bit in range(len(sound) * 8):
        flipped = bytearray(sound)
        flipped[bit // 8] ^= 1 << bit % 8
        path.write_bytes(flipped)
        assert recall(path) is None


def test_a_relaxed_log_is_trusted_within_one_start_of_the_machine(path: Path) -> None:
    """Or if it was closed: only a power cut can take what was not synced."""
    witness = Witness(path, "life", 5, durable=False)
    within = recall(path)
    witness.close()
    closed = recall(path)
    assert within is not None
    assert closed is not None

    assert (within.relaxed, within.closed, closed.closed) == (True, False, True)
    assert torn(closed, "life", 5) is None
    assert torn(within, "life", 5) is None
    after_a_power_cut = type(within)(5, within.epoch, b"another0", relaxed=True, closed=False)
    assert torn(after_a_power_cut, "life", 5) == "the machine stopped while the log was not written through to the disk"
